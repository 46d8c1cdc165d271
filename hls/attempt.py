"""The order of things when a recording becomes a track; what FFmpeg does in it comes as an argument."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Generic, Protocol, TypeVar

from hls import gapless, intake
from hls.job import Forwards, Job, MediaRefused, SourceReader, read_at
from hls.report import Finished, Opened, Tagged

F = TypeVar("F", bound=gapless.Sound)
Taken = TypeVar("Taken", bound=gapless.Sound, contravariant=True)


class Encoder(Protocol[Taken]):
    """One rendition in the making."""

    def feed(self, frame: Taken, /) -> None:
        """Take the next frame."""
        ...

    def finish(self) -> int:
        """No frame follows; the duration in milliseconds."""
        ...


class Recording(Protocol[F]):
    """An opened source. Its tags and its cover are complete from the first frame on."""

    container: str
    cover: bytes

    @property
    def samples(self) -> int | None:
        """Where the container says that the sound ends, if FFmpeg does not look; None if it does."""
        ...

    def frames(self) -> Iterator[F]:
        """The sound, damage left out."""
        ...

    def opened(self, frame: F, size_bytes: int | None, /) -> Opened:
        """What this is, told by its first frame; `size_bytes` of the source, None while it arrives."""
        ...

    def tagged(self) -> Tagged:
        """What it says of itself."""
        ...

    def cut(self, frame: F, samples: int, /) -> F:
        """The first so many samples of a frame."""
        ...

    def encoder(self, frame: F, job: Job, /) -> Encoder[F]:
        """Begin a rendition for sound like that of `frame`."""
        ...


Opener = Callable[[SourceReader | Forwards], AbstractContextManager[Recording[F]]]


def package(job: Job, opener: Opener[F]) -> None:
    """Make a track of a recording; `hls.transcoder.package` says what may be raised.

    Args:
        job: with the source at its first byte.
        opener: raises MediaRefused for what it does not know.
    """
    source = job.source
    if source.size_bytes is None and intake.readable_while_arriving(read_at(source, 0, intake.HEAD_BYTES)):
        attempt = _Attempt(job, opener)
        try:
            return attempt.run(Forwards(source))
        except MediaRefused:
            if attempt.encoder is not None:
                raise
        # Nothing came out: its index stands at its end, or its beginning was too little to tell what it is.
    source.wait_complete()
    source.seek(0)
    _Attempt(job, opener).run(source)


class _Attempt(Generic[F]):
    """One pass over the source. While `encoder` is None, nothing was reported or written."""

    def __init__(self, job: Job, opener: Opener[F]) -> None:
        self._job = job
        self._open = opener
        self._told: Tagged | None = None
        self.encoder: Encoder[F] | None = None

    def run(self, file: SourceReader | Forwards) -> None:
        """Read from the first byte to the last."""
        arriving = isinstance(file, Forwards)
        with self._open(file) as recording:
            for frame in self._frames(recording, arriving):
                if self.encoder is None:
                    self.encoder = self._begin(recording, frame)
                self.encoder.feed(frame)
            if self.encoder is None:
                raise MediaRefused("no sound in it could be decoded")
            duration_ms = self.encoder.finish()
            look_again = arriving and recording.container not in intake.TAGS_COME_FIRST
        if look_again:
            self._read_tags_again()
        self._job.report(Finished(duration_ms))

    def _frames(self, recording: Recording[F], arriving: bool) -> Iterator[F]:
        """The frames without padding, whether the source still arrives or is complete."""
        samples = recording.samples
        if arriving and recording.container == "mp3":
            samples = gapless.mp3_samples(self._job.source)
        if samples is None:
            return recording.frames()
        return gapless.without_padding(recording.frames(), samples, recording.cut)

    def _begin(self, recording: Recording[F], frame: F) -> Encoder[F]:
        opened = recording.opened(frame, self._job.source.size_bytes)
        intake.check(opened.sample_rate, opened.channels)
        self._job.report(opened)
        self._tell(recording)
        return recording.encoder(frame, self._job)

    def _tell(self, recording: Recording[F]) -> None:
        """Report the tags, unless they have been reported just so."""
        tagged = recording.tagged()
        if tagged != self._told:
            self._told = tagged
            if tagged.cover_type is not None:
                self._job.output.keep_cover(recording.cover)
            self._job.report(tagged)

    def _read_tags_again(self) -> None:
        """Look for tags at the end of the source, now that it is there."""
        source = self._job.source
        source.wait_complete()
        source.seek(0)
        with suppress(MediaRefused), self._open(source) as recording:
            next(recording.frames(), None)
            self._tell(recording)
