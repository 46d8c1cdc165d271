"""Writes the body of an answer to a transport, as fast as the peer reads and the disk delivers, in chunks."""

import asyncio
from collections.abc import Callable
from typing import Final

from streamer.answer import Piece
from streamer.files import CHUNK_BYTES, TruncatedFile
from streamer.ranges import Span
from streamer.supply import Supply

#: After this many chunks in one turn of the loop the others have theirs.
_CHUNKS_A_TURN: Final = 4


class Sender:
    """Sends one answer. Its memory is one chunk, however slowly the peer reads.

    Args:
        head: everything before the body; it leaves with the first chunk, so that a file that can't be read
            hasn't promised anything yet.
        supply: of the bytes that spans refer to, for this answer alone; None when all pieces are bytes.
        finished: called once, with None when everything was handed to the transport, else with what went
            wrong; never after `stop`, nor when `begin` has sent everything.
    """

    __slots__ = (
        "_finished",
        "_head",
        "_loop",
        "_offset",
        "_pieces",
        "_supply",
        "_transport",
        "_waits",
        "started",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        head: bytes,
        pieces: tuple[Piece, ...],
        supply: Supply | None,
        finished: Callable[[Exception | None], None],
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._head = head
        self._pieces = list(reversed(pieces))
        self._offset = 0  # into the current piece
        self._supply = supply
        self._finished: Callable[[Exception | None], None] | None = finished
        self._waits = False  # for bytes or a turn of the loop
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
                    if self._supply is not None:
                        self._supply.let_go()
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
        self._loop.call_soon(self._take_turn)
        return False

    def _take_turn(self) -> None:
        self._waits = False
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
        """Sends a chunk of the span; False when it has to be waited for instead."""
        assert self._supply is not None
        rest = Span(span.offset_bytes + self._offset, span.size_bytes - self._offset)
        count = self._supply.copy(self._transport, self._head, rest)
        if count:
            self._sent(span, count)
            return True
        self._waits = True
        self._supply.read(rest, self._receive_chunk)
        return False

    def _sent(self, span: Span, count: int) -> None:
        self._head = b""
        self.started = True
        self._offset += count
        if self._offset == span.size_bytes:
            self._pieces.pop()
            self._offset = 0

    def _receive_chunk(self, data: bytes | Exception) -> None:
        self._waits = False
        if isinstance(data, Exception):
            self._finish(data)
            return
        if data:
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
        supply, self._supply = self._supply, None
        if supply is not None:
            supply.release()
