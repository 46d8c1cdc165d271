"""The child's side of a show's encoder: it has the part clock, and keeps it whatever comes or does not come.

Light to import, because the server imports it too; FFmpeg is loaded by the forkserver (`worker_preload.py`).
"""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from hls import live_ladder
from hls.live import AnyLiveReport
from hls.report import Broken
from streamer.live import wire
from streamer.live.source_process import drain
from streamer.worker_process import Bounds, begin, confine, renew_cpu

if TYPE_CHECKING:
    from hls.ffmpeg.live_show import LiveShow  # FFmpeg is not loaded in the server

_RECEIVE_BYTES = 1 << 17
_MEMORY_BYTES = 256 << 20
_CPU_S = 10  # at a time; see source_process
_CPU_RENEWED_S = 5.0
_WAIT_S = 1.0


@dataclass(frozen=True)
class EncoderOrder:
    """What a show's encoder is to do.

    Attributes:
        renditions: names of hls.live_ladder.NAMES.
        first_part: number of the first part, where a show goes on.
        first_ticks: what the parts before present, in ticks: `first_part * GRID.part_ticks`, unless one of
            them was short. Decode times go on behind it.
        hold_ms: sound that is held, at most, to begin with, and after a gap; see hls.bridge for the rest.
    """

    renditions: tuple[str, ...] = live_ladder.DEFAULT
    first_part: int = 0
    first_ticks: int = 0
    hold_ms: int = 40


def main(channel: socket.socket, order: EncoderOrder) -> None:
    """Encode what comes on `channel`, and report there; Ended comes last."""
    begin(live=True)

    def report(message: AnyLiveReport | Broken) -> None:
        channel.sendall(wire.frame(wire.REPORT, msgspec.msgpack.encode(message)))

    # A server that is gone needs no answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            _work(channel, order, report)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # whatever it is, somebody has to hear of it
            report(Broken(f"the encoder failed: {type(error).__name__}: {error}"))
        drain(channel)


def _work(
    channel: socket.socket, order: EncoderOrder, report: Callable[[AnyLiveReport | Broken], None]
) -> None:
    from hls.ffmpeg.live_show import LiveShow

    confine(Bounds(_MEMORY_BYTES, _CPU_S, max_duration_s=0, max_output_bytes=0), renewable=True)
    show = LiveShow(
        order.renditions,
        report,
        first_part=order.first_part,
        first_ticks=order.first_ticks,
        hold_ms=order.hold_ms,
    )
    _serve(channel, show)


def _serve(channel: socket.socket, show: "LiveShow") -> None:
    """Feed the show and its clock, until its end: first what has come, then a tick that is due."""
    frames = wire.Frames()
    renewed_at = 0.0
    while not show.ended:
        now = time.monotonic()
        if now - renewed_at >= _CPU_RENEWED_S:
            renewed_at = now
            renew_cpu(_CPU_S)
        wait_s = min(_WAIT_S, max(0.0, show.due(now) - now))
        # Not poll(2), which a process that may open nothing is not allowed.
        if select.select(() if show.full else (channel,), (), (), wait_s)[0]:
            data = channel.recv(_RECEIVE_BYTES)
            if not data:
                raise BrokenPipeError
            now = time.monotonic()
            for kind, payload in frames.feed(data):
                _take(show, kind, payload, now)
        else:
            show.tick(time.monotonic)


def _take(show: "LiveShow", kind: bytes, payload: bytes, now: float) -> None:
    if kind == wire.DATA:
        show.sound(payload, now)
    elif kind == wire.MARK:
        show.mark(wire.number_of(payload))
    elif kind == wire.SWITCHED:
        show.switched()
    elif kind == wire.LOST:
        show.lost()
    elif kind == wire.END:
        show.finish()
