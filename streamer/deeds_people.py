"""What members of a room see of each other, besides what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat import commands_people as commands
from chat import events_people as events
from chat.events import encode_event

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


def members(desk: ChatDesk, socket: WebSocket, command: commands.Members) -> None:
    """Tell who is in a room."""
    roster = desk.rooms.roster(command.room)
    desk.reply(socket, events.Members(command.room, roster.members(), len(roster)))


def typing(desk: ChatDesk, socket: WebSocket, command: commands.Typing) -> None:
    """Show that somebody writes: a hint, which is passed over where there are many or it comes too often."""
    author = desk.author(socket)
    if not desk.hearing.is_heard(socket, command.room):
        return  # whose messages nobody sees is not seen writing them either
    if desk.rooms.roster(command.room).big or desk.typing.take(f"{command.room} {author.id}", desk.now_s()):
        return
    ttl_ms = round(desk.limits.typing_ttl_s * 1000)
    desk.broker.whisper(command.room, encode_event(events.Typing(command.room, author, ttl_ms)))
