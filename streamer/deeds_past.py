"""What members ask about what was said: pages of it, and what has some words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw

from chat.commands_log import History, Search
from chat.events_log import HistoryPage, SearchPage

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


async def history(desk: ChatDesk, socket: WebSocket, command: History) -> None:
    """A page of messages, with all that was stored before it was asked for."""
    await desk.broker.caught_up(command.room)
    page = await desk.history.page(
        command.room,
        before=command.before,
        after=command.after,
        limit=command.limit,
        thread=command.thread,
        viewer=desk.author(socket).id,
    )
    shown = [Raw(entry.payload) for entry in page.entries]
    desk.reply(socket, HistoryPage(command.room, shown, page.next, command.thread))


async def search(desk: ChatDesk, socket: WebSocket, command: Search) -> None:
    """The messages that have all the words."""
    await desk.broker.caught_up(command.room)
    viewer = desk.author(socket).id
    page = await desk.history.search(
        command.room, command.query, before=command.before, limit=command.limit, viewer=viewer
    )
    shown = [Raw(entry.payload) for entry in page.entries]
    desk.reply(socket, SearchPage(command.room, command.query, shown, page.next))
