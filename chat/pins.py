"""What is pinned in a room, kept in step with the log."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from chat.broker import Entry

_KINDS = tuple(b'{"type":"%b"' % kind for kind in (b"pinned", b"unpinned", b"edited", b"deleted"))
_OF_THE_TEXT = ("mentions", "track")


class Pins:
    """The messages that are pinned, the first pin first, as they stand as far as is known here.

    Bound: `pins_per_room`, which is judged before an entry comes into the log.
    """

    __slots__ = ("_shown",)

    def __init__(self) -> None:
        self._shown: dict[str, bytes] = {}

    def load(self, messages: Iterable[Entry]) -> None:
        """They were read, with all that came before now."""
        self._shown = {msgspec.json.decode(entry.payload)["id"]: entry.payload for entry in messages}

    def apply(self, entry: Entry, find: Callable[[str], Entry | None]) -> bool:
        """Take the next entry of the log, or those once more that were read with it, in order.

        Args:
            find: a message by its id, if it is held in memory.

        Returns:
            Whether they should be read again: more is to be known of a message than this entry says.
        """
        if not entry.payload.startswith(_KINDS):
            return False
        event: dict[str, Any] = msgspec.json.decode(entry.payload)
        id, kind = event["id"], event["type"]
        if kind == "pinned":
            if id in self._shown:  # it was read, with what is known of it
                return False
            held = find(id)
            said: dict[str, Any] = {} if held is None else msgspec.json.decode(held.payload)
            if "deleted_at" in said:  # whoever pinned it did not know yet
                return False
            if said:
                self._show(said | {"pinned": True})
            return True
        if kind != "edited":
            self._shown.pop(id, None)
            return False
        if id not in self._shown or "body" not in event:
            return False
        message: dict[str, Any] = msgspec.json.decode(self._shown[id])
        message = {name: value for name, value in message.items() if name not in _OF_THE_TEXT}
        anew = {name: event[name] for name in ("body", *_OF_THE_TEXT) if name in event}
        self._show(message | anew | {"edited_at": event["at"]})
        return False

    def frames(self) -> Sequence[Raw]:
        """As they go into `joined`."""
        return [Raw(payload) for payload in self._shown.values()]

    def _show(self, message: dict[str, Any]) -> None:
        self._shown[message["id"]] = msgspec.json.encode(message)
