"""What members of a room see of each other, besides what they say."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chat import commands_people as commands
from chat import events_people as events
from chat.errors import ErrorCode
from chat.events import encode_event
from streamer.lane import DatabaseFailed

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


def members(desk: ChatDesk, socket: WebSocket, command: commands.Members) -> None:
    """Tell who is in a room."""
    roster = desk.rooms.room(command.room).roster
    order = desk.warden.orders.get(command.room)
    roles = {} if order is None else order.roles
    members = [replace(one, role=roles[one.id].value) if one.id in roles else one for one in roster.members()]
    count = roster.show_count(desk.author(socket).id)
    desk.reply(socket, events.Members(command.room, members, count))


def typing(desk: ChatDesk, socket: WebSocket, command: commands.Typing) -> None:
    """Show that somebody writes: a hint, which is passed over where there are many or it comes too often."""
    author = desk.author(socket)
    if not desk.hearing.is_heard(socket, command.room):
        return  # whose messages nobody sees is not seen writing them either
    if desk.rooms.room(command.room).roster.big or desk.typing.take(
        f"{command.room} {author.id}", desk.now_s()
    ):
        return
    ttl_ms = round(desk.limits.typing_ttl_s * 1000)
    desk.broker.whisper(command.room, encode_event(events.Typing(command.room, author, ttl_ms)))


def read(desk: ChatDesk, socket: WebSocket, command: commands.Read) -> None:
    """Note how far somebody has read; no further than the room goes."""
    id, tail, callers = desk.author(socket).id, desk.rooms.room(command.room).tail, desk.people.callers
    if not callers.read(id, command.room, tail.epoch, min(command.seq, tail.seq)):
        desk.reply(socket, events.Read(command.room, callers.marker(id, command.room, tail.epoch)))


def directs(desk: ChatDesk, socket: WebSocket, command: commands.Directs) -> None:
    """List the rooms that somebody shares with one other."""

    async def answer() -> None:
        desk.reply(socket, events.Directs(await desk.people.directs.of(desk.author(socket).id)))

    _ask(desk, socket, command, answer())


def block(desk: ChatDesk, socket: WebSocket, command: commands.Block) -> None:
    """Keep somebody away."""

    async def answer() -> None:
        id = desk.author(socket).id
        if command.id == id:
            desk.refuse(socket, command, ErrorCode.NO_SUCH_PERSON, "id is yourself")
        elif await desk.people.directs.block(id, command.id):
            desk.people.callers.tell((id,), events.Blocked(command.id))
        else:
            message = f"{desk.limits.max_blocks} people are blocked already"
            desk.refuse(socket, command, ErrorCode.TOO_MANY_BLOCKS, message)

    _ask(desk, socket, command, answer())


def unblock(desk: ChatDesk, socket: WebSocket, command: commands.Unblock) -> None:
    """End a block."""

    async def answer() -> None:
        id = desk.author(socket).id
        await desk.people.persons.unblock(id, command.id)
        desk.people.callers.tell((id,), events.Unblocked(command.id))

    _ask(desk, socket, command, answer())


def blocks(desk: ChatDesk, socket: WebSocket, command: commands.Blocks) -> None:
    """List whom somebody has blocked."""

    async def answer() -> None:
        desk.reply(socket, events.Blocks(await desk.people.directs.blocked(desk.author(socket).id)))

    _ask(desk, socket, command, answer())


def _ask(desk: ChatDesk, socket: WebSocket, command: object, answer: Coroutine[Any, Any, None]) -> None:
    """Carry out what asks the database, which may fail."""

    async def carefully() -> None:
        try:
            await answer
        except DatabaseFailed as error:
            desk.refuse(socket, command, ErrorCode.UNAVAILABLE, f"the database does not answer: {error}")

    desk.spawn(socket, carefully())
