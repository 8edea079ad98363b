import {defineConfig} from 'vite';

export default defineConfig({
  base: './',
  define: {'process.env.NODE_ENV': '"production"', 'process.env': {}},
  build: {target: 'es2022', chunkSizeWarningLimit: 20000, minify: false},
  logLevel: 'warn',
});
