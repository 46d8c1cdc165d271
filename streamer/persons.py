"""What is known of people, kept in SQL for all nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.fields import Author
from streamer import person_rows
from streamer.lane import Lane
from streamer.person_rows import DirectRow, Pair

_READERS = 2


class Persons:
    """Reads and writes what `streamer.person_rows` says. Every method raises DatabaseFailed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._writer = Lane(engine, "veza-persons")
        self._readers = Lane(engine, "veza-person-reads", _READERS)

    async def note(self, known: Sequence[Mapping[str, Any]], markers: Sequence[Mapping[str, Any]]) -> None:
        """Rows of the tables `persons` and `read_markers`, to be put in or brought up to date."""
        await self._writer.run(person_rows.write, known, markers)

    async def markers(self, ids: Sequence[str]) -> Sequence[Any]:
        """(person, room, epoch, seq), those set last at the end."""
        return await self._readers.run(person_rows.read_markers_of, ids)

    async def name(self, id: str) -> str | None:
        """The name that somebody had last; None for who was never here."""
        return await self._readers.run(person_rows.find_name, id)

    async def is_blocked(self, one: str, other: str) -> bool:
        """Whether one of two has blocked the other."""
        return await self._readers.run(person_rows.is_blocked, one, other)

    async def pair(self, room: str) -> Pair | None:
        """Who may be in a direct room."""
        return await self._readers.run(person_rows.find_pair, room)

    async def open_direct(self, room: str, one: str, other: str, at: int) -> tuple[str, bool]:
        """The direct room of two, to be called `room` if there is none yet; and whether it is new."""
        return await self._writer.run(person_rows.open_direct, room, one, other, at)

    async def directs(self, id: str, limit: int) -> list[DirectRow]:
        """The direct rooms of somebody; where something happened last comes first."""
        return await self._readers.run(person_rows.list_directs, id, limit)

    async def block(self, id: str, other: str, at: int, max_blocks: int) -> tuple[bool, str | None]:
        """Whether somebody is blocked now, and not one too many; and the direct room of the two."""
        return await self._writer.run(person_rows.block, id, other, at, max_blocks)

    async def unblock(self, id: str, other: str) -> None:
        await self._writer.run(person_rows.unblock, id, other)

    async def blocks(self, id: str) -> list[Author]:
        """Whom somebody has blocked, the last first."""
        return await self._readers.run(person_rows.list_blocks, id)

    async def blockers(self, id: str, ids: Sequence[str]) -> set[str]:
        """Those of `ids` who have blocked somebody: these are not told that they were mentioned."""
        return await self._readers.run(person_rows.blockers, id, ids)

    async def forget_guests(self, before_ms: int) -> None:
        """Let go of guests who were not here since."""
        await self._writer.run(person_rows.forget_guests, before_ms)

    async def close(self) -> None:
        """Wait for what runs; nothing may be asked any more."""
        await self._writer.close()
        await self._readers.close()
