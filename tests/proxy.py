"""A bad network between two programs: everything passes, until a test breaks it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any

_PIECE = 16 * 1024


class _Link:
    """One connection through the proxy."""

    def __init__(self, writers: tuple[asyncio.StreamWriter, ...]) -> None:
        self.writers = writers
        self.is_black = False

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Passes TCP on to a port of this machine from a port of its own, in a thread of its own."""

    def __init__(self, target: int = 0) -> None:
        self.target = target
        """May be changed at any time; 0 is nobody."""
        self.latency_s = 0.0
        """For each piece, in both directions."""
        self.connections = 0
        """How many there were by now."""
        self._links: set[_Link] = set()
        self._is_black = False
        self._cut_at: bytes | None = None
        self._cut_asking = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Ends every connection at once; new ones pass."""
        self._do(self._cut())

    def cut_at(self, words: bytes, *, asking: bool = False) -> None:
        """Cuts a connection, once, in the middle of an answer, or of what is asked: before these
        words of it."""
        self._cut_asking = asking
        self._cut_at = words

    @property
    def is_cut(self) -> bool:
        """Whether what `cut_at` asked for has happened."""
        return self._cut_at is None

    def go_black(self) -> None:
        """Swallows everything, and nobody is told; new connections hang, too."""
        self._do(self._go_black())

    def refuse(self) -> None:
        """As if nobody listened."""
        self._do(self._end())

    def heal(self) -> None:
        """New connections pass; those that went black stay so."""
        self._do(self._heal())

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self) -> None:
        for link in self._links:
            link.cut()

    async def _go_black(self) -> None:
        self._is_black = True
        for link in self._links:
            link.is_black = True

    async def _heal(self) -> None:
        self._is_black = False
        self._cut_at = None
        if self._server is None:
            await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self.target:
            writer.transport.abort()
            return
        try:
            there, thither = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link((writer, thither))
        link.is_black = self._is_black
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(reader, thither, link), self._pump(there, writer, link, is_answer=True)
            )
        except asyncio.CancelledError:
            link.cut()
        finally:
            self._links.discard(link)
            if link.is_black:
                link.cut()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        link: _Link,
        *,
        is_answer: bool = False,
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                if link.is_black:
                    continue
                is_meant = is_answer is not self._cut_asking
                if is_meant and self._cut_at is not None and self._cut_at in piece:
                    writer.write(piece.partition(self._cut_at)[0])
                    await writer.drain()
                    self._cut_at = None
                    link.cut()
                    return
                writer.write(piece)
                await writer.drain()
        if not link.is_black:
            writer.close()

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
