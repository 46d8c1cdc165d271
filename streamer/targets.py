"""Finds the message that a command is about: in memory, else in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chat.broker import Entry
from chat.errors import ErrorCode
from streamer.attempts import Declined
from streamer.history_rows import Found

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk


async def find(desk: ChatDesk, room: str, id: str) -> Found:
    """The message of a room, deleted or not.

    Raises:
        Declined: there is none.
        DatabaseFailed, LogUnavailable
    """
    held = desk.rooms.find(room, id)
    if held is not None:
        return _read(held)
    await desk.broker.caught_up(room)
    found = await desk.history.find(room, id)
    if found is None:
        raise Declined(ErrorCode.MESSAGE_UNKNOWN, f"room {room} has no message {id}")
    return found


async def find_standing(desk: ChatDesk, room: str, id: str) -> Found:
    """The message of a room, which was not deleted. Raises as `find`, and Declined."""
    found = await find(desk, room, id)
    if found.deleted:
        raise Declined(ErrorCode.MESSAGE_DELETED, f"message {id} was deleted")
    return found


def _read(entry: Entry) -> Found:
    event = msgspec.json.decode(entry.payload)
    author, deleted = event["author"]["id"], "deleted_at" in event
    return Found(entry.seq, event["id"], author, event["body"], deleted, event.get("thread"))
