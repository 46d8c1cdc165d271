"""Writes the body of an answer to a transport, as fast as the peer reads and the disk delivers, in chunks."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamer.answer import Piece
from streamer.files import CHUNK_BYTES, OpenFile, TruncatedFile
from streamer.pump import Pump, open_and_read
from streamer.ranges import Span

#: After this many chunks in one turn of the loop the others have theirs.
_CHUNKS_A_TURN: Final = 4


class Sender:
    """Sends one answer. Its memory is one chunk, however slowly the peer reads.

    Args:
        head: everything before the body; it leaves with the first chunk, so that a file that can't be read
            hasn't promised anything yet.
        path: the file that spans refer to; None when all pieces are bytes.
        finished: called once, with None when everything was handed to the transport, else with what went
            wrong; never after `stop`, nor when `begin` has sent everything.
    """

    __slots__ = (
        "_file",
        "_finished",
        "_head",
        "_offset",
        "_path",
        "_pieces",
        "_pump",
        "_transport",
        "_waits",
        "started",
    )

    def __init__(
        self,
        pump: Pump,
        transport: asyncio.Transport,
        head: bytes,
        pieces: tuple[Piece, ...],
        path: Path | None,
        finished: Callable[[Exception | None], None],
    ) -> None:
        self._pump = pump
        self._transport = transport
        self._head = head
        self._pieces = list(reversed(pieces))
        self._offset = 0  # into the current piece
        self._path = path
        self._file: OpenFile | None = None
        self._finished: Callable[[Exception | None], None] | None = finished
        self._waits = False  # for a thread or a turn of the loop
        #: Something was written: there is no other answer any more.
        self.started = False

    def skip(self, size_bytes: int) -> None:
        """The head and the first bytes of the first piece, fewer than it has, were sent before."""
        self._head, self._offset, self.started = b"", size_bytes, True

    def begin(self) -> bool:
        """Writes until the transport is full. True when that was all, and `finished` won't be called."""
        if not self._run():
            return False
        self._finished = None
        self._release()
        return True

    def resume(self) -> None:
        """The transport is empty again: writes until it is full."""
        if not self._waits and self._finished is not None and self._run():
            self._finish(None)

    def stop(self) -> None:
        """The connection is gone. Idempotent."""
        self._finished = None
        self._pieces.clear()
        if not self._waits:
            self._release()

    def _run(self) -> bool:
        """True when everything was handed to the transport; failures are reported."""
        try:
            for _ in range(_CHUNKS_A_TURN):
                if not self._pieces:
                    if self._head:
                        self._write(b"")
                    return True
                if self._transport.get_write_buffer_size():
                    return False  # resume() is called when the peer has read it
                piece = self._pieces[-1]
                if isinstance(piece, bytes):
                    self._pieces.pop()
                    self._write(piece)
                elif not self._send_span(piece):
                    return False
        except (TruncatedFile, OSError) as error:
            self._finish(error)
            return False
        if not self._pieces:
            return True
        self._waits = True
        self._pump.loop.call_soon(self._take_turn)
        return False

    def _take_turn(self) -> None:
        self._waits = False
        if self._finished is None:
            self._release()
        else:
            self.resume()

    def _write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.started = True
        if head and len(data) < CHUNK_BYTES:
            self._transport.write(head + data)
            return
        if head:
            self._transport.write(head)
        if data:
            self._transport.write(data)

    def _send_span(self, span: Span) -> bool:
        """Sends a chunk of the span; False when a thread has been asked for it instead."""
        assert self._path is not None
        if self._file is None:
            self._file = self._pump.files.acquire(self._path)
        rest = Span(span.offset_bytes + self._offset, span.size_bytes - self._offset)
        if self._file is not None:
            count = self._pump.copy(self._transport, self._head, self._file, rest)
            if count:
                self._sent(span, count)
                return True
        self._waits = True
        size = min(CHUNK_BYTES, rest.size_bytes)
        fd = None if self._file is None else self._file.fd
        reading = self._pump.loop.run_in_executor(
            self._pump.threads, open_and_read, self._path, fd, rest.offset_bytes, size
        )
        reading.add_done_callback(self._receive_chunk)
        return False

    def _sent(self, span: Span, count: int) -> None:
        self._head = b""
        self.started = True
        self._offset += count
        if self._offset == span.size_bytes:
            self._pieces.pop()
            self._offset = 0

    def _receive_chunk(self, reading: "asyncio.Future[tuple[int, bytes | Exception]]") -> None:
        self._waits = False
        if reading.cancelled():  # the front door is closed
            self._finish(OSError("reading was cancelled"))
            return
        error = reading.exception()
        if error is not None:
            self._finish(error if isinstance(error, Exception) else OSError(str(error)))
            return
        fd, data = reading.result()
        if self._file is None:
            assert self._path is not None
            self._file = self._pump.files.adopt(self._path, fd)
        if self._finished is None:
            self._release()
        elif isinstance(data, Exception):
            self._finish(data)
        else:
            span = self._pieces[-1]
            assert isinstance(span, Span)
            self._write(data)
            self._sent(span, len(data))
            self.resume()

    def _finish(self, error: Exception | None) -> None:
        finished, self._finished = self._finished, None
        self._release()
        if finished is not None:
            finished(error)

    def _release(self) -> None:
        if self._file is not None:
            self._pump.files.release(self._file)
            self._file = None
