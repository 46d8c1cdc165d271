from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from hls import attempt
from hls.job import Forwards, Job, Limits, MediaRefused
from hls.report import AnyReport, Finished, Opened, RenditionStarted, Tagged

STARTED = RenditionStarted("aac128", "mp4a.40.2", 44_100, 2, 654)
OPENED = Opened("flac", "flac", 44_100, 2, None)
NOTHING = Tagged(None, None, None, None)


@dataclass
class Frame:
    samples: int


@dataclass
class Source:
    """Bytes that have not all arrived while `arriving`."""

    data: bytes = b"fLaC" + bytes(100)
    arriving: bool = False
    place: int = 0

    @property
    def size_bytes(self) -> int | None:
        return None if self.arriving else len(self.data)

    def read(self, size: int, /) -> bytes:
        piece = self.data[self.place : self.place + size]
        self.place += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        assert whence == 0
        self.place = offset
        return offset

    def tell(self) -> int:
        return self.place

    def wait_complete(self) -> None:
        self.arriving = False


@dataclass
class Recording:
    """What a fake FFmpeg makes of a source."""

    container: str = "flac"
    samples: int | None = None
    lengths: tuple[int, ...] = (1000, 1000)
    told: Tagged = NOTHING
    cover: bytes = b""
    what: Opened = OPENED
    fault: str | None = None  # raised behind the frames
    encoded: list[int] = field(default_factory=list)

    def frames(self) -> Iterator[Frame]:
        yield from map(Frame, self.lengths)
        if self.fault:
            raise MediaRefused(self.fault)

    def opened(self, frame: Frame, size_bytes: int | None, /) -> Opened:
        return self.what

    def tagged(self) -> Tagged:
        return self.told

    def cut(self, frame: Frame, samples: int, /) -> Frame:
        return Frame(samples)

    def encoder(self, frame: Frame, job: Job, /) -> "Recording":
        job.report(STARTED)
        return self

    def feed(self, frame: Frame, /) -> None:
        self.encoded.append(frame.samples)

    def finish(self) -> int:
        return sum(self.encoded)


@dataclass
class Output:
    covers: list[bytes] = field(default_factory=list)

    def append(self, rendition: str, data: bytes, /) -> None:
        raise AssertionError("that is the packager's")

    def keep_cover(self, data: bytes, /) -> None:
        self.covers.append(data)


class Bench:
    """Runs a job and keeps what it did."""

    def __init__(self, source: Source, *recordings: Recording | None) -> None:
        self.source = source
        self.output = Output()
        self.reports: list[AnyReport] = []
        self.opened: list[type] = []
        self._recordings: list[Recording | None] = list(recordings)

    @contextmanager
    def _open(self, file: Source | Forwards) -> Iterator[Recording]:
        assert self.source.place == 0
        self.opened.append(type(file))
        recording = self._recordings.pop(0)
        if recording is None:
            raise MediaRefused("unknown")
        self.source.place = 50
        yield recording

    def run(self) -> None:
        report: Callable[[AnyReport], None] = self.reports.append
        attempt.package(Job(self.source, self.output, Limits(60), report), self._open)  # type: ignore[arg-type]


def test_a_complete_source_is_read_once_and_freely():
    told = Tagged("One", None, None, None)
    bench = Bench(Source(), Recording(told=told))
    bench.run()
    assert bench.reports == [OPENED, told, STARTED, Finished(2000)]
    assert bench.opened == [Source]


def test_a_source_that_arrives_is_read_forwards():
    bench = Bench(Source(arriving=True), Recording())
    bench.run()
    assert bench.reports == [OPENED, NOTHING, STARTED, Finished(2000)]
    assert bench.opened == [Forwards]
    assert bench.source.arriving


def test_an_index_at_the_end_is_waited_for():
    bench = Bench(Source(b"\0\0\0\x10mdat" + bytes(8), arriving=True), Recording())
    bench.run()
    assert bench.opened == [Source]
    assert not bench.source.arriving


@pytest.mark.parametrize("first", [None, Recording(lengths=())])
def test_what_comes_to_nothing_forwards_is_tried_again_when_complete(first):
    bench = Bench(Source(arriving=True), first, Recording())
    bench.run()
    assert bench.opened == [Forwards, Source]
    assert bench.reports == [OPENED, NOTHING, STARTED, Finished(2000)]


def test_what_fails_after_its_first_sound_is_not_tried_again():
    bench = Bench(Source(arriving=True), Recording(fault="most of it is damaged"))
    with pytest.raises(MediaRefused, match="most of it is damaged"):
        bench.run()
    assert bench.opened == [Forwards]
    assert bench.reports == [OPENED, NOTHING, STARTED]


def test_no_sound_at_all():
    bench = Bench(Source(), Recording(lengths=()))
    with pytest.raises(MediaRefused, match="no sound in it could be decoded"):
        bench.run()
    assert bench.reports == []


def test_absurd_sound_is_refused_before_anything_is_said():
    bench = Bench(Source(), Recording(what=Opened("wav", "pcm_s16le", 1, 2, None)))
    with pytest.raises(MediaRefused, match="1 Hz"):
        bench.run()
    assert bench.reports == []


def test_a_cover_is_kept_before_it_is_told():
    told = Tagged(None, None, None, "image/png")
    bench = Bench(Source(), Recording(told=told, cover=b"picture"))
    bench.run()
    assert bench.output.covers == [b"picture"]


def test_tags_at_the_end_are_told_before_the_last_word():
    late = Tagged("Late", None, None, "image/jpeg")
    again = Recording("wav", told=late, cover=b"late")
    bench = Bench(Source(arriving=True), Recording("wav"), again)
    bench.run()
    assert bench.opened == [Forwards, Source]
    assert bench.reports == [OPENED, NOTHING, STARTED, late, Finished(2000)]
    assert bench.output.covers == [b"late"]
    assert again.encoded == []


@pytest.mark.parametrize("again", [Recording("wav"), None])
def test_nothing_new_at_the_end_is_not_told(again):
    bench = Bench(Source(arriving=True), Recording("wav"), again)
    bench.run()
    assert bench.reports == [OPENED, NOTHING, STARTED, Finished(2000)]


def info_frame(frames: int, padding: int) -> bytes:
    lame = b"LAME3.100" + bytes(12) + padding.to_bytes(3, "big") + bytes(8)
    return b"\xff\xfb\x90\0" + bytes(32) + b"Info\0\0\0\x01" + frames.to_bytes(4, "big") + lame


@pytest.mark.parametrize(
    ("arriving", "data", "encoded"),
    [
        (True, info_frame(2, 500), [1152, 652]),
        (True, bytes(100), [1152, 1152]),
        (False, info_frame(2, 500), [1152, 1152]),  # FFmpeg has cut it already
    ],
)
def test_padding_of_an_mp3_that_arrives_is_cut(arriving, data, encoded):
    recording = Recording("mp3", lengths=(1152, 1152))
    Bench(Source(data, arriving=arriving), recording, None).run()
    assert recording.encoded == encoded
