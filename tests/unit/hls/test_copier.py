from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from hls import ladder
from hls.copier import MAX_UNIT_BYTES, Copier
from hls.job import Job, Limits, MediaRefused
from hls.ladder import Form
from hls.report import AnyReport, RenditionFinished, RenditionStarted, SegmentCut
from hls.silence import silent_unit
from tests.support.boxes import parse

RATE = 44_100
TICK = Fraction(1, RATE)
SILENT = silent_unit(2)
HEAD = 50  # bytes before the first unit


@dataclass
class Source:
    data: bytes = b""
    arrived_bytes: int = 0
    complete: bool = True
    reads: int = 0

    @property
    def size_bytes(self) -> int | None:
        return len(self.data) if self.complete else None

    def arrived(self, offset: int, size: int, /) -> bytes:
        self.reads += 1
        return self.data[offset : min(offset + size, self.arrived_bytes)]


@dataclass
class Disk:
    data: bytearray = field(default_factory=bytearray)
    reports: list[tuple[int, AnyReport]] = field(default_factory=list)
    complete: bool = True
    units: list[tuple[int, int, int]] = field(default_factory=list)

    def append(self, rendition: str, data: bytes, /) -> None:
        self.data += data

    def replace(self, rendition: str, offset: int, data: bytes, /) -> None:
        assert offset + len(data) <= len(self.data)
        self.data[offset : offset + len(data)] = data

    def report(self, message: AnyReport) -> None:
        self.reports.append((len(self.data), message))

    def listed(self, start: int, most: int, /) -> list[tuple[int, int, int]]:
        return self.units[start : start + most]


class Bench:
    """A source of units that lie side by side, each with its number in it, and what becomes of them."""

    def __init__(self, count: int, *, delay: int = 0, samples: int | None = None, max_s: int = 600) -> None:
        self.source, self.disk = Source(), Disk()
        self.units = [bytes([1 + number % 255]) * (20 + number % 7) for number in range(count)]
        place = HEAD
        for number, unit in enumerate(self.units):
            self.disk.units.append((place, len(unit), number * 1024))
            place += len(unit)
        self.source.data = bytes(HEAD) + b"".join(self.units)
        self.source.arrived_bytes = len(self.source.data)
        (plan, *_) = ladder.plan(Form(RATE, 2, 0, delay, 128_000))
        job = Job(self.source, self.disk, Limits(max_s), self.disk.report)  # type: ignore[arg-type]
        self.copier = Copier(plan, job, self.disk, samples, TICK)

    def change(self, number: int, data: bytes) -> None:
        place, size, _ = self.disk.units[number]
        self.units[number] = data
        whole = self.source.data
        self.source.data = whole[:place] + data.ljust(size, b"\0") + whole[place + size :]

    @property
    def copied(self) -> list[bytes]:
        """Every unit in the file, by its boxes."""
        found, boxes = [], parse(bytes(self.disk.data))
        for moof, mdat in zip(boxes[2::2], boxes[3::2], strict=True):
            place = mdat.offset + 8
            for size in moof["traf/trun"].fields["sizes"]:
                found.append(bytes(self.disk.data[place : place + size]))
                place += size
        return found

    @property
    def cuts(self) -> list[SegmentCut]:
        return [report for _, report in self.disk.reports if isinstance(report, SegmentCut)]

    @property
    def ticks(self) -> int:
        return sum(cut.duration_ticks for cut in self.cuts)


def test_a_source_that_is_there_is_copied_at_once():
    bench = Bench(1000, delay=1024)
    bench.copier.advance()
    assert bench.copied == bench.units
    assert bench.copier.presented_ticks == bench.ticks == 999 * 1024
    first, *cuts, last = [report for _, report in bench.disk.reports]
    assert isinstance(first, RenditionStarted)
    assert last == RenditionFinished("aac")
    assert [cut.duration_ticks // 1024 for cut in cuts] == [172] * 5 + [139]
    assert cuts[-1].consumed_bytes == len(bench.source.data)
    assert bench.copier.packager.segments == 6
    assert bench.source.reads == 4
    bench.copier.advance()
    assert bench.copier.finish() == 999 * 1024
    assert bench.source.reads == 4


@pytest.mark.parametrize(
    ("samples", "ticks"), [(None, 398 * 1024), (395 * 1024 + 7, 395 * 1024 + 7), (10_000, 398 * 1024)]
)
def test_padding_is_left_out_unless_there_is_too_much_of_it(samples, ticks):
    bench = Bench(400, delay=2048, samples=samples)
    bench.copier.advance()
    assert bench.ticks == bench.copier.presented_ticks == ticks
    assert bench.copied == bench.units[: -(-(2048 + ticks) // 1024)]


def test_what_arrives_is_copied_as_it_does():
    bench = Bench(1000)
    source = bench.source
    source.complete, whole = False, len(source.data)
    for source.arrived_bytes in range(0, whole + 1, 97):
        bench.copier.advance()
        bench.copier.advance()
    cuts = len(bench.cuts)
    assert cuts == 5
    assert bench.copier.presented_ticks is None
    source.arrived_bytes, source.complete = whole, True
    bench.copier.advance()
    assert bench.copied == bench.units
    assert bench.copier.presented_ticks == 1000 * 1024


def test_what_has_not_arrived_is_asked_for_in_one_byte():
    bench = Bench(10)
    bench.source.complete, bench.source.arrived_bytes = False, HEAD + 5
    bench.copier.advance()
    reads = bench.source.reads
    for _ in range(10):
        bench.copier.advance()
    assert bench.source.reads == reads + 10


def test_units_that_are_listed_later():
    bench = Bench(600)
    later, bench.disk.units, bench.disk.complete = bench.disk.units, bench.disk.units[:300], False
    bench.copier.advance()
    assert len(bench.cuts) == 1
    bench.disk.units = later
    bench.copier.advance()
    assert len(bench.cuts) == 3
    assert bench.copier.presented_ticks is None, "more may come"
    assert bench.copier.finish() == 600 * 1024
    assert bench.copied == bench.units


def test_units_that_lie_apart():
    bench = Bench(30)
    units, bench.disk.units = bench.disk.units, []
    order = [*range(20, 30), *range(10, 20), *range(10)]
    bench.disk.units = [(*units[place][:2], number * 1024) for number, place in enumerate(order)]
    bench.copier.advance()
    assert bench.copied == [bench.units[place] for place in order]
    assert bench.source.reads == 3


@pytest.mark.parametrize(
    ("place", "size"), [(HEAD, 0), (HEAD, MAX_UNIT_BYTES + 1), (-1, 20), (1 << 61, 20), (1 << 40, 20)]
)
def test_what_can_not_be_a_unit_becomes_silence(place, size):
    bench = Bench(300)
    bench.disk.units[5] = (place, size, 5 * 1024)
    bench.copier.advance()
    assert bench.copied == [*bench.units[:5], SILENT, *bench.units[6:]]


def test_zeros_become_silence_and_are_left_out_at_the_end():
    bench = Bench(300)
    for number in (7, 8, *range(200, 300)):
        bench.change(number, b"\0")
    bench.change(9, b"\0\x07")
    bench.copier.advance()
    nine = bytes([0, 7]) + bytes(20)
    assert bench.copied == [*bench.units[:7], SILENT, SILENT, nine, *bench.units[10:200]]
    assert bench.ticks == 200 * 1024


def test_a_source_that_is_cut_off_ends_with_what_there_is_of_its_last_unit():
    bench = Bench(300)
    place, size, _ = bench.disk.units[250]
    bench.source.data = bench.source.data[: place + size // 2]
    bench.source.arrived_bytes = len(bench.source.data)
    bench.copier.advance()
    assert bench.copied == [*bench.units[:250], bench.units[250][: size // 2]]


def test_where_time_stamps_leave_a_gap_there_is_silence_in_whole_units():
    bench = Bench(300)
    bench.disk.units[10:] = [(place, size, at + 5_500) for place, size, at in bench.disk.units[10:]]
    bench.copier.advance()
    assert bench.copied == [*bench.units[:10], *[SILENT] * 5, *bench.units[10:]]
    assert bench.copier.presented_ticks == 305 * 1024


def test_what_can_not_be_decoded_becomes_silence_where_it_lies():
    bench = Bench(600)
    bench.disk.units[400:] = [(place, size, at + 10_240) for place, size, at in bench.disk.units[400:]]
    bench.copier.advance()
    before = len(bench.disk.data)
    for number in (0, 171, 172, 399, 400, 599, 600):
        bench.copier.miss(number)
        if number < 600:
            bench.units[number] = silent_unit(2, len(bench.units[number]))
    assert bench.copied == [*bench.units[:400], *[SILENT] * 10, *bench.units[400:]]
    assert len(bench.disk.data) == before


def test_what_is_known_to_be_damaged_is_never_reported():
    bench = Bench(400)
    bench.source.complete, bench.source.arrived_bytes = False, bench.disk.units[100][0]
    bench.copier.advance()
    heard: list[tuple[int, bytes]] = []

    def listen(message: AnyReport) -> None:
        if isinstance(message, SegmentCut):
            heard.append((message.offset_bytes, bytes(bench.disk.data)))

    bench.copier.packager._report = listen
    for number in (50, 99, 100, 350):
        bench.copier.miss(number)
        bench.units[number] = silent_unit(2, len(bench.units[number]))
    bench.source.complete, bench.source.arrived_bytes = True, len(bench.source.data)
    bench.copier.advance()
    assert bench.copied == bench.units
    assert [data[offset:] for offset, data in heard] == [
        bytes(bench.disk.data[cut : cut + len(data) - offset])
        for (offset, data), cut in zip(heard, [offset for offset, _ in heard], strict=True)
    ]


def test_longer_than_it_may_be():
    with pytest.raises(MediaRefused, match="longer than 10 s"):
        Bench(1000, max_s=10).copier.advance()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_nothing_but_delay(count):
    with pytest.raises(MediaRefused, match="not one sample"):
        Bench(count, delay=2048).copier.finish()
