"""Which deed carries out which command, beyond those that a session judges itself (`chat/session.py`).

A deed answers its client: by `desk.reply`, by `desk.append`, by `desk.refuse`, or later from `desk.spawn`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat.commands import Command, Send
from chat.commands_people import Members, Typing
from streamer import deeds_log, deeds_people

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket

Deed = Callable[["ChatDesk", "WebSocket", Any], None]

DEEDS: dict[type[Command], Deed] = {
    Send: deeds_log.send,
    Members: deeds_people.members,
    Typing: deeds_people.typing,
}
