"""The server's side of a live source: bytes in a container go to a worker process, sound comes back.

A source is a stranger's: it is demuxed and decoded in a process of its own, under limits. Whatever it does
there costs its sound, and nothing else.
"""

from typing import Protocol

import msgspec

from hls.live_source import AnySourceReport, SourceEnded, SourceMarked, SourceOpened, SourceTitled
from hls.report import Broken, Refused
from streamer.live import source_process, wire
from streamer.live.pipe import Pipe
from streamer.live.source_process import SourceOrder
from streamer.worker import WorkerPool

SAMPLE_BYTES = 8
"""Of one moment: 32-bit float, little-endian, left and right."""

_HIGH_BYTES = 64 << 10  # 4 s of an MP3 of 128 kbit/s, a third of one of WAV
_DATA_BYTES = 32 << 10  # in one frame

_decoder: msgspec.msgpack.Decoder[AnySourceReport] = msgspec.msgpack.Decoder(AnySourceReport)


class SourceEars(Protocol):
    """Who listens to a source. Called on the event loop, in order; never waits."""

    def opened(self, opened: SourceOpened) -> None:
        """Its format is known, or is another from here on."""
        ...

    def sound(self, samples: bytes) -> None:
        """The next samples: 48 kHz, stereo, 32-bit float, interleaved. To be passed on as they are."""
        ...

    def titled(self, titled: SourceTitled) -> None:
        """Its own tags say what plays from the sound on that comes next."""
        ...

    def marked(self, mark: int) -> None:
        """What comes next lies behind a mark: call `EncoderWorker.mark` now."""
        ...

    def may_write(self) -> None:
        """There is room again, after `full`."""
        ...


class SourceWorker:
    """One source and its worker. For one event loop; only `run` waits.

    How to use it::

        source = SourceWorker(pool, ears)                # `ears` hears of everything, see SourceEars
        task = group.create_task(source.run())           # starts the process; ends with why it ended
        source.write(data)                               # at once, even before the process is up
        if source.full: ...                              # read no further until `ears.may_write()`
        source.mark(7)                                   # comes back as `ears.marked(7)` between the sounds
        source.pause(); source.resume()                  # while `EncoderWorker.full`: the worker waits, then
                                                         # `full` follows by itself: no sound is lost
        source.finish()                                  # no more bytes; `run` returns SourceEnded
        source.kill()                                    # now

    A source that waits as a fallback is not paused, or its sound would be old when it is wanted: its `sound`
    is thrown away.
    """

    def __init__(self, pool: WorkerPool, ears: SourceEars, *, container: str = "") -> None:
        """Prepare.

        Args:
            pool: that starts processes; its queue is for uploads, and not stood in.
            ears: told of everything.
            container: `Offer.container`, or the empty string to find out from the first bytes.
        """
        self._ears = ears
        self._order = SourceOrder(container, pool.limits.memory_bytes)
        self._last: SourceEnded | Refused | Broken | None = None
        self._pipe = Pipe(pool, high_bytes=_HIGH_BYTES, receive=self._receive, may_write=ears.may_write)

    @property
    def full(self) -> bool:
        """More bytes wait than should."""
        return self._pipe.full

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._pipe.pid

    async def run(self) -> SourceEnded | Refused | Broken:
        """Start the process, and return why it has ended; never raises. Cancelling it ends the process.

        Returns:
            SourceEnded if all of its sound was heard; Refused if it can't be decoded, which is its fault;
            Broken if the process died, or could not be started.
        """
        words = await self._pipe.run(source_process.main, self._order)
        return self._last or Broken(words)

    def write(self, data: bytes) -> None:
        """More of the source."""
        for start in range(0, len(data), _DATA_BYTES):
            self._pipe.write(wire.frame(wire.DATA, data[start : start + _DATA_BYTES]))

    def mark(self, mark: int) -> None:
        """Ask to be told where the bytes that come next are heard; 0 to 2**32 - 1."""
        self._pipe.write(wire.marked(mark))

    def pause(self) -> None:
        """Let it wait: its sound can't be taken."""
        self._pipe.pause()

    def resume(self) -> None:
        """Its sound can be taken again."""
        self._pipe.resume()

    def finish(self) -> None:
        """Nothing more comes. What is in it is still heard."""
        self._pipe.write(wire.frame(wire.END))

    def kill(self) -> None:
        """End it now."""
        self._pipe.kill()

    def _receive(self, kind: bytes, payload: bytes) -> None:
        if kind == wire.SOUND:
            if len(payload) % SAMPLE_BYTES:
                raise wire.FrameInvalid(f"{len(payload)} bytes are no whole number of samples")
            self._ears.sound(payload)
            return
        report = _decoder.decode(payload)
        match report:
            case SourceOpened():
                self._ears.opened(report)
            case SourceTitled():
                self._ears.titled(report)
            case SourceMarked(mark):
                self._ears.marked(mark)
            case SourceEnded() | Refused() | Broken():
                self._last = report
                self._pipe.close()
