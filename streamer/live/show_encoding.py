"""A show's encoder, and the next one when it dies: from where each goes on, and when its tick 0 was."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hls.live import (
    CHUNK_TICKS,
    GRID,
    LIVE_CHANNELS,
    AnyLiveReport,
    Begun,
    ChunkCut,
    ClockBegun,
    Ended,
    LiveRendition,
    Marked,
    Metered,
    OnAir,
    PartCut,
)
from hls.report import LoudnessMeasured, PeaksCut
from streamer.live.workers import Encoder, Workers

_SILENCE = bytes(CHUNK_TICKS * LIVE_CHANNELS * 4)
_DEAF_S = 10.0
"""An encoder that has begun gives a part every 320 ms; one that says nothing for so long is stuck."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a show had given before this process.

    Attributes:
        began_at_us: media time.
        segments: that it has given, the last of them maybe cut short.
        ticks: that all its parts present.
        titles: how many there were.
        after: id of the show of another node that it goes on with; empty for one of this node.
    """

    began_at_us: int
    segments: int
    ticks: int
    titles: int = 0
    after: str = ""


class Giver(Protocol):
    """The show, as its encoding sees it."""

    @property
    def id(self) -> str: ...

    @property
    def room(self) -> str: ...

    def given(self, on_air: OnAir, report: ChunkCut | PartCut | Metered | Marked) -> None: ...

    def measured(self, report: PeaksCut | LoudnessMeasured) -> None: ...

    def encoder_left(self, *, lost: bool) -> None: ...

    def may_write(self) -> None: ...


class Clocks(Protocol):
    """`clock`: seconds of CLOCK_MONOTONIC, as an encoder's. `now_us`: microseconds since the Unix epoch."""

    @property
    def clock(self) -> Callable[[], float]: ...

    @property
    def now_us(self) -> Callable[[], int]: ...

    @property
    def renditions(self) -> tuple[str, ...]: ...


class _Ears:
    """Hears one encoder, as long as it is the show's."""

    def __init__(self, encoding: "ShowEncoding") -> None:
        self.encoder: Encoder | None = None
        self._encoding = encoding

    def reported(self, report: AnyLiveReport) -> None:
        if self._encoding.encoder is self.encoder:
            self._encoding.receive(report)

    def may_write(self) -> None:
        if self._encoding.encoder is self.encoder:
            self._encoding.show.may_write()


class ShowEncoding:
    """The encoder of a show, which may be several, one after the other.

    Attributes:
        count: of encoders so far.
    """

    def __init__(
        self, show: Giver, workers: Workers, tasks: asyncio.TaskGroup, house: Clocks, past: Past | None
    ) -> None:
        self.count = 0
        self.show = show
        self._workers = workers
        self._tasks = tasks
        self._house = house
        self._began_at_us = None if past is None else past.began_at_us
        self._segments = 0 if past is None else past.segments
        self._ticks = 0 if past is None else past.ticks
        self._encoder: Encoder | None = None
        self._renditions: tuple[LiveRendition, ...] = ()
        self._starts_at_us: int | None = None  # of this encoder's tick 0
        self._on_air: OnAir | None = None
        self._next_segment = self._segments
        self._given_ticks = 0
        self._reported_at = 0.0
        self._start()

    @property
    def full(self) -> bool:
        """More sound waits than should."""
        return self._encoder is not None and self._encoder.full

    @property
    def encoder(self) -> Encoder | None:
        """The one that runs."""
        return self._encoder

    def write(self, pcm: bytes) -> None:
        """Sound of whoever is heard. The first starts the clock."""
        if self._encoder is None:
            return
        if self._starts_at_us is None:
            self._starts_at_us = self._house.now_us()
            self._reported_at = self._house.clock()
            if self._began_at_us is None:
                self._began_at_us = self._starts_at_us
        self._encoder.write(pcm)

    def fill(self) -> None:
        """Begin without a source: silence."""
        self.write(_SILENCE)

    def mark(self, number: int) -> None:
        if self._encoder is not None:
            self._encoder.mark(number)

    def switched(self) -> None:
        if self._encoder is not None:
            self._encoder.switched()

    def lost(self) -> None:
        if self._encoder is not None:
            self._encoder.lost()

    def finish(self) -> bool:
        """Have the last parts made. False if there is nothing to wait for."""
        if self._encoder is None or self._starts_at_us is None:
            return False
        self._encoder.finish()
        return True

    def renew(self) -> None:
        """Go on with another encoder behind what this one has given."""
        self._segments, self._ticks = self._next_segment, self._ticks + self._given_ticks
        self.kill()
        self._start()

    def kill(self) -> None:
        """Nothing is heard of it any more. Idempotent."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.kill()

    def look(self) -> None:
        """To be called now and then: whether the encoder is stuck."""
        silent_s = self._house.clock() - self._reported_at
        if self._encoder is not None and self._starts_at_us is not None and silent_s > _DEAF_S:
            self.kill()
            self.show.encoder_left(lost=True)

    def _start(self) -> None:
        self.count += 1
        self._renditions, self._starts_at_us, self._on_air, self._given_ticks = (), None, None, 0
        first_part = self._segments * GRID.parts_per_segment
        ears = _Ears(self)
        names = self._house.renditions
        encoder = ears.encoder = self._encoder = self._workers.encode(names, first_part, self._ticks, ears)
        self._tasks.create_task(self._run(encoder), name=f"encode {self.show.room}")

    async def _run(self, encoder: Encoder) -> None:
        trouble = await encoder.run()
        if self._encoder is encoder:
            self._encoder = None
            self.show.encoder_left(lost=trouble is not None)

    def receive(self, report: AnyLiveReport) -> None:
        """What the encoder reports."""
        self._reported_at = self._house.clock()
        match report:
            case Begun():
                self._renditions = report.renditions
            case ClockBegun():
                self._begin_at(report.at_s)
            case PeaksCut() | LoudnessMeasured():
                self.show.measured(report)
            case Ended():
                pass  # its end is waited for
            case _:
                if isinstance(report, PartCut):
                    self._next_segment = report.number // GRID.parts_per_segment + 1
                    if report.rendition == self._renditions[0].name:
                        self._given_ticks += report.duration_ticks
                self.show.given(self._now_on_air(), report)

    def _begin_at(self, at_s: float) -> None:
        """Tick 0 is not when the first sound was written, but when the encoder says; `clock`'s seconds."""
        first = self._began_at_us == self._starts_at_us
        self._starts_at_us = self._house.now_us() - round((self._house.clock() - at_s) * 1_000_000)
        if first:
            self._began_at_us = self._starts_at_us

    def _now_on_air(self) -> OnAir:
        if self._on_air is None:
            assert self._renditions and self._starts_at_us is not None and self._began_at_us is not None
            self._on_air = OnAir(
                room=self.show.room,
                show=self.show.id,
                began_at_us=self._began_at_us,
                starts_at_us=self._starts_at_us,
                first_number=self._segments,
                grid=GRID,
                renditions=self._renditions,
            )
        return self._on_air
