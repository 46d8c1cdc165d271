"""Ways out of a show: each takes the same bytes, and hands them on as its listeners want them."""

from typing import Protocol

import msgspec

from hls.live import ChunkCut, Metered, OnAir, PartCut


class Title(msgspec.Struct, frozen=True):
    """What is playing from a moment on.

    Attributes:
        number: 1 for the first of the show, then one more each.
        starts_at_us: media time, microseconds since the Unix epoch.
        text: what people read: `artist - title`, or what the source said; at most 300 characters.
        artist, title: where the source told them apart.
    """

    number: int
    starts_at_us: int
    text: str
    artist: str | None = None
    title: str | None = None


class Outlet(Protocol):
    """Takes what a show gives. Called on the event loop, in order, and never waits or raises.

    Any number of shows go through one outlet; `show.room` tells them apart.
    """

    def started(self, show: OnAir) -> None:
        """A show begins, or goes on after a restart of the server: then its first part is a discontinuity."""
        ...

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        """Access units of one rendition."""
        ...

    def part(self, show: OnAir, part: PartCut) -> None:
        """A part of one rendition. Those of one number come right behind each other, in the order of
        `show.renditions`, those that have no parts left out."""
        ...

    def renewed(self, show: OnAir) -> None:
        """The encoders had to be opened again; `show` is the same show from a new tick 0 on: its next part is
        a discontinuity."""
        ...

    def titled(self, show: OnAir, title: Title) -> None:
        """Something else is playing."""
        ...

    def metered(self, show: OnAir, levels: Metered) -> None:
        """How the sound is."""
        ...

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        """The source is away, and the show goes on with silence; or it is back."""
        ...

    def ended(self, show: OnAir) -> None:
        """Nothing more comes."""
        ...

    def handed_over(self, show: OnAir) -> None:
        """Nothing more comes from here: another node goes on with it, under another id, for the same
        listeners. `started`, or what is followed from there, comes next."""
        ...


class Deaf:
    """An outlet that listens to nothing, for those to inherit from that want only some of it."""

    def started(self, show: OnAir) -> None: ...

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None: ...

    def part(self, show: OnAir, part: PartCut) -> None: ...

    def renewed(self, show: OnAir) -> None: ...

    def titled(self, show: OnAir, title: Title) -> None: ...

    def metered(self, show: OnAir, levels: Metered) -> None: ...

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None: ...

    def ended(self, show: OnAir) -> None: ...

    def handed_over(self, show: OnAir) -> None: ...
