"""Rooms over HTTP: what was said there."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta, Raw

from chat.broker import LogUnavailable
from chat.events_log import Message, System
from chat.fields import MAX_PAGE, MAX_SEQ, MessageId, RoomName
from streamer.chat_desk import ChatDesk
from streamer.lane import DatabaseFailed
from streamer.payload import JSON, explain
from streamer.problems import HistoryUnavailable, RequestInvalid, RoleMissing, TokenMissing
from streamer.route import Reply, Route

MESSAGES = "/api/v1/rooms/{room}/messages"

_Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]


class MessageQuery(msgspec.Struct):
    """Which messages to show."""

    before: Annotated[_Seq | None, Meta(description="Only messages with a smaller `seq`, the newest.")] = None
    after: Annotated[_Seq | None, Meta(description="Only messages with a greater `seq`, the oldest.")] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="Most on the page, which may hold fewer.")] = (
        100
    )
    thread: Annotated[
        MessageId | None, Meta(description="Only the message with this id, and the replies in its thread.")
    ] = None
    q: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="Only messages with all these words, or beginnings of words; not with `after`."),
    ] = None


class MessageList(msgspec.Struct, frozen=True):
    """A page of messages, as in `history` of the WebSocket.

    `next` is `before` (or `after`, if that was asked) of the next page, null on the last.
    """

    messages: list[Message | System]
    next: int | None


class _Page(msgspec.Struct, frozen=True):
    messages: list[Raw]
    next: int | None


class RoomRoutes:
    """The handlers of what stands under /api/v1/rooms."""

    def __init__(self, desk: ChatDesk, check_reader: Callable[[web.Request, str], Awaitable[None]]) -> None:
        """Args: `check_reader` raises a Problem for who may not read a room."""
        self._desk = desk
        self._check_reader = check_reader

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", MESSAGES, "listMessages", "Show what was said in a room.", self._list),
                [
                    Reply(
                        200,
                        "Messages as they stand now, oldest first; with `q` newest first.",
                        {JSON: MessageList},
                    )
                ],
                description="The newest messages, or those before or after a `seq`. What was deleted has no "
                "words, edits are in place, reactions are counted. Of a room that is not open to all, its "
                "members see them.",
                tag="rooms",
                query=MessageQuery,
                parameters={"room": "The room's name."},
                problems=[HistoryUnavailable, TokenMissing, RoleMissing],
            )
        ]

    async def _list(self, request: web.Request, query: MessageQuery) -> web.StreamResponse:
        try:
            room = msgspec.convert(request.match_info["room"], RoomName)
        except msgspec.ValidationError as error:
            raise RequestInvalid(explain(error, "room")) from None
        await self._check_reader(request, room)
        if query.after is not None and (query.before is not None or query.q is not None):
            raise RequestInvalid("after does not go with before or q: a page goes one way")
        try:
            await self._desk.broker.caught_up(room)
            if query.q is not None:
                found = await self._desk.history.search(room, query.q, before=query.before, limit=query.limit)
            else:
                found = await self._desk.history.page(
                    room, before=query.before, after=query.after, limit=query.limit, thread=query.thread
                )
        except (DatabaseFailed, LogUnavailable) as error:
            raise HistoryUnavailable(f"room {room} can't be read right now: {error}") from None
        page = _Page([Raw(entry.payload) for entry in found.entries], found.next)
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=msgspec.json.encode(page), content_type=JSON, headers=headers)
