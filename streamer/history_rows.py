"""Messages of rooms as they stand now, read from SQL: with their reactions, replies and pins."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from chat.broker import Entry
from chat.limits import ChatLimits
from streamer import message_words
from streamer.chronicle import MessageRow, newest_seq, read_entry
from streamer.tables import messages, pins, reactions, tracks
from streamer.tables_log import room_names
from streamer.words import words

_ROWS_BACK = 10_000  # for what has no index
_SHOWN = ("message", "system")  # the other kinds are in how these stand now


@dataclass(frozen=True, slots=True)
class Found:
    """A message as it stands now.

    Attributes:
        deleted: its text is gone.
        thread: id of the first message of its thread; None if it is in none, or is that one.
    """

    seq: int
    id: str
    author_id: str
    body: str
    deleted: bool
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages and system events; `next` is where the next page in the same direction goes on, if it does."""

    entries: Sequence[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The reactions to a message.

    Attributes:
        kinds: all emojis.
        own: those of one person.
    """

    kinds: frozenset[str]
    own: frozenset[str]


def find(connection: Connection, room: str, id: str) -> Found | None:
    query = select(messages).where(messages.c.room == room, messages.c.id == id, messages.c.kind == "message")
    row = connection.execute(query).first()
    if row is None:
        return None
    return Found(row.seq, row.id, row.author_id, row.body, row.deleted_at is not None, row.thread)


def page(
    connection: Connection,
    room: str,
    *,
    before: int | None,
    after: int | None,
    limit: int,
    thread: str | None,
    viewer: str | None,
    limits: ChatLimits,
) -> MessagePage:
    """Oldest first."""
    query = select(messages).where(messages.c.room == room, messages.c.kind.in_(_SHOWN)).limit(limit + 1)
    if thread is not None:
        query = query.where(or_(messages.c.thread == thread, messages.c.id == thread))
    if after is not None:
        rows = list(connection.execute(query.where(messages.c.seq > after).order_by(messages.c.seq)))
    else:
        rows = _newest(connection, query, before)
    kept = _that_fit(connection, room, rows, limit, viewer, limits)
    next = kept[-1].seq if len(kept) < len(rows) else None
    return MessagePage(kept if after is not None else kept[::-1], next)


def search(
    connection: Connection,
    room: str,
    text: str,
    *,
    before: int | None,
    limit: int,
    viewer: str | None,
    limits: ChatLimits,
) -> MessagePage:
    """Newest first."""
    asked = words(text)
    seqs = message_words.find(connection, room, asked, before, limit + 1) if asked else []
    query = select(messages).where(messages.c.room == room, messages.c.seq.in_(seqs))
    rows = _newest(connection, query, None) if seqs else []
    kept = _that_fit(connection, room, rows, limit, viewer, limits)
    return MessagePage(kept, kept[-1].seq if len(kept) < len(rows) else None)


def pinned(connection: Connection, room: str, limits: ChatLimits) -> list[Entry]:
    """What is pinned, the first pin first."""
    query = (
        select(messages)
        .join(pins, (pins.c.room == messages.c.room) & (pins.c.message_id == messages.c.id))
        .where(messages.c.room == room, messages.c.kind == "message")
        .order_by(pins.c.at, messages.c.seq)
    )
    return _dress(connection, room, list(connection.execute(query)), None, limits)


def pinned_ids(connection: Connection, room: str) -> list[str]:
    return list(connection.scalars(select(pins.c.message_id).where(pins.c.room == room)))


def standing(connection: Connection, room: str, id: str, author_id: str) -> Standing:
    query = (
        select(reactions.c.emoji, func.count().filter(reactions.c.author_id == author_id).label("own"))
        .where(reactions.c.room == room, reactions.c.message_id == id)
        .group_by(reactions.c.emoji)
    )
    rows = list(connection.execute(query))
    return Standing(frozenset(row.emoji for row in rows), frozenset(row.emoji for row in rows if row.own))


def earlier(
    connection: Connection, room: str, author_id: str, nonce: str, id: str | None
) -> tuple[int, str] | None:
    query = select(messages.c.seq, messages.c.id).where(
        messages.c.room == room, messages.c.author_id == author_id, messages.c.nonce == nonce
    )
    if id is not None:
        query = query.where(messages.c.id == id)
    else:
        query = query.where(messages.c.seq > newest_seq(connection, room) - _ROWS_BACK)
    row = connection.execute(query.order_by(messages.c.seq.desc())).first()
    return None if row is None else (row.seq, row.id)


def spoken(connection: Connection, room: str, keys: Iterable[str]) -> dict[str, str]:
    """Key of a name -> id of the one who came to speak under it last, for names that somebody has used."""
    query = select(room_names).where(room_names.c.room == room, room_names.c.name_key.in_(list(keys)))
    return {row.name_key: row.author_id for row in connection.execute(query.order_by(room_names.c.seq))}


def track_length_ms(connection: Connection, id: str) -> int | None:
    """How long a track is, 0 while that is not known; None when there is no such track."""
    row = connection.execute(select(tracks.c.duration_ms).where(tracks.c.id == id)).first()
    return None if row is None else row.duration_ms or 0


def _newest(connection: Connection, query: Select[Any], before: int | None) -> list[MessageRow]:
    if before is not None:
        query = query.where(messages.c.seq < before)
    return list(connection.execute(query.order_by(messages.c.seq.desc())))


def _that_fit(
    connection: Connection,
    room: str,
    rows: Sequence[MessageRow],
    limit: int,
    viewer: str | None,
    limits: ChatLimits,
) -> list[Entry]:
    """Of the first `limit` rows as many as a page holds, but one."""
    kept: list[Entry] = []
    size_bytes = 0
    for entry in _dress(connection, room, rows[:limit], viewer, limits):
        size_bytes += len(entry.payload)
        if kept and size_bytes > limits.history_bytes:
            break
        kept.append(entry)
    return kept


def _dress(
    connection: Connection, room: str, rows: Sequence[MessageRow], viewer: str | None, limits: ChatLimits
) -> list[Entry]:
    """The rows as events, with what else is known of them."""
    ids = [row.id for row in rows if row.kind == "message"]
    also: dict[str, dict[str, Any]] = defaultdict(dict)
    if ids:
        for id, found in _reactions(connection, room, ids, viewer, limits.reaction_people).items():
            also[id]["reactions"] = found
        replies = (
            select(messages.c.thread, func.count())
            .where(messages.c.room == room, messages.c.thread.in_(ids), messages.c.deleted_at.is_(None))
            .group_by(messages.c.thread)
        )
        for id, count in connection.execute(replies):
            also[id]["replies"] = count
        is_pinned = select(pins.c.message_id).where(pins.c.room == room, pins.c.message_id.in_(ids))
        for id in connection.scalars(is_pinned):
            also[id]["pinned"] = True
    return [read_entry(row, also.get(row.id, {})) for row in rows]


def _reactions(
    connection: Connection, room: str, ids: Sequence[str], viewer: str | None, people: int
) -> dict[str, list[dict[str, Any]]]:
    """Id of a message -> its reactions, in the order in which they came first; `viewer` is named first."""
    of_one = (reactions.c.message_id, reactions.c.emoji)
    order = (reactions.c.author_id != (viewer or ""), reactions.c.at, reactions.c.author_id)
    ranked = (
        select(
            reactions,
            func.row_number().over(partition_by=of_one, order_by=order).label("place"),
            func.count().over(partition_by=of_one).label("count"),
            func.min(reactions.c.at).over(partition_by=of_one).label("first"),
        )
        .where(reactions.c.room == room, reactions.c.message_id.in_(ids))
        .subquery()
    )
    query = select(ranked).where(ranked.c.place <= people)
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in connection.execute(query.order_by(ranked.c.first, ranked.c.emoji, ranked.c.place)).mappings():
        empty: dict[str, Any] = {"emoji": row["emoji"], "count": row["count"], "people": []}
        reaction = found[row["message_id"]].setdefault(row["emoji"], empty)
        reaction["people"].append({"id": row["author_id"], "name": row["author_name"]})
    return {id: list(by_emoji.values()) for id, by_emoji in found.items()}
