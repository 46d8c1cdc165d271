"""Accounts: whose a track is, and how much each may keep.

There is no table of them: an account is the id in its tokens, and what it has is counted from its tracks.
Whoever uploads without an account shares one, that of nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from streamer.auth import Identity
from streamer.catalogue import Catalogue
from streamer.problems import QuotaExceeded
from streamer.shelf import Shelf
from streamer.track import State, TrackRecord
from streamer.work import Work

# An upload that does not say its length reserves so much ahead, which saves questions to the database; where
# there is little room, a small part of that, for others may want it.
_AHEAD_BYTES = 8 << 20
_AHEAD_PART = 16


class Account(msgspec.Struct, frozen=True):
    """What an account has. `id` and `name` are null for all who upload without one.

    `used_bytes` counts recordings as they were uploaded, also those whose bytes several tracks share, and of
    uploads that run what they have announced. `quota_bytes` is null where there is no limit.
    """

    id: str | None
    name: str | None
    used_bytes: int
    quota_bytes: int | None
    tracks: int


class Quota:
    """Holds every account to `max_bytes`; 0 is no limit.

    An upload is judged with all that its account has, and with what its other uploads have announced, one
    after the other: so uploads that begin at once can't each take the same room.
    """

    def __init__(self, catalogue: Catalogue, shelf: Shelf, max_bytes: int) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._max_bytes = max_bytes
        self._turn = asyncio.Lock()

    async def account(self, identity: Identity | None) -> Account:
        """What an account, or with None everybody who has none, keeps here."""
        id, name = (None, None) if identity is None else (identity.id, identity.name)
        used_bytes = await self._used_bytes(id, None)
        tracks = await self._catalogue.count(id)
        return Account(id, name, used_bytes, self._max_bytes or None, tracks)

    async def check(self, owner: Identity | None, coming_bytes: int) -> None:
        """Whether so much more may come, as things are now: a refusal before the body is sent.

        Raises:
            QuotaExceeded
        """
        if self._max_bytes:
            self._judge(await self._used_bytes(_id_of(owner), None), coming_bytes)

    async def admit(
        self, owner: Identity | None, coming_bytes: int, begin: Callable[[], Awaitable[Work]]
    ) -> Work:
        """Begin an upload if there is room for it; what it has announced is reserved from then on.

        Args:
            coming_bytes: its announced length; 0 if it does not say: then `extend` reserves as it grows.
            begin: makes the track, with that length.

        Raises:
            QuotaExceeded, and whatever `begin` raises.
        """
        if not self._max_bytes:
            return await begin()
        async with self._turn:
            self._judge(await self._used_bytes(_id_of(owner), None), coming_bytes)
            return await begin()

    async def extend(self, record: TrackRecord, to_bytes: int) -> None:
        """Reserve room for an upload that has become, or will become, `to_bytes` long.

        Raises:
            QuotaExceeded
        """
        if not self._max_bytes or to_bytes <= claimed_bytes(record):
            return
        async with self._turn:
            used_bytes = await self._used_bytes(record.owner_id, record)
            self._judge(used_bytes, to_bytes)
            room_bytes = self._max_bytes - used_bytes - to_bytes
            record.reserved_bytes = to_bytes + min(_AHEAD_BYTES, room_bytes // _AHEAD_PART)

    def _judge(self, used_bytes: int, coming_bytes: int) -> None:
        if used_bytes + max(coming_bytes, 1) > self._max_bytes:
            used = f"{used_bytes} of the account's {self._max_bytes} bytes are used"
            raise QuotaExceeded(f"{used}, and {coming_bytes or 'more'} were to come")

    async def _used_bytes(self, owner_id: str | None, but: TrackRecord | None) -> int:
        """What an account has, without the track `but`."""
        # Tracks in work are counted as they are in memory, all others as they are in the database. A track
        # that is finished while the database thinks is counted once, as it was.
        own = [record for record in self._shelf.active() if record.owner_id == owner_id]
        working = sum(claimed_bytes(record) for record in own if record is not but)
        return working + await self._catalogue.stored_bytes(owner_id, [record.id for record in own])


def claimed_bytes(record: TrackRecord) -> int:
    """What a track in work takes of its account: while it arrives, what is to come too."""
    if record.state is State.FAILED:
        return 0
    if record.state is not State.RECEIVING:
        return record.received_bytes
    return max(record.size_bytes, record.received_bytes, record.reserved_bytes)


def _id_of(owner: Identity | None) -> str | None:
    return None if owner is None else owner.id
