"""An event of a room's log as everyone sees it: JSON, encoded once, around the number that it gets."""

from typing import Any

import msgspec

from chat.broker import Draft, Entry
from chat.fields import Author

_encode = msgspec.json.Encoder().encode
_DELETED = b'{"type":"deleted"'
_HAS_WORDS = (b'{"type":"message"', b'{"type":"edited"')
_KEPT = ("reply_to", "thread", "of", "media")  # where it belongs, and nothing of what it said


def split_entry(draft: Draft) -> tuple[bytes, bytes]:
    """What comes before and after the digits of `seq` in the payload."""
    head = b'{"type":%b,"room":%b,"seq":' % (_encode(draft.kind), _encode(draft.room))
    rest: dict[str, Any] = {"id": draft.id, "nonce": draft.nonce, "author": draft.author}
    if draft.body is not None:
        rest["body"] = draft.body
    return head, b"," + _encode(rest | draft.more | {"at": draft.at})[1:]


def encode_entry(draft: Draft, seq: int) -> Entry:
    """The entry that `draft` becomes when it is number `seq`."""
    head, tail = split_entry(draft)
    return Entry(seq, b"%b%d%b" % (head, seq, tail))


def deletion(entry: Entry) -> tuple[str, int] | None:
    """The id of the message that an entry deletes, and when."""
    if not entry.payload.startswith(_DELETED):
        return None
    event = _decode(entry.payload)
    return event["id"], event["at"]


def edited(entry: Entry) -> str | None:
    """The id of the message that an entry gives other words."""
    if not entry.payload.startswith(_HAS_WORDS[1]):
        return None
    id: str = _decode(entry.payload)["id"]
    return id


def says(entry: Entry, id: str, kinds: tuple[bytes, ...] = _HAS_WORDS) -> bool:
    """Whether an entry is a message with that id, or an edit of it."""
    payload = entry.payload
    # A text may hold the same bytes; the decoder knows.
    return payload.startswith(kinds) and _encode(id) in payload and _decode(payload)["id"] == id


def is_message(entry: Entry, id: str) -> bool:
    """Whether an entry is the message with that id."""
    return says(entry, id, _HAS_WORDS[:1])


def blank(entry: Entry, at: int) -> Entry:
    """What is left of an entry that has words of a message, once the message was deleted at `at`."""
    event = _decode(entry.payload)
    author = Author(event["author"]["id"], event["author"]["name"])
    of_message = event["type"] == "message"
    more = keep_place(event) | ({"deleted_at": at} if of_message else {})
    body = "" if of_message else None
    draft = Draft(event["room"], event["nonce"], author, event["id"], event["at"], event["type"], body, more)
    return encode_entry(draft, entry.seq)


def keep_place(more: dict[str, Any]) -> dict[str, Any]:
    """Of the members of an event, those that stay when the message is deleted or edited."""
    return {name: more[name] for name in _KEPT if name in more}


def _decode(payload: bytes) -> dict[str, Any]:
    event: dict[str, Any] = msgspec.json.decode(payload)
    return event
