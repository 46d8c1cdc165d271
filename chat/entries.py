"""An event of a room's log as everyone sees it: JSON, encoded once, around the number that it gets."""

from typing import Any

import msgspec

from chat.broker import Draft, Entry

_encode = msgspec.json.Encoder().encode


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
