"""Lines of the chat that were carried out, in the database, for as long as they may be sent again.

Functions of a synchronous connection. `claim` is part of the transaction that does what the line asks for.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from chat.broker import NONCE_TTL_S
from streamer.tables_order import lines_done

_TTL_MS = NONCE_TTL_S * 1000
_CLAIM = text(
    "INSERT INTO lines_done (room, author_id, nonce, attempt, answer, at) "
    "VALUES (:room, :author_id, :nonce, :attempt, '', :at) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and the attempt to carry it out.

    Attributes:
        room: where it was said.
        nonce: its author's; one line has one, however often it is sent.
        attempt: an id that no other attempt has.
    """

    room: str
    author_id: str
    nonce: str
    attempt: str


class Repeated(Exception):
    """Another attempt has done what this line asks for."""


def claim(connection: Connection, line: Line, at: int) -> None:
    """Note that a line is being carried out; any number of times for one attempt.

    Args:
        at: milliseconds since the epoch.

    Raises:
        Repeated: another attempt did. What was done in this transaction is to be undone.
    """
    connection.execute(delete(lines_done).where(lines_done.c.at < at - _TTL_MS))
    values = {"room": line.room, "author_id": line.author_id, "nonce": line.nonce, "attempt": line.attempt}
    if connection.execute(_CLAIM, values | {"at": at}).rowcount:
        return
    if connection.scalar(select(lines_done.c.attempt).where(_mine(line))) != line.attempt:
        raise Repeated(f"the line {line.nonce} was carried out")


def keep_answer(connection: Connection, line: Line, answer: str, at: int) -> None:
    """A line was carried out, and this was answered."""
    values = {"attempt": line.attempt, "answer": answer, "at": at}
    if not connection.execute(update(lines_done).where(_mine(line)).values(values)).rowcount:
        key = {"room": line.room, "author_id": line.author_id, "nonce": line.nonce}
        connection.execute(insert(lines_done).values(key | values))


def read_answer(connection: Connection, line: Line, at: int) -> str | None:
    """What was answered to a line, by whichever attempt; "" if that is lost, None if it was not done."""
    recent = lines_done.c.at >= at - _TTL_MS
    return connection.scalar(select(lines_done.c.answer).where(_mine(line), recent))


def _mine(line: Line) -> Any:
    said_by = (lines_done.c.author_id == line.author_id) & (lines_done.c.nonce == line.nonce)
    return said_by & (lines_done.c.room == line.room)
