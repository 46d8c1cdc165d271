"""What a client does to messages next."""

import random
from collections import deque
from collections.abc import Collection, Iterable, Sequence

from chaos.history import Shown

_REMEMBERED = 20  # messages of a room
_OWN, _TAKEN_BACK = 0.4, 0.35  # shares of what is done
_EMOJIS = ("+1", "tada", "heart")

Wish = tuple[str, str, str]
"""The kind of entry that is to come of it, the message's id, and an emoji."""


class Meddler:
    """Reacts to the last messages of a few rooms and takes reactions back, edits and deletes its own."""

    def __init__(self, rooms: Sequence[str], chance: random.Random) -> None:
        self._chance = chance
        self._seen: dict[str, deque[Shown]] = {room: deque(maxlen=_REMEMBERED) for room in rooms}
        self._reacted: dict[str, deque[tuple[str, str]]] = {room: deque(maxlen=_REMEMBERED) for room in rooms}

    def see(self, room: str, entries: Iterable[Shown]) -> None:
        """Entries were shown."""
        self._seen[room].extend(entry for entry in entries if entry.kind == "message" and entry.body)

    def wish(self, room: str, author: str, busy: Collection[str]) -> Wish | None:
        """Something to do, or nothing. Args: `busy` are messages that something is being done to."""
        taken_back = [one for one in self._reacted[room] if one[0] not in busy]
        if taken_back and self._chance.random() < _TAKEN_BACK:
            id, emoji = self._chance.choice(taken_back)
            self._reacted[room].remove((id, emoji))
            return "unreacted", id, emoji
        found = [entry for entry in self._seen[room] if entry.id not in busy]
        own = [entry for entry in found if entry.author == author]
        if own and self._chance.random() < _OWN:
            return self._chance.choice(("edited", "edited", "deleted")), self._chance.choice(own).id, ""
        if not found:
            return None
        id, emoji = self._chance.choice(found).id, self._chance.choice(_EMOJIS)
        self._reacted[room].append((id, emoji))
        return "reacted", id, emoji
