"""What a text refers to: the people it mentions, and the track it links to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from chat.broker import LogUnavailable
from chat.commands_log import Edit, Send
from chat.errors import ErrorCode
from chat.fields import Author, TrackAt
from chat.links import find_track
from chat.mentions import among, mentioned
from streamer.attempts import Declined
from streamer.lane import DatabaseFailed

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk

_PATIENCE_S = 1.0


def has_references(command: Send | Edit) -> bool:
    """Whether there may be something to look up."""
    return command.track is not None or "@" in command.body or "/t/" in command.body


async def read_text(desk: ChatDesk, author: Author, command: Send | Edit) -> dict[str, Any]:
    """`mentions` and `track` of the event, if there are any; who has blocked `author` is not mentioned.

    Raises:
        Declined: the track that was given is not here, or not so long.
        DatabaseFailed
    """
    found: dict[str, Any] = {}
    if ids := await _mentions(desk, command.room, command.body):
        blockers = await desk.people.persons.blockers(author.id, ids)
        if heard := [id for id in ids if id not in blockers]:
            found["mentions"] = heard
    track = await _track(desk, command)
    if track is not None:
        found["track"] = track
    return found


async def _mentions(desk: ChatDesk, room: str, body: str) -> list[str]:
    """Those of a name who are here; if nobody is, who spoke here under it last."""
    limit = desk.limits.mentions_per_message
    keys = mentioned(body, limit)
    if not keys:
        return []
    here = among(desk.rooms.room(room).roster.names(), keys)
    absent = [key for key in keys if key not in here]
    spoken = await _spoken(desk, room, absent) if absent else {}
    ids = [id for key in keys for id in here.get(key, [spoken[key]] if key in spoken else [])]
    return list(dict.fromkeys(ids))[:limit]


async def _spoken(desk: ChatDesk, room: str, keys: list[str]) -> dict[str, str]:
    """Nobody, when it can't be found out: a message is not held up for whom it mentions."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await desk.broker.caught_up(room)
            return await desk.history.spoken(room, keys)
    except (DatabaseFailed, LogUnavailable, TimeoutError):
        return {}


async def _track(desk: ChatDesk, command: Send | Edit) -> TrackAt | None:
    track = command.track or find_track(command.body)
    if track is None:
        return None
    try:
        length_ms = await desk.history.track_length_ms(track.id)
    except DatabaseFailed:
        if command.track is not None:
            raise
        return None
    beyond = length_ms is not None and track.at_ms is not None and 0 < length_ms < track.at_ms
    if command.track is not None and length_ms is None:
        raise Declined(ErrorCode.TRACK_UNKNOWN, f"there is no track {track.id}")
    if command.track is not None and beyond:
        message = f"track.at_ms is {track.at_ms}, and track {track.id} is {length_ms} ms long"
        raise Declined(ErrorCode.INVALID_FIELD, message)
    if length_ms is None:
        return None  # an address of another place
    return TrackAt(track.id) if beyond else track
