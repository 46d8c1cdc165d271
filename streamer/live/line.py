"""What a way in needs of the stage: somebody to ask whether a source may come, and somebody to feed."""

from typing import Literal, Protocol

import msgspec

Way = Literal["icecast", "http", "rtmp", "browser"]


class Admission(msgspec.Struct, frozen=True):
    """A key that was found good for a room.

    Attributes:
        key_id: of the stream key.
        person: id of whose key it is.
        priority: of two sources with different keys the higher one is heard; among equals, the first.
        name: that person's.
        key_hash: what is kept of the key, to see whether it is still good.
    """

    room: str
    key_id: str
    person: str
    priority: int
    name: str = ""
    key_hash: str = ""


class Offer(msgspec.Struct, frozen=True):
    """What a source says of itself before its sound.

    Attributes:
        media_type: Content-Type without parameters, lower case; empty if it did not say.
        container: FFmpeg's name of the format, where the way in knows it ("flv" for RTMP); empty to find out.
        client: what the program calls itself; at most 200 characters.
        name, description, genre, url: of the show, as `ice-*` fields have them; empty if it did not say.
    """

    way: Way
    media_type: str = ""
    container: str = ""
    client: str = ""
    name: str = ""
    description: str = ""
    genre: str = ""
    url: str = ""


class Dismissal(msgspec.Struct, frozen=True):
    """Why the stage lets go of a source. `code` is for programs, `reason` for people.

    `taken-over`: another source came with the same key. `revoked`: the key was. `refused`: its sound can't be
    decoded. `ended`: the host ended the show. `stopping`: the server stops, come back in a moment. `stalled`:
    nothing came for too long.
    """

    code: Literal["taken-over", "revoked", "refused", "ended", "stopping", "stalled"]
    reason: str


class Shell(Protocol):
    """A way in, as the stage sees it: who holds a source's connection. Called on the event loop."""

    def dismissed(self, dismissal: Dismissal) -> None:
        """Close the connection; nothing is wanted of it any more. Called at most once."""
        ...

    def may_write(self) -> None:
        """There is room again, after `Line.full`."""
        ...


class Line(Protocol):
    """One source on the stage. Every call returns at once; after `close` or `dismissed`, they do nothing."""

    @property
    def full(self) -> bool:
        """More waits than should: read no further until `Shell.may_write`. What is written meanwhile is kept
        up to twice the bound, then the source is dismissed."""
        ...

    def write(self, data: bytes) -> None:
        """More of the source, in its container."""
        ...

    def title(self, artist: str | None, title: str | None, text: str | None) -> None:
        """What plays from the sound on that comes next; any of the three may be missing."""
        ...

    def close(self, *, complete: bool) -> None:
        """Nothing more comes. `complete`: the source said so; otherwise its connection broke. Both start the
        show's grace."""
        ...


class KeyRefused(Exception):
    """Not a key of that room, or no longer. The message says no more than that."""


class StageFull(Exception):
    """So many sources are connected already, or take over from each other; the message has the number."""


class Stage(Protocol):
    """Where every way in brings its sources."""

    async def admit(self, room: str, key: str) -> Admission:
        """Judge a stream key.

        Raises:
            KeyRefused, DatabaseFailed
        """
        ...

    async def admit_key(self, key: str) -> Admission:
        """Judge a stream key that came without a room, and find its room.

        Raises:
            KeyRefused, DatabaseFailed
        """
        ...

    def connect(self, admission: Admission, offer: Offer, shell: Shell) -> Line:
        """A source is there. The show begins, goes on, or the source waits as a fallback.

        Raises:
            StageFull
        """
        ...

    def announce(self, admission: Admission, artist: str | None, title: str | None, text: str | None) -> bool:
        """A title that came beside the source's line, as Icecast's clients send it, for the source with that
        key, before or while it is connected. False if the room has no source."""
        ...
