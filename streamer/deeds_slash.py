"""What is said in a room, and what is said to the server in the chat line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from chat.acts import AnyAct
from chat.commands import Send
from chat.errors import ErrorCode
from chat.events import Error, Notice
from chat.slash import SlashRefused, SlashUnknown, is_slash, literal, parse_slash
from streamer import deeds_log
from streamer.lane import DatabaseFailed
from streamer.subjects import ActRefused

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket


def send(desk: ChatDesk, socket: WebSocket, command: Send) -> None:
    """Say something to the room, or with a slash before it to the server."""
    if not is_slash(command.body):
        deeds_log.send(desk, socket, replace(command, body=literal(command.body)))
        return
    try:
        act = parse_slash(command.body)
    except SlashRefused as refused:
        code = ErrorCode.UNKNOWN_SLASH if isinstance(refused, SlashUnknown) else ErrorCode.INVALID_SLASH
        desk.refuse(socket, command, code, str(refused))
        return
    desk.spawn(socket, _carry_out(desk, socket, command, act))


async def _carry_out(desk: ChatDesk, socket: WebSocket, command: Send, act: AnyAct) -> None:
    person = socket.person
    assert person is not None

    def tell(answer: str) -> None:
        desk.reply(socket, Notice(command.room, "done", answer, command.nonce))

    try:
        await desk.lines.carry_out(person, command.room, command.nonce, act, tell)
    except ActRefused as refused:
        room, nonce = command.room, command.nonce
        error = Error(refused.code.value, str(refused), nonce=nonce, room=room, retry_ms=refused.retry_ms)
        desk.reply(socket, error)
    except DatabaseFailed as error:
        desk.refuse(socket, command, ErrorCode.UNAVAILABLE, f"the database does not answer: {error}")
