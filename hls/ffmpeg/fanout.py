"""One decode feeds every rendition, each in its own lane."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from av import AudioFrame

from hls import analysis, ladder
from hls.copier import Copier
from hls.ffmpeg import sound
from hls.ffmpeg.encoder import Encoder
from hls.ffmpeg.listing import Listing
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
        units: Listing | None,
        samples: int | None,
        job: Job,
    ) -> None:
        """Begin every rendition.

        Args:
            form: what the source is.
            frame: its first sound.
            time_base: of its time stamps.
            units: its access units, if they are to be passed on.
            samples: where its container says that it ends, if FFmpeg does not look.
            job: what was ordered.
        """
        self._job = job
        self._max_s = job.limits.max_duration_s
        self._steady = Steady(time_base, 1 if units is None else ladder.AAC_FRAME_TICKS)
        self._groups: list[_Group] = []
        # The waveform is that of what everyone can play, whether or not it is encoded here.
        self._rate, channels = ladder.common(form)
        self._heard = self._group("fltp", self._rate, sound.LAYOUTS[channels])
        self._meter = Meter(self._rate, job.report)
        self._loudness = LoudnessMeter()
        lossy = "fltp" if form.channels <= sound.MAX_PLANES else "flt"
        measured = lossy if not form.lossless_bits else "s16" if form.lossless_bits <= 16 else "s32"
        layout = self._layout(frame, len(frame.layout.channels))
        self._loudness_lane = job.lanes(self._loudness.feed)
        self._group(measured, frame.sample_rate, layout).others.append(self._loudness_lane)
        self._held: list[tuple[Lane[AudioFrame], AudioFrame]] = []
        self._released = False
        self._model = frame
        self._units = units
        plans = ladder.plan(form, job.wanted)
        self._copier = None if units is None else Copier(plans[0], job, units, samples, time_base)
        for plan in plans:
            if plan.codec != "copy":
                self._begin(plan, frame)
        # What is not copied begins with AAC, which takes what everyone hears.
        self._first = self._copier.packager if self._copier else self._heard.encoders[0].packager
        self._first_lane = None if self._copier else self._heard.lanes[0]
        self._copy()

    def feed(self, frame: AudioFrame) -> None:
        """Take a frame of any format."""
        self._copy()
        if self._first.segments:
            self._release()
        for steady in self._steady.feed(frame):
            self._spread(steady)
        if self._heard.shaper.due_ticks > self._max_s * self._rate:
            raise MediaRefused(f"it is longer than {self._max_s} s")

    def finish(self) -> int:
        """Nothing more comes; the duration in milliseconds, rounded to the nearest."""
        self._finish_copy()
        for group in self._groups:
            self._pass(group, group.shaper.flush())
        self._release()
        ticks = self._heard.shaper.due_ticks
        if not ticks:
            raise MediaRefused("there is not one sample of sound in it")
        for group in self._groups:
            for encoder, lane in zip(group.encoders, group.lanes, strict=True):
                lane.finish()
                encoder.finish(group.shaper.due_ticks)
        self._meter.finish()
        self._loudness_lane.finish()
        self._job.report(self._loudness.finish())
        return (2000 * ticks + self._rate) // (2 * self._rate)

    def _copy(self) -> None:
        """Copy what is there by now: all of it, before anything is encoded, if the source is complete."""
        if self._copier is not None and self._units is not None:
            while self._units.missed:
                self._copier.miss(self._units.missed.popleft())
            self._copier.advance()

    def _finish_copy(self) -> None:
        """Complete the copy; what is encoded ends where it does, whatever was damaged at the end."""
        if self._copier is not None and self._units is not None:
            self._units.give_up()
            self._copy()
            missing = self._copier.finish() - self._heard.shaper.due_ticks
            while missing > 0:
                self._spread(sound.silence(self._model, min(missing, sound.BLOCK_SAMPLES)))
                missing -= sound.BLOCK_SAMPLES

    def _spread(self, frame: AudioFrame) -> None:
        """Give a frame to every group, as far as the copy goes."""
        if self._copier is not None and self._copier.presented_ticks is not None:
            room = self._copier.presented_ticks - self._heard.shaper.due_ticks
            if frame.sample_rate == self._rate and frame.samples > room:
                if room <= 0:
                    return
                frame = sound.first(frame, room)
        for group in self._groups:
            self._pass(group, group.shaper.feed(frame))

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
