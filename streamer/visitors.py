"""Who comes here: names that are taken, who has spoken where, and from which network."""

from collections import OrderedDict

from chat.networks import own_network
from chat.roles import Person
from chat.skeleton import is_reserved, skeleton
from streamer.lane import DatabaseFailed
from streamer.orders import Orders
from streamer.people_rows import forget_addresses, has_spoken, note_account, note_people, read_account_names

MAX_ACCOUNT_NAMES = 100_000
_MAX_KNOWN = 50_000
_MAX_UNWRITTEN = 10_000


class Visitors:
    """Remembers people, in memory and soon after in the database.

    Bounds: 100,000 names of accounts, the newest; 50,000 people who are known to have spoken; 10,000 notes
    that wait to be written, beyond which the oldest is dropped, and made again when the person next speaks.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._names: dict[str, set[str]] = {}
        self._accounts: dict[str, str] = {}  # author id -> name, of those who were here since the start
        self._known: OrderedDict[tuple[str, str], tuple[str, str | None]] = OrderedDict()
        self._unwritten: OrderedDict[tuple[str, str], dict[str, object]] = OrderedDict()

    async def load(self) -> None:
        """Learn the names of accounts. Raises DatabaseFailed."""
        for shown, author_id in await self._orders.run(read_account_names, MAX_ACCOUNT_NAMES):
            self._names.setdefault(shown, set()).add(author_id)

    def is_taken(self, name: str) -> bool:
        """Whether a guest may not be called that: it looks like the name of an account, or the server's."""
        return is_reserved(name) or skeleton(name) in self._names

    def claim(self, author_id: str, name: str) -> bool:
        """An account is here under its name. Returns whether that is new: then `remember` and tell it."""
        shown = skeleton(name)
        self._names.setdefault(shown, set()).add(author_id)
        if self._accounts.get(author_id) == name:
            return False
        if len(self._accounts) >= MAX_ACCOUNT_NAMES:
            self._accounts.clear()
        self._accounts[author_id] = name
        return True

    async def remember(self, author_id: str, name: str, now_ms: int) -> None:
        """Keep the name of an account. Raises DatabaseFailed."""
        await self._orders.run(note_account, author_id, name, now_ms)

    def spoke(self, room: str, person: Person, now_ms: int) -> None:
        """Somebody's message is on its way into a room."""
        network = None if person.account else own_network(person.address)
        key, shown = (room, person.id), (person.name, str(network) if network else None)
        if self._known.get(key) == shown:
            return
        self._known[key] = shown
        self._known.move_to_end(key)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        row = {"room": room, "author_id": person.id, "name": person.name, "account": person.account}
        self._unwritten[key] = row | {"network": shown[1], "at": now_ms}
        if len(self._unwritten) > _MAX_UNWRITTEN:
            self._unwritten.popitem(last=False)

    def knows(self, room: str, author_id: str) -> bool:
        """Whether it is known from memory that somebody has spoken there."""
        return (room, author_id) in self._known

    async def has_spoken(self, room: str, author_id: str) -> bool:
        """Whether somebody has spoken there. Raises DatabaseFailed."""
        return self.knows(room, author_id) or await self._orders.run(has_spoken, room, author_id)

    @property
    def unwritten(self) -> int:
        """Notes that wait to be written."""
        return len(self._unwritten)

    async def forget(self, before_ms: int) -> None:
        """Forget from where people spoke who have not since. Raises DatabaseFailed."""
        await self._orders.run(forget_addresses, before_ms)

    async def write(self) -> None:
        """Write what is not written. Raises DatabaseFailed, and keeps it for the next time."""
        if not self._unwritten:
            return
        rows, self._unwritten = self._unwritten, OrderedDict()
        try:
            await self._orders.run(note_people, list(rows.values()))
        except DatabaseFailed:
            self._unwritten = OrderedDict(list((rows | self._unwritten).items())[-_MAX_UNWRITTEN:])
            raise
