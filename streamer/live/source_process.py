"""The child's side of a live source: its bytes in, its sound out, under limits.

Light to import, because the server imports it too; FFmpeg is loaded by the forkserver (`worker_preload.py`).
"""

import contextlib
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass

import msgspec

from hls.job import MediaRefused
from hls.live_source import AnySourceReport, SourceEnded, SourceMarked, SourceOpened, SourceTitled
from hls.report import Broken, Refused
from streamer.live import wire
from streamer.worker_process import Bounds, begin, confine, renew_cpu

_RECEIVE_BYTES = 1 << 16
_CPU_S = 10  # at a time: a second of any sound takes a hundredth of it
_CPU_RENEWED_S = 5.0
_FAREWELL = struct.pack("@ll", 2, 0)  # timeval: seconds, microseconds


@dataclass(frozen=True)
class SourceOrder:
    """One source: its container, if it is known, and how much memory it may take."""

    container: str
    memory_bytes: int


def main(channel: socket.socket, order: SourceOrder) -> None:
    """Decode what comes on `channel`, and report there; SourceEnded or Refused comes last."""
    begin(live=True)
    # A server that is gone needs no answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        outlet = _Outlet(channel)
        outlet.report(_decode(channel, order, outlet))
        drain(channel)


def _decode(channel: socket.socket, order: SourceOrder, outlet: "_Outlet") -> AnySourceReport:
    from hls.ffmpeg.live_decoder import decode

    confine(Bounds(order.memory_bytes, _CPU_S, max_duration_s=0, max_output_bytes=0), renewable=True)
    try:
        decode(_Inlet(channel, outlet), order.container, outlet)
    except MediaRefused as refusal:
        return Refused(str(refusal))
    except MemoryError:
        return Refused(f"it needs more than the {order.memory_bytes >> 20} MiB that a source may use")
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # whatever it is, it costs one source, and somebody has to hear of it
        return Broken(f"the decoder failed: {type(error).__name__}: {error}")
    return SourceEnded()


def drain(channel: socket.socket) -> None:
    """Wait until the server has heard the last word, for it takes a write that fails for the end of all."""
    channel.shutdown(socket.SHUT_WR)
    # Not settimeout, which needs poll(2), which a process that may open nothing is not allowed.
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _FAREWELL)
    with contextlib.suppress(BlockingIOError):
        while channel.recv(_RECEIVE_BYTES):
            pass


class _Outlet:
    """Implements `hls.ffmpeg.live_decoder.Sink`. Waits while the server takes nothing."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def opened(self, opened: SourceOpened) -> None:
        self.report(opened)

    def titled(self, titled: SourceTitled) -> None:
        self.report(titled)

    def sound(self, samples: bytes) -> None:
        for start in range(0, len(samples), wire.MAX_FRAME_BYTES):
            self._channel.sendall(wire.frame(wire.SOUND, samples[start : start + wire.MAX_FRAME_BYTES]))

    def report(self, report: AnySourceReport) -> None:
        self._channel.sendall(wire.frame(wire.REPORT, msgspec.msgpack.encode(report)))


class _Inlet:
    """The source's bytes, in a row. Implements `hls.ffmpeg.live_decoder.Bytes`."""

    def __init__(self, channel: socket.socket, outlet: _Outlet) -> None:
        self._channel = channel
        self._outlet = outlet
        self._frames = wire.Frames()
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._rest = b""
        self._ended = False
        self._renewed_at = time.monotonic()

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end."""
        self._live_on()
        while not self._rest and not self._ended:
            self._advance()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _advance(self) -> None:
        if not self._waiting:
            data = self._channel.recv(_RECEIVE_BYTES)
            if not data:
                raise BrokenPipeError
            self._waiting.extend(self._frames.feed(data))
            return
        kind, payload = self._waiting.popleft()
        if kind == wire.DATA:
            self._rest = payload
        elif kind == wire.MARK:
            self._outlet.report(SourceMarked(wire.number_of(payload)))
        elif kind == wire.END:
            self._ended = True

    def _live_on(self) -> None:
        """A show has no end; but who does not read for so many seconds of CPU time hangs."""
        now = time.monotonic()
        if now - self._renewed_at >= _CPU_RENEWED_S:
            self._renewed_at = now
            renew_cpu(_CPU_S)
