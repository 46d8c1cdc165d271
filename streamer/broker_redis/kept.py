"""What this node knows of the logs and SQL does not have yet: it can put it back if Redis loses it."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from chat.broker import Draft, Entry
from chat.fields import Author

_OVERHEAD_BYTES = 150


class _Said(msgspec.Struct):
    """The members of an event that `chat.entries` does not take from `Draft.more`."""

    type: str
    room: str
    seq: int
    id: str
    nonce: str
    author: Author
    at: int
    body: str | None = None


_MEMBERS = frozenset(_Said.__struct_fields__)
_decode = msgspec.json.Decoder(dict).decode


def read_payload(payload: bytes) -> tuple[Draft, int]:
    """The draft that an entry was made of, without its charges, and its seq."""
    event = _decode(payload)
    said = msgspec.convert(event, _Said)
    more = {name: value for name, value in event.items() if name not in _MEMBERS}
    return Draft(said.room, said.nonce, said.author, said.id, said.at, said.type, said.body, more), said.seq


class Kept:
    """Entries by room, until they are archived.

    Bound: `max_bytes`; beyond it the oldest of a room are let go, and `dropped_total` counts them.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rooms: dict[str, tuple[str, dict[int, Entry]]] = {}  # epoch, entries by seq
        self.size_bytes = 0
        self.dropped_total = 0

    def __len__(self) -> int:
        return sum(len(entries) for _, entries in self._rooms.values())

    @property
    def rooms(self) -> Collection[str]:
        return list(self._rooms)

    def add(self, room: str, epoch: str, entries: Iterable[Entry]) -> None:
        """Keep what was stored. What is known already is left as it is."""
        known = self._rooms.get(room)
        if known is None or known[0] != epoch:
            self.forget(room)
            known = self._rooms[room] = (epoch, {})
        for entry in entries:
            if entry.seq not in known[1]:
                known[1][entry.seq] = entry
                self.size_bytes += _size_bytes(entry)
        while self.size_bytes > self._max_bytes and known[1]:
            self._drop(known[1], next(iter(known[1])))
            self.dropped_total += 1

    def archived(self, room: str, seq: int) -> None:
        """Let go of what SQL has: everything up to `seq`."""
        known = self._rooms.get(room)
        if known is None:
            return
        for number in [number for number in known[1] if number <= seq]:
            self._drop(known[1], number)
        if not known[1]:
            del self._rooms[room]

    def of_room(self, room: str) -> tuple[str, Sequence[Entry]]:
        """The epoch, and the entries by seq."""
        epoch, entries = self._rooms.get(room, ("", {}))
        return epoch, [entries[seq] for seq in sorted(entries)]

    def forget(self, room: str) -> None:
        _, entries = self._rooms.pop(room, ("", {}))
        self.size_bytes -= sum(map(_size_bytes, entries.values()))

    def _drop(self, entries: dict[int, Entry], seq: int) -> None:
        self.size_bytes -= _size_bytes(entries.pop(seq))


def _size_bytes(entry: Entry) -> int:
    return len(entry.payload) + _OVERHEAD_BYTES
