"""The clock of a show and its samples, on a clock of the test: minutes in seconds, with real encoders."""

import multiprocessing
import resource
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hls.bridge import SLACK_TICKS
from hls.ffmpeg.live_show import LiveShow
from hls.live import GRID, LIVE_RATE, AnyLiveReport, Begun, ClockBegun, Ended, Marked, Metered, PartCut
from tests.support.pcm import honoured

BLOCK = 960
TONE_HZ = 440
AMPLITUDE = 0.5
STEP = AMPLITUDE * 2 * np.pi * TONE_HZ / LIVE_RATE


class Stage:
    """A show, and a source on another clock."""

    def __init__(self, hold_ms: int = 40, first_part: int = 0) -> None:
        self.reports: list[AnyLiveReport] = []
        self.show = LiveShow(
            ("aac64", "flac"),
            self.reports.append,
            first_part=first_part,
            first_ticks=first_part * GRID.part_ticks,
            hold_ms=hold_ms,
        )
        self.now = 0.0
        self.sent = 0

    def play(self, seconds: float, ppm: float = 0.0) -> None:
        """A tone, in blocks of 20 ms of the source's clock."""
        until = self.now + seconds
        while self.now < until:
            self.wait(BLOCK / LIVE_RATE / (1 + ppm * 1e-6))
            self._sound()

    def _sound(self) -> None:
        angle = 2 * np.pi * TONE_HZ * np.arange(self.sent, self.sent + BLOCK) / LIVE_RATE
        self.sent += BLOCK
        tone = (AMPLITUDE * np.sin(angle)).astype(np.float32)
        self.show.sound(np.stack((tone, tone), axis=1).tobytes(), self.now)

    def pile(self, seconds: float) -> None:
        """What the source recorded before it was let in comes at once."""
        for _ in range(round(seconds * LIVE_RATE / BLOCK)):
            self._sound()

    def wait(self, seconds: float) -> None:
        """Nothing comes; the clock ticks."""
        self.now += seconds
        while (due := self.show.due(self.now)) <= self.now:
            self.show.tick(partial(float, due))

    def flac(self, folder: Path) -> np.ndarray:
        """What was heard, in full, after the end."""
        self.show.finish()
        (begun,) = [report for report in self.reports if isinstance(report, Begun)]
        file = folder / "show.mp4"
        file.write_bytes(begun.renditions[1].init + b"".join(part.data for part in self.parts("flac")))
        return honoured(file)

    def parts(self, rendition: str) -> list[PartCut]:
        return [part for part in self.reports if isinstance(part, PartCut) and part.rendition == rendition]

    @property
    def levels(self) -> Metered:
        return [report for report in self.reports if isinstance(report, Metered)][-1]


def on_time(stage: Stage, clock: ClockBegun | None = None) -> int:
    """Parts that have to be out: what the encoder looks ahead, and what is held, is 60 ms."""
    return int((stage.now - (BLOCK / LIVE_RATE if clock is None else clock.at_s) - 0.06) / 0.32)


@pytest.mark.parametrize("ppm", [-200, 200])
def test_another_clock_is_followed_without_a_click(ppm, tmp_path):
    stage = Stage()
    stage.play(100, ppm)
    levels = stage.levels
    heard = stage.flac(tmp_path)
    assert levels.filled_ticks == levels.dropped_ticks == 0
    assert levels.drift_ppm == pytest.approx(ppm, abs=20)
    assert np.abs(np.diff(heard[:-480, 0])).max() < STEP * 1.01, "no click"
    spectrum = np.abs(np.fft.rfft(heard[-(1 << 20) : -9600, 0] * np.hanning((1 << 20) - 9600)))
    peak = int(spectrum.argmax())
    beside = np.delete(spectrum, range(max(0, peak - 40), peak + 40))
    assert beside.max() < spectrum[peak] * 1e-3, "nothing but the tone, 60 dB down to the sides"


def test_parts_come_on_time_whatever_the_source_does(tmp_path):
    stage = Stage()
    stage.play(5)
    stage.wait(3)
    stage.play(2)
    stage.show.lost()
    stage.wait(10)
    stage.show.switched()
    stage.play(5, ppm=100)
    parts = stage.parts("aac64")
    assert len(parts) == on_time(stage)
    assert [part.at_ticks for part in parts] == [GRID.part_ticks * number for number in range(len(parts))]
    heard = stage.flac(tmp_path)
    ended = stage.reports[-1]
    assert isinstance(ended, Ended)
    assert ended.duration_ticks == len(heard)
    assert np.abs(np.diff(heard[:-480, 0])).max() < STEP * 1.6, "faded, wherever something began or ended"
    assert not heard[LIVE_RATE * 6 : LIVE_RATE * 8 - 9600].any()
    assert not heard[LIVE_RATE * 11 : LIVE_RATE * 20 - 9600].any()
    assert np.abs(heard[LIVE_RATE * 9 : LIVE_RATE * 9 + 4800]).max() > 0.49


def test_what_had_piled_up_is_out_at_once_and_not_held(tmp_path):
    stage = Stage()
    stage.show.mark(1)
    stage.pile(1.5)
    stage.play(0.4)
    assert not stage.parts("aac64"), "not before it is known"
    stage.play(0.3)
    (clock,) = [report for report in stage.reports if isinstance(report, ClockBegun)]
    assert clock.at_s == pytest.approx(-1.5, abs=0.03), "as if the source had been there from its beginning"
    assert stage.reports.index(clock) < stage.reports.index(Marked(1, 0))
    assert len(stage.parts("aac64")) == on_time(stage, clock)
    assert max(report.late_ms for report in stage.reports if isinstance(report, Metered)) < 1
    stage.play(20)
    parts = stage.parts("aac64")
    assert len(parts) == on_time(stage, clock)
    assert [part.at_ticks for part in parts] == [GRID.part_ticks * number for number in range(len(parts))]
    assert stage.levels.buffered_ms < 100
    assert stage.levels.filled_ticks == stage.levels.dropped_ticks == 0
    heard = stage.flac(tmp_path)
    assert np.abs(np.diff(heard[:-480, 0])).max() < STEP * 1.01, "all of it, without a click"
    assert len(heard) == stage.sent


def test_a_show_that_goes_on_begins_behind_what_it_gave():
    stage = Stage(first_part=24)
    stage.pile(1.5)
    stage.play(2)
    (clock,) = [report for report in stage.reports if isinstance(report, ClockBegun)]
    assert clock.at_s == 0.0


def test_a_show_that_ends_before_its_clock_began_is_whole(tmp_path):
    stage = Stage()
    stage.pile(1.5)
    heard = stage.flac(tmp_path)
    assert len(heard) == stage.sent
    (clock,) = [report for report in stage.reports if isinstance(report, ClockBegun)]
    assert stage.reports.index(clock) < stage.reports.index(stage.parts("aac64")[0])


def test_a_source_that_is_gone_before_its_clock_began_is_not_waited_for():
    stage = Stage()
    stage.pile(1.5)
    stage.show.lost()
    stage.wait(0.55)
    assert len(stage.parts("aac64")) == 1


@pytest.mark.parametrize("away", [False, True])
def test_a_file_is_no_pile(away, tmp_path):
    stage = Stage()
    if away:
        stage.play(1)
        stage.show.lost()
        stage.wait(6)
        stage.show.switched()
    until = stage.now + 6
    while stage.now < until:
        stage.wait(0.02)
        while not stage.show.full:
            stage.pile(0.1)
    (clock,) = [report for report in stage.reports if isinstance(report, ClockBegun)]
    assert clock.at_s == pytest.approx(0.02, abs=0.001)
    stage.show.finish()
    assert stage.levels.dropped_ticks <= SLACK_TICKS
    ended = stage.reports[-1]
    assert isinstance(ended, Ended)
    assert ended.duration_ticks == stage.sent + stage.levels.filled_ticks - stage.levels.dropped_ticks


def test_who_comes_back_with_a_pile_is_as_live_as_before(tmp_path):
    stage = Stage()
    stage.play(5)
    stage.show.lost()
    stage.wait(4)
    stage.show.switched()
    stage.pile(1.5)
    stage.play(5)
    assert stage.levels.buffered_ms < 200
    assert stage.levels.dropped_ticks / LIVE_RATE == pytest.approx(1.5, abs=0.2)
    assert len(stage.parts("aac64")) == on_time(stage)
    heard = stage.flac(tmp_path)
    assert np.abs(np.diff(heard[:-480, 0])).max() < STEP * 1.6, "the leap is faded"


def test_a_process_that_was_held_up_catches_up():
    stage = Stage()
    stage.play(3)
    stage.now += 4
    stage.play(1)
    assert len(stage.parts("aac64")) == on_time(stage)


def test_sound_that_is_no_number_is_silence():
    stage = Stage()
    stage.play(1)
    bad = np.full((BLOCK, 2), np.nan, np.float32)
    stage.show.sound(bad.tobytes(), stage.now)
    stage.show.sound(b"", stage.now)
    stage.play(1)
    assert stage.parts("aac64")


def test_two_seconds_at_once_are_all_heard(tmp_path):
    stage = Stage()
    stage.show.sound(np.zeros((2 * LIVE_RATE, 2), np.float32).tobytes(), 0.0)
    assert not stage.show.full
    stage.show.sound(np.zeros((2 * LIVE_RATE, 2), np.float32).tobytes(), 0.0)
    assert stage.show.full
    stage.wait(1)
    assert len(stage.flac(tmp_path)) == 4 * LIVE_RATE


def test_a_process_that_can_open_nothing_lacks_nothing():
    """As the encoder's: what numpy or FFmpeg would load late is there."""
    process = multiprocessing.get_context("spawn").Process(target=play_confined)
    process.start()
    process.join()
    assert process.exitcode == 0


def play_confined() -> None:
    stage = Stage()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    stage.play(80, ppm=200)
    stage.wait(1)
    stage.show.switched()
    stage.play(1)
    stage.show.finish()
    assert stage.levels.drift_ppm == 0, "another source"
    assert max(report.drift_ppm for report in stage.reports if isinstance(report, Metered)) > 100
