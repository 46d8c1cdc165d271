"""What was said in rooms, as it stands now: for those who look back."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Entry
from chat.limits import ChatLimits
from streamer import history_rows
from streamer.history_rows import Found, MessagePage, Standing
from streamer.lane import Lane

_READERS = 2


class History:
    """Reads the log in SQL. Behind a log elsewhere by as much as `Broker.caught_up` says.

    Every method raises DatabaseFailed.
    """

    def __init__(self, engine: AsyncEngine, limits: ChatLimits | None = None) -> None:
        self._limits = limits or ChatLimits()
        self._readers = Lane(engine, "veza-looking-back", _READERS)

    async def find(self, room: str, id: str) -> Found | None:
        """A message of a room, None if there is none with this id."""
        return await self._readers.run(history_rows.find, room, id)

    async def page(
        self,
        room: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int | None = None,
        thread: str | None = None,
        viewer: str | None = None,
    ) -> MessagePage:
        """Messages and system events, oldest first, with a hole where other kinds were.

        Args:
            before: those with the greatest seqs below this; None for the newest there are.
            after: instead, those with the smallest seqs above this.
            limit: at most so many, and never more than `page_messages` or than `history_bytes` hold.
            thread: only the message with this id, and the replies in its thread.
            viewer: id of the one who is named first in reactions.
        """
        return await self._readers.run(
            history_rows.page,
            room,
            before=before,
            after=after,
            limit=self._at_most(limit),
            thread=thread,
            viewer=viewer,
            limits=self._limits,
        )

    async def search(
        self,
        room: str,
        text: str,
        *,
        before: int | None = None,
        limit: int | None = None,
        viewer: str | None = None,
    ) -> MessagePage:
        """Messages that have every word of `text`, whatever it is; newest first. Args as for `page`."""
        return await self._readers.run(
            history_rows.search,
            room,
            text,
            before=before,
            limit=self._at_most(limit),
            viewer=viewer,
            limits=self._limits,
        )

    async def pins(self, room: str) -> Sequence[Entry]:
        """The messages that are pinned, the first pin first."""
        return await self._readers.run(history_rows.pinned, room, self._limits)

    async def pinned_ids(self, room: str) -> Sequence[str]:
        """The ids of what is pinned."""
        return await self._readers.run(history_rows.pinned_ids, room)

    async def standing(self, room: str, id: str, author_id: str) -> Standing:
        """The reactions to a message, and those of one person among them."""
        return await self._readers.run(history_rows.standing, room, id, author_id)

    async def earlier(self, room: str, author_id: str, nonce: str, id: str | None) -> tuple[int, str] | None:
        """Seq and id of what somebody has stored with a nonce: about the message `id`, or lately."""
        return await self._readers.run(history_rows.earlier, room, author_id, nonce, id)

    async def spoken(self, room: str, keys: Iterable[str]) -> dict[str, str]:
        """Key of a name (`chat.mentions`) -> id of the one who came to speak under it last in the room."""
        return await self._readers.run(history_rows.spoken, room, list(keys))

    async def track_length_ms(self, id: str) -> int | None:
        """How long a track is, 0 while that is not known; None when there is no such track."""
        return await self._readers.run(history_rows.track_length_ms, id)

    async def close(self) -> None:
        """Wait for what runs; nothing may be asked any more."""
        await self._readers.close()

    def _at_most(self, limit: int | None) -> int:
        return min(limit or self._limits.page_messages, self._limits.page_messages)
