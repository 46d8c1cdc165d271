"""What members of a room ask of the show that is on there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.commands_live import Cockpit, Listen, Unlisten
from chat.errors import ErrorCode
from chat.events_live import Unlistened
from streamer.attempts import Declined

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


def listen(desk: ChatDesk, socket: WebSocket, command: Listen) -> None:
    """Let somebody hear what is on."""
    desk.listeners.listen(socket, command.room, command.rendition)


def unlisten(desk: ChatDesk, socket: WebSocket, command: Unlisten) -> None:
    """Let somebody hear no more of it; done before, it is done."""
    desk.listeners.leave(socket, command.room)
    desk.reply(socket, Unlistened(command.room))


async def cockpit(desk: ChatDesk, socket: WebSocket, command: Cockpit) -> None:
    """Let somebody who has a say in a show look behind it."""
    if not command.on:
        desk.watchtower.leave(socket, command.room)
        return
    order = await desk.warden.orders.load(command.room)
    person = socket.person
    if person is None or not desk.watchtower.may(command.room, order, person):
        raise Declined(ErrorCode.FORBIDDEN, "the cockpit is for who rules the room, or broadcasts to it")
    if command.room in socket.session.rooms:  # else they have left meanwhile
        desk.watchtower.watch(socket, command.room)
