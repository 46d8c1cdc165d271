"""Where the bytes of one answer come from: a local file, or the blocks of a stored object."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from streamer.files import CHUNK_BYTES, OpenFile
from streamer.ranges import Span
from streamer.resource import FileBody, StoredBody
from streamer.store import StoreError
from streamer.store_blocks import BLOCK_BYTES, BlockId

if TYPE_CHECKING:
    from streamer.pump import Pump
    from streamer.store_cache import StoreCache, Wanted

#: Gets bytes, or what went wrong; no bytes means that `copy` may have some now.
Receive = Callable[[bytes | Exception], None]
_Reading = asyncio.Future[tuple[int, bytes | Exception]]


class Supply(Protocol):
    """Bytes of one body, for one `Sender`: `copy` first, and `read` when that had none."""

    def copy(self, transport: asyncio.Transport, head: bytes, rest: Span) -> int:
        """Writes `head` and the first bytes of `rest` if that needs no wait. Returns and raises as
        `Pump.copy`."""
        ...

    def read(self, rest: Span, receive: Receive) -> None:
        """Gets the first bytes of `rest`, however long it takes. `receive` is called once, later."""
        ...

    def let_go(self) -> None:
        """The peer is slow: what others may need is given back, until the next `copy`."""
        ...

    def release(self) -> None:
        """Nothing more is wanted, and `receive` is not called any more."""
        ...


class FileSupply:
    """A file, open from the first byte to the last: it may be deleted meanwhile."""

    __slots__ = ("_file", "_path", "_pump", "_reading", "_receive")

    def __init__(self, pump: "Pump", body: FileBody) -> None:
        self._pump = pump
        self._path = body.path
        self._file: OpenFile | None = None
        self._reading = False
        self._receive: Receive | None = None

    def copy(self, transport: asyncio.Transport, head: bytes, rest: Span) -> int:
        if self._file is None:
            self._file = self._pump.files.acquire(self._path)
            if self._file is None:
                return 0
        return self._pump.copy(transport, head, self._file, rest)

    def read(self, rest: Span, receive: Receive) -> None:
        self._reading, self._receive = True, receive
        fd = None if self._file is None else self._file.fd
        size = min(CHUNK_BYTES, rest.size_bytes)
        reading = self._pump.read_in_thread(self._path, fd, rest.offset_bytes, size)
        reading.add_done_callback(self._receive_read)

    def let_go(self) -> None:
        pass

    def release(self) -> None:
        self._receive = None
        if self._file is not None and not self._reading:  # else the thread still reads from it
            self._pump.files.release(self._file)
            self._file = None

    def _receive_read(self, reading: _Reading) -> None:
        self._reading = False
        data: bytes | Exception
        if reading.cancelled():  # the front door is closed
            data = OSError("reading was cancelled")
        elif (error := reading.exception()) is not None:
            data = error if isinstance(error, Exception) else OSError(str(error))
        else:
            fd, data = reading.result()
            if self._file is None:
                self._file = self._pump.files.adopt(self._path, fd)
        receive, self._receive = self._receive, None
        if receive is None:
            self.release()
        else:
            receive(data)


class StoredSupply:
    """A stored object, block by block, the next one on its way while one is being sent."""

    __slots__ = ("_ahead", "_body", "_cache", "_file", "_number", "_pump", "_reading", "_receive", "_wanted")

    def __init__(self, pump: "Pump", cache: "StoreCache", body: StoredBody) -> None:
        self._pump = pump
        self._cache = cache
        self._body = body
        self._number = -1  # of the block that is being sent
        self._file: OpenFile | None = None
        self._reading = False
        self._receive: Receive | None = None
        self._wanted: Wanted | None = None
        self._ahead: Wanted | None = None

    def copy(self, transport: asyncio.Transport, head: bytes, rest: Span) -> int:
        number, offset = divmod(rest.offset_bytes, BLOCK_BYTES)
        if number != self._number:
            self._turn_to(number, rest)
        if self._file is None:
            self._file = self._cache.blocks.acquire(BlockId(self._body.key, number))
            if self._file is None:
                return 0
        size = min(BLOCK_BYTES - offset, rest.size_bytes)
        return self._pump.copy(transport, head, self._file, Span(offset, size))

    def read(self, rest: Span, receive: Receive) -> None:
        self._receive = receive
        number, offset = divmod(rest.offset_bytes, BLOCK_BYTES)
        if self._file is None:
            self._wanted = self._cache.want(self._body, number, self._receive_file)
            return
        self._reading = True
        size = min(CHUNK_BYTES, BLOCK_BYTES - offset, rest.size_bytes)
        reading = self._pump.read_in_thread(self._file.path, self._file.fd, offset, size)
        reading.add_done_callback(self._receive_read)

    def let_go(self) -> None:
        if self._file is not None and not self._reading:
            self._cache.blocks.files.release(self._file)
            self._file = None

    def release(self) -> None:
        self._receive = None
        for wanted in (self._wanted, self._ahead):
            if wanted is not None:
                wanted.cancel()
        self._wanted = self._ahead = None
        self.let_go()

    def _turn_to(self, number: int, rest: Span) -> None:
        """Begins with a block, and has the next one fetched if that will be needed too."""
        self.let_go()
        self._number = number
        self._cache.count(BlockId(self._body.key, number))
        more = rest.offset_bytes + rest.size_bytes > (number + 1) * BLOCK_BYTES
        if more and self._ahead is None and BlockId(self._body.key, number + 1) not in self._cache.blocks:
            self._ahead = self._cache.want(self._body, number + 1, self._receive_ahead)

    def _receive_ahead(self, outcome: OpenFile | StoreError) -> None:
        self._ahead = None
        if isinstance(outcome, OpenFile):
            self._cache.blocks.files.release(outcome)

    def _receive_file(self, outcome: OpenFile | StoreError) -> None:
        self._wanted = None
        receive, self._receive = self._receive, None
        assert receive is not None
        if isinstance(outcome, OpenFile):
            self._file = outcome
            receive(b"")
        else:
            receive(outcome)

    def _receive_read(self, reading: _Reading) -> None:
        self._reading = False
        data: bytes | Exception
        if reading.cancelled():
            data = OSError("reading was cancelled")
        elif (error := reading.exception()) is not None:
            data = error if isinstance(error, Exception) else OSError(str(error))
        else:
            _, data = reading.result()
        receive, self._receive = self._receive, None
        if receive is None:
            self.let_go()
        else:
            receive(data)
