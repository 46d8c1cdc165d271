"""The order of rooms as this node knows it: in memory, and read again when it changes."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from chat.order import EVERYWHERE, Order
from streamer.lane import Lane
from streamer.order_rows import read_order, revisions

P = ParamSpec("P")
T = TypeVar("T")

_REVISIONS_PER_READ = 500


class Orders:
    """What holds in each room, from memory; one read of the database for each room that is not there.

    Bound: `max_kept` rooms; beyond it the one used longest ago is forgotten until it is wanted again.

    Attributes:
        general: what holds in all of them.
        replaced: called with what held in a room as far as that was known, and what holds now.
    """

    def __init__(self, lane: Lane, max_kept: int) -> None:
        self._lane = lane
        self._max_kept = max_kept
        self._kept: OrderedDict[str, Order] = OrderedDict()
        self.general = Order(EVERYWHERE)
        self.replaced: Callable[[Order | None, Order], None] = lambda old, new: None

    def get(self, room: str) -> Order | None:
        """What holds in a room if that is known, else None: then `load` it."""
        order = self._kept.get(room)
        if order is not None:
            self._kept.move_to_end(room)
        return order

    async def load(self, room: str) -> Order:
        """What holds in a room. Safe to cancel.

        Raises:
            DatabaseFailed
        """
        return self.get(room) or await self.reload(room)

    async def reload(self, room: str) -> Order:
        """Read what holds in a room, `EVERYWHERE` for all, as it is now or later. Raises DatabaseFailed."""
        order = await self._lane.run(read_order, room)
        if room == EVERYWHERE:
            if order.revision >= self.general.revision:
                self.general = order
            return self.general
        kept = self._kept.get(room)
        if kept is not None and kept.revision > order.revision:
            return kept  # a later read was quicker
        self._kept[room] = order
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
        self.replaced(kept, order)
        return order

    async def renew(self) -> list[str]:
        """Read again what has changed, of the rooms that are known; which they are. Raises DatabaseFailed."""
        known = {EVERYWHERE: self.general.revision} | {room: one.revision for room, one in self._kept.items()}
        names, changed = list(known), []
        for start in range(0, len(names), _REVISIONS_PER_READ):
            found = await self._lane.run(revisions, names[start : start + _REVISIONS_PER_READ])
            changed += [room for room, revision in found.items() if revision != known[room]]
        for room in changed:
            await self.reload(room)
        return changed

    async def run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A transaction, as `Lane.run`. Raises DatabaseFailed and whatever `work` raises."""
        return await self._lane.run(work, *args, **kwargs)

    async def close(self) -> None:
        await self._lane.close()
