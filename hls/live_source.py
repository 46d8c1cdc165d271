"""What the decoder of a live source tells the server, beside its sound."""

from hls.report import Broken, Refused, Report


class SourceOpened(Report, frozen=True):
    """It was recognised; again where a source changes its format.

    Attributes:
        container, codec: FFmpeg's names.
        sample_rate: Hz, of the source.
        channels: of the source.
        bitrate: bits per second, as the source claims; 0 where it does not.
    """

    container: str
    codec: str
    sample_rate: int
    channels: int
    bitrate: int


class SourceTitled(Report, frozen=True):
    """What plays from the sound on that comes next, as its tags say; cleaned, at most 512 characters each."""

    artist: str | None
    title: str | None


class SourceMarked(Report, frozen=True):
    """The bytes before the mark are read; the sound that comes next is, but for a frame or two, behind it."""

    mark: int


class SourceEnded(Report, frozen=True):
    """All its sound is out."""


AnySourceReport = SourceOpened | SourceTitled | SourceMarked | SourceEnded | Refused | Broken
"""One of the last three comes last; `Refused.reason` is for who sent the source."""
