"""One decode feeds every rendition, each in its own lane."""

from collections import deque
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from av import AudioFrame

from hls import analysis, ladder
from hls.ffmpeg import sound
from hls.ffmpeg.encoder import Copier, Encoder
from hls.ffmpeg.loudness import LoudnessMeter
from hls.ffmpeg.shaper import Shaper, Steady
from hls.job import Job, Lane, MediaRefused
from hls.meter import Meter


class Fanout:
    """Implements `hls.attempt.Encoder`. The first rendition is never kept waiting by the others.

    Until its first segment is out, so that the track plays, what the others get is held back: as much sound
    as that segment and its lane hold.
    """

    def __init__(
        self,
        form: ladder.Form,
        frame: AudioFrame,
        time_base: Fraction | None,
        copied: deque[bytes],
        job: Job,
    ) -> None:
        """Begin every rendition.

        Args:
            form: what the source is.
            frame: its first sound.
            time_base: of its time stamps.
            copied: where its access units come, if they are to be passed on.
            job: what was ordered.
        """
        self._job = job
        self._max_s = job.limits.max_duration_s
        self._steady = Steady(time_base)
        self._groups: list[_Group] = []
        # The waveform is that of what everyone can play, whether or not it is encoded here.
        self._rate, channels = ladder.common(form)
        self._heard = self._group("fltp", self._rate, sound.LAYOUTS[channels])
        self._meter = Meter(self._rate, job.report)
        self._loudness = LoudnessMeter()
        measured = "fltp" if not form.lossless_bits else "s16" if form.lossless_bits <= 16 else "s32"
        layout = self._layout(frame, len(frame.layout.channels))
        self._loudness_lane = job.lanes(self._loudness.feed)
        self._group(measured, frame.sample_rate, layout).others.append(self._loudness_lane)
        self._copied = copied
        self._copier: Copier | None
        self._held: list[tuple[Lane[AudioFrame], AudioFrame]] = []
        self._released = False
        plans = ladder.plan(form, job.wanted)
        self._copier = Copier(plans[0], job) if plans[0].codec == "copy" else None
        for plan in plans:
            if plan.codec != "copy":
                self._begin(plan, frame)
        # What is not copied begins with AAC, which takes what everyone hears.
        self._first = self._copier.packager if self._copier else self._heard.encoders[0].packager
        self._first_lane = None if self._copier else self._heard.lanes[0]

    def feed(self, frame: AudioFrame) -> None:
        """Take a frame of any format."""
        if self._first.segments:
            self._release()
        for steady in self._steady.feed(frame):
            for group in self._groups:
                self._pass(group, group.shaper.feed(steady))
        if self._copier is not None:
            self._copier.lose(self._steady.lost_samples)
            while self._copied:
                self._copier.feed(self._copied.popleft())
        if self._heard.shaper.due_ticks > self._max_s * self._rate:
            raise MediaRefused(f"it is longer than {self._max_s} s")

    def finish(self) -> int:
        """Nothing more comes; the duration in milliseconds, rounded to the nearest."""
        for group in self._groups:
            self._pass(group, group.shaper.flush())
        self._release()
        ticks = self._heard.shaper.due_ticks
        if not ticks:
            raise MediaRefused("there is not one sample of sound in it")
        if self._copier is not None:
            self._copier.finish(ticks)
        for group in self._groups:
            for encoder, lane in zip(group.encoders, group.lanes, strict=True):
                lane.finish()
                encoder.finish(group.shaper.due_ticks)
        self._meter.finish()
        self._loudness_lane.finish()
        self._job.report(self._loudness.finish())
        return (2000 * ticks + self._rate) // (2 * self._rate)

    def _begin(self, plan: ladder.RenditionPlan, frame: AudioFrame) -> None:
        layout = self._layout(frame, plan.channels)
        group = self._group(plan.sample_format, plan.sample_rate, layout)
        encoder = Encoder(plan, layout, frame.sample_rate, self._job)
        group.encoders.append(encoder)
        group.lanes.append(self._job.lanes(encoder.feed))

    @staticmethod
    def _layout(frame: AudioFrame, channels: int) -> str:
        return sound.LAYOUTS[channels] if channels <= 2 else sound.named(frame).layout.name

    def _group(self, sample_format: str, sample_rate: int, layout: str) -> "_Group":
        form = (sample_format, sample_rate, layout)
        for group in self._groups:
            if group.form == form:
                return group
        self._groups.append(_Group(form))
        return self._groups[-1]

    def _pass(self, group: "_Group", blocks: Iterable[AudioFrame]) -> None:
        for block in blocks:
            if group is self._heard:
                block = self._measured(block)
            for lane in (*group.lanes, *group.others):
                if lane is self._first_lane or self._released:
                    lane.feed(block)
                else:
                    self._held.append((lane, block))

    def _release(self) -> None:
        self._released = True
        for lane, block in self._held:
            lane.feed(block)
        self._held.clear()

    def _measured(self, block: AudioFrame) -> AudioFrame:
        samples = block.to_ndarray().astype(np.float32, copy=False)
        if analysis.is_wild(samples):
            samples = analysis.tame(samples)
            block = sound.frame(samples, block)
        self._meter.feed(samples)
        return block


class _Group:
    """Renditions that take the same blocks."""

    def __init__(self, form: tuple[str, int, str]) -> None:
        self.form = form
        self.shaper = Shaper(*form)
        self.encoders: list[Encoder] = []
        self.lanes: list[Lane[AudioFrame]] = []  # of the encoders, in the same order
        self.others: list[Lane[AudioFrame]] = []
