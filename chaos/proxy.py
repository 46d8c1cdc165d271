"""A line between clients and a node that can be cut, held up and slowed down."""

import asyncio
import contextlib
import random


class Proxy:
    """Listens on a port of its own and passes everything on, as long as it is let.

    Attributes:
        port: where clients connect.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._lines: dict[asyncio.Task[None], None] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        self.cut(1.0, random.Random())
        await asyncio.gather(*self._lines, return_exceptions=True)

    def cut(self, share: float, chance: random.Random) -> None:
        """Break some of the lines, 0 to 1 of them."""
        for line in list(self._lines):
            if chance.random() < share:
                line.cancel()

    def hold(self) -> None:
        """Nothing passes, either way, until `go_on`."""
        self._open.clear()

    def slow(self, delay_s: float) -> None:
        """Every piece of data takes so much longer, until `go_on`."""
        self._delay_s = delay_s

    def go_on(self) -> None:
        self._open.set()
        self._delay_s = 0.0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines[line] = None
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            del self._lines[line]
            return
        ways = [asyncio.create_task(way) for way in (self._pass(reader, back), self._pass(there, writer))]
        try:
            await asyncio.wait(ways)
        except asyncio.CancelledError:
            pass  # cut
        finally:
            del self._lines[line]
            for way in ways:
                way.cancel()
            for end in (writer, back):
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                await asyncio.sleep(self._delay_s)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
