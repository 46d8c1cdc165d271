"""Shows in tests: workers that do as they are told, and outlets and ways in that remember."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hls.live import (
    GRID,
    LIVE_CHANNELS,
    AnyLiveReport,
    Begun,
    ChunkCut,
    Ended,
    LiveRendition,
    Marked,
    Metered,
    OnAir,
    PartCut,
)
from hls.live_source import SourceEnded
from hls.report import Broken, Refused
from streamer.live.encoder_worker import EncoderEars
from streamer.live.line import Admission, Dismissal
from streamer.live.outlet import Title
from streamer.live.source_worker import SourceEars

PART_PCM = bytes(GRID.part_ticks * LIVE_CHANNELS * 4)
ADMISSION = Admission("radio", "key-a", "user-1", 100, "ann", "aa")


@dataclass
class FakeDecoder:
    """Bytes are sound as they are, as soon as they come."""

    ears: SourceEars
    full: bool = False
    paused: bool = False
    killed: bool = False
    finished: bool = False
    held: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.over: asyncio.Future[SourceEnded | Refused | Broken] = asyncio.get_running_loop().create_future()

    async def run(self) -> SourceEnded | Refused | Broken:
        return await self.over

    def write(self, data: bytes) -> None:
        if self.paused:
            self.held.append(data)
        else:
            self.ears.sound(data)

    def mark(self, mark: int) -> None:
        if self.paused:
            self.held.append(mark)
        else:
            self.ears.marked(mark)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        held, self.held = self.held, []
        for one in held:
            if isinstance(one, int):
                self.mark(one)
            else:
                self.write(one)

    def finish(self) -> None:
        self.finished = True
        self.end(SourceEnded())

    def kill(self) -> None:
        self.killed = True
        self.end(Broken("it was ended"))

    def end(self, how: SourceEnded | Refused | Broken) -> None:
        if not self.over.done():
            self.over.set_result(how)


@dataclass
class FakeEncoder:
    """Gives a part for each part's worth of sound."""

    ears: EncoderEars
    names: Sequence[str]
    first_part: int
    first_ticks: int
    full: bool = False
    killed: bool = False
    samples: int = 0
    parts: int = 0
    begun: bool = False
    calls: list[str] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.over: asyncio.Future[Broken | None] = asyncio.get_running_loop().create_future()

    async def run(self) -> Broken | None:
        self.tell(
            Begun(
                tuple(
                    LiveRendition(
                        name, "mp4a.40.2", 128_000, 1024, 1024, b"init-" + name.encode(), b"\x11\x90"
                    )
                    for name in self.names
                )
            )
        )
        self.begun = True
        self.cut()
        return await self.over

    def write(self, samples: bytes) -> None:
        if self.begun and self.samples:
            self.pass_marks()
        self.samples += len(samples) // 8
        self.cut()

    def pass_marks(self) -> None:
        self.waiting, marks = [], self.waiting
        for mark in marks:
            self.tell(Marked(mark, self.samples))

    def cut(self) -> None:
        if self.begun and self.samples and not self.parts:
            self.tell(Marked(self.waiting.pop(), 0)) if self.waiting else None
        while self.begun and self.samples >= (self.parts + 1) * GRID.part_ticks:
            number, at = self.first_part + self.parts, self.parts * GRID.part_ticks
            self.parts += 1
            for name in self.names:
                self.tell(ChunkCut(name, at, (b"au",)))
                self.tell(PartCut(name, number, at, GRID.part_ticks, b"part-%d" % number))

    def mark(self, mark: int) -> None:
        self.waiting.append(mark)

    def switched(self) -> None:
        self.calls.append("switched")

    def lost(self) -> None:
        self.calls.append("lost")

    def finish(self) -> None:
        self.tell(Ended(self.samples))
        self.end(None)

    def kill(self) -> None:
        self.killed = True
        self.end(Broken("it was ended"))

    def end(self, how: Broken | None) -> None:
        if not self.over.done():
            self.over.set_result(how)

    def tell(self, report: AnyLiveReport) -> None:
        if not self.killed:
            self.ears.reported(report)


@dataclass
class FakeWorkers:
    """Remembers what it made."""

    decoders: list[FakeDecoder] = field(default_factory=list)
    encoders: list[FakeEncoder] = field(default_factory=list)

    def decode(self, container: str, ears: SourceEars) -> FakeDecoder:
        self.decoders.append(FakeDecoder(ears))
        return self.decoders[-1]

    def encode(
        self, renditions: Sequence[str], first_part: int, first_ticks: int, ears: EncoderEars
    ) -> FakeEncoder:
        self.encoders.append(FakeEncoder(ears, renditions, first_part, first_ticks))
        return self.encoders[-1]


@dataclass
class Witness:
    """An outlet that remembers what it was told, in words, and the parts."""

    told: list[str] = field(default_factory=list)
    parts: list[PartCut] = field(default_factory=list)
    shows: list[OnAir] = field(default_factory=list)
    titles: list[Title] = field(default_factory=list)
    levels: list[Metered] = field(default_factory=list)

    def started(self, show: OnAir) -> None:
        self.shows.append(show)
        self.told.append("started")

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None: ...

    def part(self, show: OnAir, part: PartCut) -> None:
        assert show is self.shows[-1]
        self.parts.append(part)

    def renewed(self, show: OnAir) -> None:
        self.shows.append(show)
        self.told.append("renewed")

    def titled(self, show: OnAir, title: Title) -> None:
        self.titles.append(title)
        self.told.append(f"title {title.number} {title.text}")

    def metered(self, show: OnAir, levels: Metered) -> None:
        self.levels.append(levels)

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        self.told.append("interrupted" if interrupted else "back")

    def ended(self, show: OnAir) -> None:
        self.told.append("ended")

    def handed_over(self, show: OnAir) -> None:
        self.told.append("handed over")


@dataclass
class FakeShell:
    """A way in that remembers why it was sent away."""

    dismissals: list[Dismissal] = field(default_factory=list)
    wakes: int = 0

    def dismissed(self, dismissal: Dismissal) -> None:
        assert not self.dismissals, "at most once"
        self.dismissals.append(dismissal)

    def may_write(self) -> None:
        self.wakes += 1

    @property
    def code(self) -> str | None:
        return self.dismissals[0].code if self.dismissals else None
