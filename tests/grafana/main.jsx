// Draws a board of Banso with Grafana's own components, from a Prometheus.
// What a Grafana server would do is done here: variables, queries, legends and the grid.
import React from 'react';
import {createRoot} from 'react-dom/client';
import {
  FieldConfigOptionsRegistry, FieldType, ThemeContext, applyFieldOverrides, createTheme, dateTime,
  getFieldDisplayValues, standardFieldConfigEditorRegistry, toDataFrame,
} from '@grafana/data';
import {BarGauge, BigValue, TimeSeries} from '@grafana/ui';

const given = new URLSearchParams(location.search);
const PROMETHEUS = given.get('prometheus');
const END_S = Number(given.get('end'));
const START_S = END_S - 28 * 86400;
const STEP_S = 10800;
const CELL = {width: 50, height: 34};
const ZONE = 'Asia/Tokyo';
const theme = createTheme({colors: {mode: 'light'}});
window.errors = [];

const GENERAL = [
  'unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'color', 'links',
  'filterable',
];
const CUSTOM = {
  lineWidth: 1, fillOpacity: 0, drawStyle: 'line', showPoints: 'auto', spanNulls: false,
  axisPlacement: 'auto', lineInterpolation: 'linear', pointSize: 5, gradientMode: 'none',
  hideFrom: {viz: false, legend: false, tooltip: false}, scaleDistribution: {type: 'linear'},
  stacking: {mode: 'none', group: 'A'}, thresholdsStyle: {mode: 'off'},
};
const option = (id, more = {}) => ({
  id, path: id, name: id, description: '', editor: () => null, override: () => null,
  process: value => value, shouldApply: () => true, settings: {}, category: ['x'], ...more,
});
const options = () => [
  ...GENERAL.map(id => option(id)),
  ...Object.entries(CUSTOM).map(([id, defaultValue]) =>
    option(`custom.${id}`, {path: id, isCustom: true, defaultValue})),
];
standardFieldConfigEditorRegistry.setInit(options);
const registry = new FieldConfigOptionsRegistry(options);

const named = (legend, labels) => legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');

async function asked(target) {
  const query = target.expr.replace(/\$team/g, '.*');
  const how = target.instant
    ? `query?query=${encodeURIComponent(query)}&time=${END_S}`
    : `query_range?query=${encodeURIComponent(query)}&start=${START_S}&end=${END_S}&step=${STEP_S}`;
  const answer = await (await fetch(`${PROMETHEUS}/api/v1/${how}`)).json();
  if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`);
  return answer.data.result.map(series => {
    const values = series.values ?? [series.value];
    const name = named(target.legendFormat, series.metric);
    return toDataFrame({refId: target.refId, name, fields: [
      {name: 'Time', type: FieldType.time, values: values.map(one => one[0] * 1000)},
      {name: 'Value', type: FieldType.number, labels: series.metric,
        config: {displayNameFromDS: name}, values: values.map(one => Number(one[1]))},
    ]});
  });
}

function drawn(panel, frames, size) {
  const fieldConfig = panel.fieldConfig;
  const data = applyFieldOverrides({data: frames, fieldConfig, replaceVariables: text => text, theme,
    fieldConfigRegistry: registry, timeZone: ZONE});
  if (!frames.length) return <p className="empty">{fieldConfig.defaults.noValue}</p>;
  if (panel.type === 'timeseries') {
    const timeRange = {from: dateTime(START_S * 1000), to: dateTime(END_S * 1000),
      raw: {from: 'now-28d', to: 'now'}};
    const config = data.flatMap(frame => frame.fields.slice(1));
    for (const field of config) field.config.custom = {...CUSTOM, ...field.config.custom};
    return <TimeSeries frames={data} timeRange={timeRange} timeZone={ZONE} theme={theme} {...size}
      legend={panel.options.legend} tweakScale={one => one} tweakAxis={one => one}>{() => null}</TimeSeries>;
  }
  const values = getFieldDisplayValues({fieldConfig, reduceOptions: panel.options.reduceOptions,
    replaceVariables: text => text, theme, data, timeZone: ZONE});
  if (panel.type === 'stat') {
    const width = Math.floor(size.width / values.length);
    return <div className="row">{values.map((one, i) => <BigValue key={i} width={width} height={size.height}
      value={one.display} theme={theme} colorMode="value" graphMode="none" textMode="auto" />)}</div>;
  }
  const height = Math.min(34, Math.floor(size.height / values.length) - 4);
  return <>{values.map((one, i) => <BarGauge key={i} width={size.width} height={height} value={one.display}
    field={one.field} display={one.view?.getFieldDisplayProcessor(one.colIndex)} theme={theme}
    orientation="horizontal" displayMode="basic" />)}</>;
}

class Guarded extends React.Component {
  state = {};
  static getDerivedStateFromError(error) { return {error}; }
  componentDidCatch(error) { window.errors.push(String(error)); }
  render() { return this.state.error ? <p>{String(this.state.error)}</p> : this.props.children; }
}

const css = `body{margin:12px;background:#f4f5f5;font:14px "Noto Sans CJK JP",sans-serif;color:#24292e}
 #board{position:relative} section{position:absolute;box-sizing:border-box;background:#fff;padding:8px;
 border:1px solid #ddd;overflow:hidden} h3{margin:0 0 6px;font-size:14px;font-weight:500} h1{font-size:20px}
 .row{display:flex} .empty{text-align:center;margin-top:80px;color:#666}`;

(async () => {
  const board = await (await fetch(given.get('board'))).json();
  const found = await Promise.all(board.panels.map(async panel =>
    [panel, (await Promise.all(panel.targets.map(asked))).flat()]));
  const bottom = Math.max(...board.panels.map(({gridPos}) => gridPos.y + gridPos.h));
  createRoot(document.getElementById('app')).render(<ThemeContext.Provider value={theme}>
    <style>{css}</style><h1>{board.title}</h1>
    <div id="board" style={{width: 24 * CELL.width, height: bottom * CELL.height}}>
      {found.map(([panel, frames]) => {
        const {x, y, w, h} = panel.gridPos;
        const box = {left: x * CELL.width, top: y * CELL.height, width: w * CELL.width - 8, height: h * CELL.height - 8};
        const size = {width: box.width - 18, height: box.height - 44};
        return <section key={panel.id} style={box} data-panel={panel.title} data-series={frames.length}>
          <h3>{panel.title}</h3><Guarded>{drawn(panel, frames, size)}</Guarded></section>;
      })}
    </div></ThemeContext.Provider>);
  setTimeout(() => { window.done = true; }, 1500);
})().catch(error => { window.errors.push(String(error)); window.done = true; });
