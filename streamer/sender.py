"""Writes the body of an answer to a transport, as fast as the peer reads and the disk delivers, one chunk at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from streamer.answer import Piece
from streamer.files import CHUNK_BYTES, FileCache, OpenFile, TruncatedFile, open_from_thread, read_from_thread
from streamer.ranges import Span

#: Room before a chunk for the response head, so that both leave in one write.
_HEAD_ROOM_BYTES: Final = 4_096
#: After this many chunks in one turn of the loop the others have theirs.
_CHUNKS_A_TURN: Final = 8


class Pump:
    """What all senders of a front door share: open files, a thread pool to read in, and one buffer to read into.

    uvloop writes to the socket in `write` itself. So one hot buffer serves every connection, and only a transport that
    could not write it all keeps it, and is the reason for a new one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, files: FileCache, threads: Executor) -> None:
        self.loop = loop
        self.files = files
        self.threads = threads
        self.buffer = memoryview(bytearray(_HEAD_ROOM_BYTES + CHUNK_BYTES))

    def renew_buffer(self) -> None:
        """The transport holds on to the buffer: it needs another."""
        self.buffer = memoryview(bytearray(_HEAD_ROOM_BYTES + CHUNK_BYTES))

    def send_at_once(self, transport: asyncio.WriteTransport, head: bytes, file: OpenFile, span: Span) -> int:
        """Writes `head` and the first bytes of a span in one go, if the page cache has them.

        Returns: bytes of the span written, up to a chunk; 0 when nothing was, not even the head.

        Raises:
            TruncatedFile, OSError: nothing was written.
        """
        start = len(head)
        if start > _HEAD_ROOM_BYTES:
            return 0
        buffer = self.buffer
        size = span.size_bytes
        end = start + (size if size < CHUNK_BYTES else CHUNK_BYTES)
        count = file.read_at_once(buffer[start:end], span.offset_bytes)
        if count:
            buffer[:start] = head
            transport.write(buffer[: start + count])
            if transport.get_write_buffer_size():
                self.renew_buffer()
        return count


class Sender:
    """Sends one answer. Its memory is one chunk, however slowly the peer reads.

    Args:
        head: everything before the body; it leaves with the first chunk, so that a file that can't be read
            hasn't promised anything yet.
        path: the file that spans refer to; None when all pieces are bytes.
        finished: called once, with None when everything was handed to the transport, else with what went wrong;
            never after `stop`.
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
        transport: asyncio.WriteTransport,
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

    def resume(self, offset_bytes: int = 0) -> None:
        """Goes on writing until the transport is full, and starts with this.

        Args:
            offset_bytes: of the first piece, and with it the head, that has been sent already.
        """
        if offset_bytes:
            self._head, self._offset, self.started = b"", offset_bytes, True
        if self._waits or self._finished is None:
            return
        try:
            self._run()
        except (TruncatedFile, OSError) as error:
            self._finish(error)

    def stop(self) -> None:
        """The connection is gone. Idempotent."""
        self._finished = None
        self._pieces.clear()
        if not self._waits:
            self._release()

    def _run(self) -> None:
        for _ in range(_CHUNKS_A_TURN):
            if self._transport.get_write_buffer_size():
                return  # resume() is called when the peer has read it
            if not self._pieces:
                self._write(b"")
                self._finish(None)
                return
            piece = self._pieces[-1]
            if isinstance(piece, bytes):
                self._pieces.pop()
                self._write(piece)
            elif not self._send_span(piece):
                return
        self._waits = True
        self._pump.loop.call_soon(self._turn_came)

    def _turn_came(self) -> None:
        self._waits = False
        if self._finished is None:
            self._release()
        else:
            self.resume()

    def _write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head + data if len(data) < CHUNK_BYTES else head)
            if len(data) < CHUNK_BYTES:
                data = b""
        if data:
            self._transport.write(data)
        self.started = True

    def _send_span(self, span: Span) -> bool:
        """Sends a chunk of the span; False when a thread has been asked for it instead."""
        assert self._path is not None
        if self._file is None:
            self._file = self._pump.files.acquire(self._path)
        rest = Span(span.offset_bytes + self._offset, span.size_bytes - self._offset)
        if self._file is not None:
            count = self._pump.send_at_once(self._transport, self._head, self._file, rest)
            if count:
                self._sent(span, count)
                return True
        self._waits = True
        size = min(CHUNK_BYTES, rest.size_bytes)
        reading = self._pump.loop.run_in_executor(
            self._pump.threads, _open_and_read, self._path, self._file, rest.offset_bytes, size
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
        if reading.cancelled():  # the pool was shut down under us
            self._finish(OSError("reading was cancelled"))
            return
        error = reading.exception()
        if error is not None:
            assert isinstance(error, Exception)
            self._finish(error)
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


def _open_and_read(
    path: Path, file: OpenFile | None, offset_bytes: int, size_bytes: int
) -> tuple[int, bytes | Exception]:
    """In a thread: the descriptor (of the file, or newly opened), and the bytes or what reading them raised."""
    fd = open_from_thread(path) if file is None else file.fd
    try:
        return fd, read_from_thread(fd, offset_bytes, size_bytes)
    except (TruncatedFile, OSError) as error:
        return fd, error
