"""The server's side of a show's encoder: samples go to a worker process, parts come back on its clock."""

from typing import Protocol

import msgspec

from hls.live import AnyLiveReport, Ended
from hls.report import Broken
from streamer.live import encoder_process, wire
from streamer.live.encoder_process import EncoderOrder
from streamer.live.pipe import Pipe
from streamer.worker import WorkerPool

_HIGH_BYTES = 64 << 10  # 170 ms of samples; the process holds three seconds itself
_DATA_BYTES = 1 << 18

_decoder: msgspec.msgpack.Decoder[AnyLiveReport | Broken] = msgspec.msgpack.Decoder(AnyLiveReport | Broken)


class EncoderEars(Protocol):
    """Who listens to an encoder. Called on the event loop, in order; never waits."""

    def reported(self, report: AnyLiveReport) -> None:
        """`Begun` comes first, and `Ended` last, unless the process dies."""
        ...

    def may_write(self) -> None:
        """There is room again, after `full`."""
        ...


class EncoderWorker:
    """The encoders of one show, in one process. For one event loop; only `run` waits.

    How to use it::

        encoder = EncoderWorker(pool, ears, EncoderOrder(renditions=("aac128", "aac64", "mp3")))
        task = group.create_task(encoder.run())          # starts the process; ends with why it ended
        encoder.write(samples)                           # what SourceEars.sound was given, as it is
        if encoder.full: source.pause()                  # until `ears.may_write()`, then source.resume()
        encoder.mark(7)                                  # Marked(7, at_ticks): where the next sound is heard
        encoder.switched()                               # before the first sound of another source
        encoder.lost()                                   # no source any more: silence, without waiting
        encoder.finish()                                 # what waits is encoded at once; then Ended
        encoder.kill()                                   # now

    `Begun` comes as soon as the process is up. Tick 0 is the first sound that was written; from then on parts
    come every 320 ms, whether anything is written or not, until `finish`. After a death, a new EncoderWorker
    goes on: with `first_part` the number of the next part, and `first_ticks` what all the parts before it
    present, their init segments and files stay good.
    """

    def __init__(self, pool: WorkerPool, ears: EncoderEars, order: EncoderOrder) -> None:
        """Prepare; `pool` starts processes, and `ears` is told of everything."""
        self._ears = ears
        self._order = order
        self._ended = False
        self._pipe = Pipe(pool, high_bytes=_HIGH_BYTES, receive=self._receive, may_write=ears.may_write)

    @property
    def full(self) -> bool:
        """More sound waits than should: its source is faster than time."""
        return self._pipe.full

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._pipe.pid

    async def run(self) -> Broken | None:
        """Start the process, and return when it has ended; never raises. Cancelling it ends the process.

        Returns:
            None behind `Ended`; Broken if the process died, was killed, or could not be started.
        """
        words = await self._pipe.run(encoder_process.main, self._order)
        return None if self._ended else Broken(words)

    def write(self, samples: bytes) -> None:
        """More sound: 48 kHz, stereo, 32-bit float, interleaved."""
        for start in range(0, len(samples), _DATA_BYTES):
            self._pipe.write(wire.frame(wire.DATA, samples[start : start + _DATA_BYTES]))

    def mark(self, mark: int) -> None:
        """Ask where the sound that comes next is heard; 0 to 2**32 - 1."""
        self._pipe.write(wire.marked(mark))

    def switched(self) -> None:
        """What comes next is another source: its clock, and how steadily it comes, are measured anew."""
        self._pipe.write(wire.frame(wire.SWITCHED))

    def lost(self) -> None:
        """There is no source. What waits is heard, then silence; nobody waits for more."""
        self._pipe.write(wire.frame(wire.LOST))

    def finish(self) -> None:
        """The show is over. What waits is encoded now."""
        self._pipe.write(wire.frame(wire.END))

    def kill(self) -> None:
        """End it now."""
        self._pipe.kill()

    def _receive(self, kind: bytes, payload: bytes) -> None:
        if kind != wire.REPORT:
            raise wire.FrameInvalid(f"{kind!r} is not a kind of frame that comes from an encoder")
        report = _decoder.decode(payload)
        if isinstance(report, Broken):
            self._pipe.kill(report.reason)
            return
        self._ears.reported(report)
        if isinstance(report, Ended):
            self._ended = True
            self._pipe.close()
