"""What members of a room ask of the show that is on there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.commands_live import Listen, Unlisten
from chat.events_live import Unlistened

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
