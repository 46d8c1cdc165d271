"""A stage that remembers what ways in bring to it, for tests of them."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from streamer.live.line import Admission, Dismissal, KeyRefused, Offer, Shell, StageFull

KEY = "a-key-of-the-den"


@dataclass
class FakeLine:
    """What one source has brought."""

    admission: Admission
    offer: Offer
    shell: Shell
    data: bytearray = field(default_factory=bytearray)
    titles: list[tuple[str | None, str | None, str | None]] = field(default_factory=list)
    complete: bool | None = None
    full: bool = False
    largest_bytes: int = 0

    def write(self, data: bytes) -> None:
        assert self.complete is None
        self.data += data
        self.largest_bytes = max(self.largest_bytes, len(data))

    def title(self, artist: str | None, title: str | None, text: str | None) -> None:
        self.titles.append((artist, title, text))

    def close(self, *, complete: bool) -> None:
        assert self.complete is None
        self.complete = complete

    def dismiss(self, code: Any, reason: str = "for a reason") -> None:
        self.shell.dismissed(Dismissal(code, reason))


class FakeStage:
    """Knows one key, of all rooms, and any others it is told."""

    def __init__(self) -> None:
        self.lines: list[FakeLine] = []
        self.announced: list[tuple[str, str | None, str | None, str | None]] = []
        self.keys = {KEY: 0}
        self.room: int = 100
        self.room = 100
        self.judged: list[tuple[str, str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None
        self.full = False

    async def admit(self, room: str, key: str) -> Admission:
        self.judged.append((room, key))
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        if key not in self.keys:
            raise KeyRefused("not a key of this room")
        return Admission(room, key, "ann", self.keys[key])

    async def admit_key(self, key: str) -> Admission:
        return await self.admit("den", key)

    def connect(self, admission: Admission, offer: Offer, shell: Shell) -> FakeLine:
        if len(self.lines) >= self.room:
            raise StageFull(f"{self.room} sources are connected already")
        line = FakeLine(admission, offer, shell, full=self.full)
        self.lines.append(line)
        return line

    def announce(self, admission: Admission, artist: str | None, title: str | None, text: str | None) -> bool:
        self.announced.append((admission.room, artist, title, text))
        return bool(self.lines)
