from fractions import Fraction

import pytest

from hls import ladder
from hls.coding import coding
from hls.ladder import Form
from hls.packager import Packager
from hls.report import AnyReport, RenditionStarted, SegmentCut
from tests.support.boxes import parse

STREAMINFO = bytes.fromhex("100010000000000000000ac442f0" + "00" * 20)


class Disk:
    """Keeps what it is given, and how large the file was at each report."""

    def __init__(self) -> None:
        self.data = b""
        self.reports: list[tuple[int, AnyReport]] = []

    def append(self, rendition: str, data: bytes, /) -> None:
        self.data += data

    def replace(self, rendition: str, offset: int, data: bytes, /) -> None:
        raise AssertionError("that is the copier's")

    def keep_cover(self, data: bytes, /) -> None:
        raise AssertionError("a packager has no cover")

    def report(self, message: AnyReport) -> None:
        self.reports.append((len(self.data), message))


def packaged(full: int, rest: int, presented: int, name: str = "aac128") -> tuple[Disk, list[SegmentCut]]:
    (plan,) = (plan for plan in ladder.plan(Form(44_100, 2, 16)) if plan.name == name)
    disk = Disk()
    packager = Packager(plan, coding(plan, STREAMINFO, 44_100), disk, disk.report, lambda: 4321)
    for number in range(full):
        packager.feed(bytes([number % 256]) * 10)
    packager.finish([b"last"] * rest, presented)
    cuts = [report for _, report in disk.reports if isinstance(report, SegmentCut)]
    assert packager.segments == len(cuts)
    return disk, cuts


def test_init_segment_is_on_disk_before_the_rendition_is_reported():
    disk, _ = packaged(0, 0, 1)
    size = len(disk.data)
    assert disk.reports == [(size, RenditionStarted("aac128", "mp4a.40.2", 44_100, 2, size))]
    assert [box.kind for box in parse(disk.data)] == ["ftyp", "moov"]


@pytest.mark.parametrize(
    "presented", [1, 1023, 1024, 1025, 172 * 1024 - 1024, 172 * 1024, 400_000, 3 * 176_128]
)
def test_segments_lie_side_by_side_and_add_up_to_the_sample(presented):
    frames = -(-(presented + 1024) // 1024) + 1  # what FFmpeg's encoder makes of them, and of the lead
    disk, cuts = packaged(max(frames - 2, 0), min(frames, 2), presented)
    assert sum(cut.duration_ticks for cut in cuts) == presented
    boxes = parse(disk.data)
    moofs = [box for box in boxes if box.kind == "moof"]
    mdats = [box for box in boxes if box.kind == "mdat"]
    assert [cut.offset_bytes for cut in cuts] == [box.offset for box in moofs]
    assert [cut.offset_bytes + cut.size_bytes for cut in cuts] == [box.offset + box.size for box in mdats]
    assert [box["mfhd"].fields["sequence_number"] for box in moofs] == list(range(1, len(moofs) + 1))


@pytest.mark.parametrize("presented", [1, 4096, 176_128, 176_129, 400_000])
def test_segments_of_two_codecs_end_at_the_same_samples(presented):
    lists = []
    for name, frame, delay in (("aac128", 1024, 2048), ("flac", 4096, 0)):
        frames = -(-(presented + delay) // frame)
        _, cuts = packaged(frames - 1, 1, presented, name)
        lists.append([cut.duration_ticks for cut in cuts])
    assert lists[0] == lists[1]
    assert lists[0][:-1] == [176_128] * ((presented - 1) // 176_128)


def test_the_first_segment_has_the_frames_of_the_delay_in_addition():
    disk, _ = packaged(400, 2, 401 * 1024)
    runs = [box["traf/trun"].fields["sample_count"] for box in parse(disk.data) if box.kind == "moof"]
    assert runs == [174, 172, 56]


def test_a_codec_whose_frames_stand_alone_belongs_to_no_roll_group():
    disk, _ = packaged(43, 0, 43 * 4096, "flac")
    (moof,) = (box for box in parse(disk.data) if box.kind == "moof")
    assert moof.tree() == ("moof", ["mfhd", ("traf", ["tfhd", "tfdt", "trun"])])


def test_a_segment_is_on_disk_when_it_is_reported():
    disk, cuts = packaged(400, 2, 401 * 1024)
    for size, report in disk.reports:
        if isinstance(report, SegmentCut):
            assert size == report.offset_bytes + report.size_bytes
            assert (report.rendition, report.consumed_bytes) == ("aac128", 4321)
    assert len(cuts) == 3


def test_frames_that_hold_nothing_but_padding_are_left_out():
    disk, cuts = packaged(2, 5, 1024)
    assert sum(cut.duration_ticks for cut in cuts) == 1024
    (mdat,) = [box for box in parse(disk.data) if box.kind == "mdat"]
    assert mdat.fields["data"] == b"\0" * 10 + b"\1" * 10 + b"last"


def test_segments_follow_a_rate_that_their_frames_do_not_fit():
    (plan,) = (plan for plan in ladder.plan(Form(44_100, 2), ("opus96",)) if plan.name == "opus96")
    assert plan.fragment_frames == Fraction(172 * 1024 * 48_000, 44_100 * 960)
    disk = Disk()
    packager = Packager(plan, coding(plan, b"", 44_100), disk, disk.report, lambda: 0)
    for _ in range(700):
        packager.feed(b"unit")
    runs = [box["traf/trun"].fields["sample_count"] for box in parse(disk.data) if box.kind == "moof"]
    assert runs == [201, 199, 200]
