"""What a packaging job is given, and how it says that the source is at fault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hls.report import AnyReport

Reporter = Callable[[AnyReport], None]


class MediaRefused(Exception):
    """The source can't become a track. The message is for the person who sent it."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one job, beside those that the operating system watches over.

    Attributes:
        max_duration_s: a source with more sound is refused.
    """

    max_duration_s: int


class Output(Protocol):
    """Where the files of a track go. What it was given is on disk when a call returns."""

    def append(self, rendition: str, data: bytes, /) -> None:
        """Put bytes at the end of a rendition's file."""
        ...

    def keep_cover(self, data: bytes, /) -> None:
        """Put the cover in its place, instead of one that was there."""
        ...


class SourceReader(Protocol):
    """The source as a file that may still be growing."""

    @property
    def size_bytes(self) -> int | None:
        """Its length, or None while it arrives."""
        ...

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end. Waits for what has not arrived."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As files have it; the end of a source that still arrives is -1, which FFmpeg takes for unknown."""
        ...

    def tell(self) -> int:
        """Where the next read begins."""
        ...

    def wait_complete(self) -> None:
        """Return when nothing more will arrive."""
        ...


@dataclass(frozen=True)
class Job:
    """All that a packaging job is given."""

    source: SourceReader
    output: Output
    limits: Limits
    report: Reporter


class Forwards:
    """A source that can't seek: FFmpeg then takes things as they come, and asks for nothing from the end."""

    def __init__(self, source: SourceReader) -> None:
        self.read = source.read


def read_at(source: SourceReader, offset: int, size: int) -> bytes:
    """Up to `size` bytes from `offset`, fewer at the end; the next read begins where it would have."""
    place = source.tell()
    source.seek(offset)
    data = b""
    while len(data) < size and (piece := source.read(size - len(data))):
        data += piece
    source.seek(place)
    return data
