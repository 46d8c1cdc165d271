"""The log of rooms in SQL: its rows, and what each kind of event does to those before it.

Both ways into the log end here: the journal's transactions when it is embedded, the archive's when it is in
Redis. What is done to a message is applied in the order of `seq`, so that the rows say how it stands now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Row, delete, func, insert, select, text, update

from chat.broker import Draft, Entry
from chat.entries import encode_entry, keep_place
from chat.fields import Author
from chat.mentions import name_key
from streamer import message_words
from streamer.database import execute_often
from streamer.tables import messages, pins, reactions, rooms

MessageRow = Row[*tuple[Any, ...]]  # of the table `messages`
LogRow = Mapping[str, Any]  # the columns in `COLUMNS`, which are in the order of the table

COLUMNS = ("room", "seq", "id", "nonce", "author_id", "author_name", "body", "at", "kind", "more", "thread")
_values = itemgetter(*COLUMNS)
_NONCES_PER_READ = 1000
_OF_THE_TEXT = ("mentions", "track")  # what an edit says anew
_STANDING = (messages.c.kind == "message") & messages.c.deleted_at.is_(None)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the tables `rooms` and `messages`, committed together or not at all."""

    rooms: Sequence[dict[str, object]]
    messages: Sequence[LogRow]


@dataclass(frozen=True, slots=True)
class LogEnd:
    """What a room's log ends with.

    Attributes:
        epoch: None for a room that was never written to.
        seq: of the newest entry; 0 without one.
        recent: (author_id, nonce, seq, id, at) of the newest entries, oldest first.
    """

    epoch: str | None
    seq: int
    recent: Sequence[MessageRow]


def make_row(draft: Draft, seq: int) -> dict[str, object]:
    """The row of `messages` for a draft that is number `seq`."""
    return {
        "room": draft.room,
        "seq": seq,
        "id": draft.id,
        "nonce": draft.nonce,
        "author_id": draft.author.id,
        "author_name": draft.author.name,
        "kind": draft.kind,
        "body": draft.body or "",
        "more": _encode(draft.more),
        "thread": draft.more.get("thread"),
        "at": draft.at,
    }


def read_entry(row: MessageRow, also: Mapping[str, Any] = NOTHING) -> Entry:
    """What everyone is shown of a row: a message as it stands now.

    Args:
        also: more members of the event.
    """
    more = _decode(row.more)
    if row.edited_at is not None:
        more["edited_at"] = row.edited_at
    if row.deleted_at is not None:
        more["deleted_at"] = row.deleted_at
    author = Author(row.author_id, row.author_name)
    body = row.body if row.body or row.kind == "message" else None
    draft = Draft(row.room, row.nonce, author, row.id, row.at, row.kind, body, more | dict(also))
    return encode_entry(draft, row.seq)


def write(connection: Connection, group: Group) -> None:
    """Add rows that are new to the log, in order of seq for each room."""
    if group.rooms:
        connection.execute(insert(rooms), group.rooms)
    execute_often(connection, _insert_messages(connection.dialect), [_values(row) for row in group.messages])
    said = [row for row in group.messages if row["kind"] == "message"]
    if said:
        message_words.put(connection, [(row["room"], row["seq"], row["body"]) for row in said])
        _note_names(connection, said)
    for row in group.messages:
        apply = _EFFECTS.get(row["kind"])
        if apply is not None:
            apply(connection, row)


def write_once(connection: Connection, group: Group) -> int:
    """Like `write`, for rows that may be there already; how many were new.

    Of two at once, one may fail with an IntegrityError, and nothing of it is written.
    """
    names = [row["name"] for row in group.rooms]
    known_rooms = set(connection.scalars(select(rooms.c.name).where(rooms.c.name.in_(names))))
    known = {
        (row.room, row.seq)
        for name in {row["room"] for row in group.messages}
        for row in connection.execute(
            select(messages.c.room, messages.c.seq).where(
                messages.c.room == name,
                messages.c.seq.in_([row["seq"] for row in group.messages if row["room"] == name]),
            )
        )
    }
    new = Group(
        [row for row in group.rooms if row["name"] not in known_rooms],
        [row for row in group.messages if (row["room"], row["seq"]) not in known],
    )
    if new.messages:
        write(connection, new)
    return len(new.messages)


def read_end(connection: Connection, room: str, since_ms: int) -> LogEnd:
    """The end of a room's log, with what was said at or after `since_ms`."""
    epoch = connection.scalar(select(rooms.c.epoch).where(rooms.c.name == room))
    seq = newest_seq(connection, room)
    columns = (messages.c.author_id, messages.c.nonce, messages.c.seq, messages.c.id, messages.c.at)
    query = select(*columns).where(messages.c.room == room)
    # By seq, backwards, until they are too old: the table has no index by time, and needs none for this.
    query = query.order_by(messages.c.seq.desc()).limit(_NONCES_PER_READ)
    recent: list[MessageRow] = []
    while True:
        before = recent[-1].seq if recent else seq + 1
        found = [
            row for row in connection.execute(query.where(messages.c.seq < before)) if row.at >= since_ms
        ]
        recent += found
        if len(found) < _NONCES_PER_READ:
            return LogEnd(epoch, seq, recent[::-1])


def read_page(connection: Connection, room: str, after: int, limit: int) -> tuple[int, Sequence[MessageRow]]:
    """The newest seq, and the newest `limit` rows after `after`, oldest first, ending at that seq."""
    newest = (
        select(messages)
        .where(messages.c.room == room, messages.c.seq > after)
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    seq = newest_seq(connection, room)
    rows = list(connection.execute(newest))
    rows.reverse()
    # Two statements may see two states; what was committed between them is at the end of the second.
    return (rows[-1].seq if rows else seq), rows


def newest_seq(connection: Connection, room: str) -> int:
    """0 for a room that was never written to."""
    return connection.scalar(select(func.max(messages.c.seq)).where(messages.c.room == room)) or 0


@lru_cache(maxsize=4)
def _insert_messages(dialect: Dialect) -> str:
    return str(insert(messages).compile(dialect=dialect, column_keys=COLUMNS))


def _encode(more: Mapping[str, Any]) -> str | None:
    return msgspec.json.encode(more).decode() if more else None


def _decode(more: str | None) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(more) if more else {}
    return decoded


# --- what is done to a message


def _message(row: LogRow) -> Any:
    return (messages.c.room == row["room"]) & (messages.c.id == row["id"])


def _edit(connection: Connection, row: LogRow) -> None:
    query = select(messages.c.seq, messages.c.more).where(_message(row), _STANDING)
    found = connection.execute(query).first()
    if found is None:  # it came too late, and must not bring back words
        _blank(connection, row["room"], row["seq"], row["more"])
        return
    more = keep_place(_decode(found.more)) | {
        name: value for name, value in _decode(row["more"]).items() if name in _OF_THE_TEXT
    }
    changed = {"body": row["body"], "edited_at": row["at"], "more": _encode(more)}
    connection.execute(update(messages).where(_place(row["room"], found.seq)).values(changed))
    message_words.put(connection, [(row["room"], found.seq, row["body"])])


def _delete(connection: Connection, row: LogRow) -> None:
    # The text of its edits, too: nothing of it stays.
    words = messages.c.kind.in_(("message", "edited")) & messages.c.deleted_at.is_(None)
    for found in connection.execute(select(messages).where(_message(row), words)).all():
        deleted = {"deleted_at": row["at"]} if found.kind == "message" else {}
        _blank(connection, found.room, found.seq, found.more, deleted)
        if found.kind == "message":
            message_words.remove(connection, found.room, found.seq)
    for table in (reactions, pins):
        connection.execute(delete(table).where(table.c.room == row["room"], table.c.message_id == row["id"]))


def _blank(
    connection: Connection, room: str, seq: int, more: str | None, also: Mapping[str, Any] = NOTHING
) -> None:
    left = {"body": "", "more": _encode(keep_place(_decode(more))), **also}
    connection.execute(update(messages).where(_place(room, seq)).values(left))


def _place(room: str, seq: int) -> Any:
    return (messages.c.room == room) & (messages.c.seq == seq)


def _note_names(connection: Connection, said: Sequence[LogRow]) -> None:
    names = {(row["room"], name_key(row["author_name"]), row["author_id"]): row["seq"] for row in said[::-1]}
    rows = [(*name, seq) for name, seq in sorted(names.items())]
    execute_often(connection, _note_name(connection.dialect), rows)


@lru_cache(maxsize=4)
def _note_name(dialect: Dialect) -> str:
    query = (
        "INSERT INTO room_names (room, name_key, author_id, seq) VALUES (:room, :key, :id, :seq) "
        "ON CONFLICT (room, name_key, author_id) DO NOTHING"
    )
    return str(text(query).compile(dialect=dialect))


def _reaction(row: LogRow) -> dict[str, Any]:
    return {
        "room": row["room"],
        "message_id": row["id"],
        "emoji": _decode(row["more"])["emoji"],
        "author_id": row["author_id"],
    }


def _unreact(connection: Connection, row: LogRow) -> None:
    same = [reactions.c[column] == value for column, value in _reaction(row).items()]
    connection.execute(delete(reactions).where(*same))


def _stands(connection: Connection, row: LogRow) -> bool:
    """Whether the message is there: who did something to it may not have known yet that it was deleted."""
    return connection.scalar(select(messages.c.seq).where(_message(row), _STANDING)) is not None


def _react(connection: Connection, row: LogRow) -> None:
    _unreact(connection, row)
    if not _stands(connection, row):
        return
    named = {"author_name": row["author_name"], "at": row["at"]}
    connection.execute(insert(reactions).values(_reaction(row) | named))


def _unpin(connection: Connection, row: LogRow) -> None:
    connection.execute(delete(pins).where(pins.c.room == row["room"], pins.c.message_id == row["id"]))


def _pin(connection: Connection, row: LogRow) -> None:
    _unpin(connection, row)
    if not _stands(connection, row):
        return
    by = {"by_id": row["author_id"], "by_name": row["author_name"], "at": row["at"]}
    connection.execute(insert(pins).values({"room": row["room"], "message_id": row["id"], **by}))


_EFFECTS: dict[str, Callable[[Connection, LogRow], None]] = {
    "edited": _edit,
    "deleted": _delete,
    "reacted": _react,
    "unreacted": _unreact,
    "pinned": _pin,
    "unpinned": _unpin,
}
"""What an event of a kind does; of other kinds, nothing."""
