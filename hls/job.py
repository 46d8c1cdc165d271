"""What a packaging job is given, and how it says that the source is at fault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hls import ladder
from hls.report import AnyReport

T_contra = TypeVar("T_contra", contravariant=True)

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

    def replace(self, rendition: str, offset: int, data: bytes, /) -> None:
        """Put other bytes in the place of as many that are there."""
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

    def arrived(self, offset: int, size: int, /) -> bytes:
        """What is there of these bytes, without waiting; the next read begins where it would have."""
        ...

    def wait_complete(self) -> None:
        """Return when nothing more will arrive."""
        ...


class Lane(Protocol[T_contra]):
    """Work that goes on beside other work, item by item, in order."""

    def feed(self, item: T_contra, /) -> None:
        """Give it an item. Waits while it has too many; raises what an item before has raised."""
        ...

    def finish(self) -> None:
        """Wait until every item is done; raises what one of them has raised."""
        ...


class InTurn:
    """A lane for who has no other place to work: each item is done before the next thing happens."""

    def __init__(self, work: Callable[[Any], None]) -> None:
        self.feed = work

    def finish(self) -> None:
        """All is done already."""


Lanes = Callable[[Callable[[Any], None]], Lane[Any]]
"""Opens a lane where every item is handed to the callable."""


@dataclass(frozen=True)
class Job:
    """All that a packaging job is given.

    Attributes:
        report: called from every lane, one at a time.
        wanted: names of the renditions that the operator allows.
        lanes: where the renditions are encoded.
    """

    source: SourceReader
    output: Output
    limits: Limits
    report: Reporter
    wanted: tuple[str, ...] = ladder.DEFAULT
    lanes: Lanes = InTurn


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
