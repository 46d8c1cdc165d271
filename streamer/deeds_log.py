"""What members do to the log of a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.broker import Draft
from chat.commands import Send

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


def send(desk: ChatDesk, socket: WebSocket, command: Send) -> None:
    """Say something."""
    author = desk.author(socket)
    id, at = desk.new_id(), desk.now_ms()
    desk.append(socket, Draft(command.room, command.nonce, author, id, at, body=command.body))
