"""What members do to the log of a room: say something, and do something to what was said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from chat.broker import Draft, Outcome
from chat.commands_log import Delete, Edit, Pin, React, Send, Unpin, Unreact
from chat.errors import ErrorCode
from chat.events import Ack
from streamer.attempts import Declined, Deed, Work, later
from streamer.history_rows import Found
from streamer.message_text import has_references, read_text
from streamer.targets import find, find_standing

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


class NothingToDo(Exception):
    """What is asked for is so already, which is as good as done."""

    def __init__(self, found: Found) -> None:
        super().__init__(found.id)
        self.found = found


def send(desk: ChatDesk, socket: WebSocket, command: Send) -> None:
    """Say something: at once, if there is nothing to look up."""
    if command.reply_to is not None or has_references(command):
        _send_later(desk, socket, command)
    elif (chars := len(command.body)) > desk.limits.body_chars:
        desk.refuse(socket, command, ErrorCode.INVALID_FIELD, _too_long(chars, desk.limits.body_chars))
    else:
        _say(desk, socket, command, {})


async def _send(desk: ChatDesk, socket: WebSocket, command: Send) -> None:
    _check_length(desk, command.body)
    more: dict[str, Any] = {}
    if command.reply_to is not None:
        answered = await find_standing(desk, command.room, command.reply_to)
        more = {"reply_to": answered.id, "thread": answered.thread or answered.id}
    _say(desk, socket, command, more | await read_text(desk, desk.author(socket), command))


def once(work: Work) -> Deed:
    """The deed that does `work`, unless it was done: then what was stored is acknowledged once more.

    The broker knows a nonce again. But what is asked for the second time may not be judged as it was then.
    """

    async def attempt(desk: ChatDesk, socket: WebSocket, command: Any) -> None:
        try:
            await work(desk, socket, command)
        except (Declined, NothingToDo) as verdict:
            await desk.broker.caught_up(command.room)
            author, id = desk.author(socket), getattr(command, "id", None)
            done = await desk.history.earlier(command.room, author.id, command.nonce, id)
            if done is None and isinstance(verdict, NothingToDo):
                done = (verdict.found.seq, verdict.found.id)
            if done is None:
                raise
            desk.reply(socket, Ack(command.room, command.nonce, *done))

    return later(attempt)


_send_later = once(_send)


def _say(desk: ChatDesk, socket: WebSocket, command: Send, more: dict[str, Any]) -> None:
    author, id, at = desk.author(socket), desk.new_id(), desk.now_ms()
    more |= _moment(desk, command)
    desk.append(socket, Draft(command.room, command.nonce, author, id, at, body=command.body, more=more))


def _moment(desk: ChatDesk, command: Send | React) -> dict[str, Any]:
    """What somebody hears of the show; what nobody can be hearing is passed over."""
    media = command.media
    within = media is not None and abs(media - desk.now_ms()) <= desk.limits.media_within_s * 1000
    return {"media": media} if within else {}


async def edit(desk: ChatDesk, socket: WebSocket, command: Edit) -> None:
    """Put other words into one's own message."""
    _check_length(desk, command.body)
    found = await find_standing(desk, command.room, command.id)
    if found.author_id != desk.author(socket).id:
        raise Declined(ErrorCode.NOT_YOURS, f"message {found.id} was written by somebody else")
    more = {"of": found.seq, **await read_text(desk, desk.author(socket), command)}
    desk.append(socket, _draft(desk, socket, command, "edited", more, command.body))


async def delete(desk: ChatDesk, socket: WebSocket, command: Delete) -> None:
    """Take the words out of a message. Done before, it is done."""
    found = await find(desk, command.room, command.id)
    own = found.author_id == desk.author(socket).id
    if not own and not desk.may(socket, command.room, "delete"):
        raise Declined(ErrorCode.NOT_YOURS, f"message {found.id} was written by somebody else")
    if found.deleted:
        raise NothingToDo(found)
    desk.append(socket, _draft(desk, socket, command, "deleted", {"of": found.seq}))


async def react(desk: ChatDesk, socket: WebSocket, command: React) -> None:
    """Put an emoji to a message, or take it back. Done before, it is done."""
    adds = not isinstance(command, Unreact)
    async with desk.turns.of((command.room, command.id)):
        found = await find_standing(desk, command.room, command.id)
        # What was stored a moment ago counts, or the limits would be none for who is fast.
        await desk.broker.caught_up(command.room)
        standing = await desk.history.standing(command.room, command.id, desk.author(socket).id)
        if (command.emoji in standing.own) is adds:
            raise NothingToDo(found)
        if adds:
            _check_reactions(desk, command, len(standing.own), standing.kinds)
        more = {"emoji": command.emoji, "of": found.seq, **_moment(desk, command)}
        kind = "reacted" if adds else "unreacted"
        await _stored(desk, socket, _draft(desk, socket, command, kind, more))


async def pin(desk: ChatDesk, socket: WebSocket, command: Pin | Unpin) -> None:
    """Pin a message, or end that. Done before, it is done."""
    adds = isinstance(command, Pin)
    if not desk.may(socket, command.room, "pin"):
        raise Declined(ErrorCode.FORBIDDEN, "it takes a moderator to pin and unpin")
    async with desk.turns.of((command.room, None)):
        found = await (find_standing if adds else find)(desk, command.room, command.id)
        await desk.broker.caught_up(command.room)
        pins, limit = await desk.history.pinned_ids(command.room), desk.limits.pins_per_room
        if (command.id in pins) is adds:
            raise NothingToDo(found)
        if adds and len(pins) >= limit:
            message = f"room {command.room} has {len(pins)} pins, and may have {limit}"
            raise Declined(ErrorCode.TOO_MANY_PINS, message)
        kind = "pinned" if adds else "unpinned"
        await _stored(desk, socket, _draft(desk, socket, command, kind, {"of": found.seq}))


def _draft(
    desk: ChatDesk,
    socket: WebSocket,
    command: Edit | Delete | React | Pin | Unpin,
    kind: str,
    more: dict[str, Any],
    body: str | None = None,
) -> Draft:
    author = desk.author(socket)
    return Draft(command.room, command.nonce, author, command.id, desk.now_ms(), kind, body, more)


async def _stored(desk: ChatDesk, socket: WebSocket, draft: Draft) -> None:
    """Append, and return when that was settled, whichever way."""
    settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(outcome: Outcome) -> None:
        if not settled.done():  # else nobody waits any more
            settled.set_result(outcome)

    desk.append(socket, draft, settle)
    await settled


def _check_length(desk: ChatDesk, body: str) -> None:
    if len(body) > desk.limits.body_chars:
        raise Declined(ErrorCode.INVALID_FIELD, _too_long(len(body), desk.limits.body_chars))


def _too_long(chars: int, limit: int) -> str:
    return f"body has {chars} characters, not 1 to {limit}"


def _check_reactions(desk: ChatDesk, command: React, own: int, kinds: frozenset[str]) -> None:
    limits = desk.limits
    if own >= limits.reactions_per_person:
        message = (
            f"you have put {own} emojis to message {command.id}, and may put {limits.reactions_per_person}"
        )
    elif command.emoji not in kinds and len(kinds) >= limits.reactions_per_message:
        message = f"message {command.id} has {len(kinds)} emojis, and may have {limits.reactions_per_message}"
    else:
        return
    raise Declined(ErrorCode.TOO_MANY_REACTIONS, message)
