"""What members of a room do who broadcast to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.commands_stage import GoLive, GoOff, Title
from streamer.attempts import Declined

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


async def go_live(desk: ChatDesk, socket: WebSocket, command: GoLive) -> None:
    """Let somebody with a stream key be heard."""
    await desk.uplinks.go_live(socket, command)


def go_off(desk: ChatDesk, socket: WebSocket, command: GoOff) -> None:
    """Let somebody end their recording."""
    try:
        desk.uplinks.go_off(socket, command)
    except Declined as declined:
        desk.refuse(socket, command, declined.code, declined.message)


def title(desk: ChatDesk, socket: WebSocket, command: Title) -> None:
    """Take in what plays."""
    try:
        desk.uplinks.title(socket, command)
    except Declined as declined:
        desk.refuse(socket, command, declined.code, declined.message)
