"""Which deed carries out which command, beyond those that a session judges itself (`chat/session.py`).

A deed answers its client: by `desk.reply`, by `desk.append`, by `desk.refuse`, or later from `desk.spawn`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat.commands import Command
from chat.commands_live import Cockpit, Listen, Unlisten
from chat.commands_log import Delete, Edit, History, Pin, React, Search, Send, Unpin, Unreact
from chat.commands_people import Block, Blocks, Directs, Members, Read, Typing, Unblock
from chat.commands_stage import GoLive, GoOff, Title
from streamer import deeds_live, deeds_log, deeds_past, deeds_people, deeds_slash, deeds_stage
from streamer.attempts import later
from streamer.deeds_log import once

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket

Deed = Callable[["ChatDesk", "WebSocket", Any], None]

DEEDS: dict[type[Command], Deed] = {
    Send: deeds_slash.send,
    Members: deeds_people.members,
    Typing: deeds_people.typing,
    Edit: once(deeds_log.edit),
    Delete: once(deeds_log.delete),
    React: once(deeds_log.react),
    Unreact: once(deeds_log.react),
    Pin: once(deeds_log.pin),
    Unpin: once(deeds_log.pin),
    History: later(deeds_past.history),
    Search: later(deeds_past.search),
    Read: deeds_people.read,
    Directs: deeds_people.directs,
    Block: deeds_people.block,
    Unblock: deeds_people.unblock,
    Blocks: deeds_people.blocks,
    Listen: deeds_live.listen,
    Unlisten: deeds_live.unlisten,
    Cockpit: later(deeds_live.cockpit),
    GoLive: later(deeds_stage.go_live),
    GoOff: deeds_stage.go_off,
    Title: deeds_stage.title,
}
