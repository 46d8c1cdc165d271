import numpy as np
import pytest

from hls import ladder
from hls.packager import Packager
from hls.report import AnyReport, PeaksCut, RenditionStarted, SegmentCut
from tests.support.boxes import parse


class Disk:
    """Keeps what it is given, and how large the file was at each report."""

    def __init__(self) -> None:
        self.data = b""
        self.reports: list[tuple[int, AnyReport]] = []

    def append(self, rendition: str, data: bytes, /) -> None:
        assert rendition == "aac128"
        self.data += data

    def keep_cover(self, data: bytes, /) -> None:
        raise AssertionError("a packager has no cover")

    def report(self, message: AnyReport) -> None:
        self.reports.append((len(self.data), message))


def packaged(full: int, rest: int, presented: int) -> tuple[Disk, list[SegmentCut]]:
    (plan,) = ladder.plan(44_100, 2)
    disk = Disk()
    packager = Packager(plan, disk, disk.report, lambda: 4321)
    for number in range(full):
        packager.feed(bytes([number % 256]) * 10)
    packager.finish([b"last"] * rest, presented)
    return disk, [report for _, report in disk.reports if isinstance(report, SegmentCut)]


def test_init_segment_is_on_disk_before_the_rendition_is_reported():
    disk, _ = packaged(0, 0, 1)
    size = len(disk.data)
    assert disk.reports == [(size, RenditionStarted("aac128", "mp4a.40.2", 44_100, 2, size))]
    assert [box.kind for box in parse(disk.data)] == ["ftyp", "moov"]


@pytest.mark.parametrize(
    "presented", [1, 1023, 1024, 1025, 172 * 1024 - 1024, 172 * 1024, 400_000, 3 * 176_128]
)
def test_segments_lie_side_by_side_and_add_up_to_the_sample(presented):
    frames = -(-presented // 1024) + 1  # what FFmpeg's encoder makes of so many samples
    disk, cuts = packaged(max(frames - 2, 0), min(frames, 2), presented)
    assert sum(cut.duration_ticks for cut in cuts) == presented
    boxes = parse(disk.data)
    moofs = [box for box in boxes if box.kind == "moof"]
    mdats = [box for box in boxes if box.kind == "mdat"]
    assert [cut.offset_bytes for cut in cuts] == [box.offset for box in moofs]
    assert [cut.offset_bytes + cut.size_bytes for cut in cuts] == [box.offset + box.size for box in mdats]
    assert [box["mfhd"].fields["sequence_number"] for box in moofs] == list(range(1, len(moofs) + 1))


def test_a_segment_is_on_disk_when_it_is_reported():
    disk, cuts = packaged(400, 2, 401 * 1024)
    for size, report in disk.reports:
        if isinstance(report, SegmentCut):
            assert size == report.offset_bytes + report.size_bytes
            assert (report.rendition, report.consumed_bytes) == ("aac128", 4321)
    assert len(cuts) == 3


def test_frames_that_hold_nothing_but_padding_are_left_out():
    disk, cuts = packaged(1, 5, 1024)
    assert sum(cut.duration_ticks for cut in cuts) == 1024
    (mdat,) = [box for box in parse(disk.data) if box.kind == "mdat"]
    assert mdat.fields["data"] == b"\0" * 10 + b"last"


def test_peaks_come_with_their_segment_and_the_last_ones_at_the_end():
    (plan,) = ladder.plan(44_100, 1)
    disk = Disk()
    packager = Packager(plan, disk, disk.report, lambda: 0)
    for _ in range(172):
        packager.peaks.feed(np.full((1, 1024), 0.25, np.float32))
        packager.feed(b"unit")
    packager.peaks.feed(np.full((1, 100), 0.5, np.float32))
    packager.finish([b"last"], 172 * 1024)
    kinds = [type(report) for _, report in disk.reports]
    assert kinds == [RenditionStarted, SegmentCut, PeaksCut, SegmentCut, PeaksCut]
    peaks = [report for _, report in disk.reports if isinstance(report, PeaksCut)]
    assert peaks == [PeaksCut(44_100, 512, b"\x20\x20" * 344), PeaksCut(44_100, 512, b"\x40\x40")]


def test_peaks_without_a_segment_of_their_own_are_told_too():
    (plan,) = ladder.plan(44_100, 1)
    disk = Disk()
    packager = Packager(plan, disk, disk.report, lambda: 0)
    for _ in range(172):
        packager.feed(b"unit")
    packager.peaks.feed(np.zeros((1, 100), np.float32))
    packager.finish([], 171 * 1024)
    assert [type(report) for _, report in disk.reports] == [RenditionStarted, SegmentCut, PeaksCut]
