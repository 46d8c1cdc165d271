"""Stream keys over HTTP."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from chat.roles import Person
from streamer.live.host import refuse_host, rules
from streamer.live.key_rows import KeyRow
from streamer.live.keys import DEFAULT_PRIORITY, GUEST_KEY_MS, KeyUnknown, StreamKeys
from streamer.order_rows import TooMany
from streamer.payload import JSON, read_json
from streamer.problems import OrderFull, RoleMissing, SubjectUnknown
from streamer.room_desk import RoomDesk
from streamer.room_route import IN_ROOM, ROOM, acting, as_json, reading, room_of
from streamer.route import Reply, Route
from streamer.warden import Warden

KEYS = ROOM + "/keys"
MAX_PRIORITY = 1000


class NewKey(msgspec.Struct, frozen=True):
    """A key to be made. Of two sources that sound, the one with the higher `priority` is heard."""

    priority: Annotated[int, Meta(ge=0, le=MAX_PRIORITY)] = DEFAULT_PRIORITY
    label: Annotated[str, Meta(max_length=100, description="What you call it.")] = ""


class StreamKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stream key. `key` is in the answer that makes it, and never again; `expires_at` null: never."""

    id: str
    room: str
    person: str
    name: str
    label: str
    priority: int
    created_at: int
    expires_at: int | None
    key: str | None = None


class StreamKeyList(msgspec.Struct, frozen=True):
    """Keys of a room, oldest first."""

    items: list[StreamKey]


class KeyRoutes:
    """The handlers of what stands under /api/v1/rooms/{room}/keys."""

    def __init__(self, keys: StreamKeys, desk: RoomDesk, warden: Warden, *, guests: bool) -> None:
        """Args: `guests`: guests may write files here."""
        self._keys = keys
        self._desk = desk
        self._warden = warden
        self._guests = guests

    def routes(self) -> list[Route]:
        """The table."""
        made = Reply(201, "It is good from now on. This is the only time it is shown.", {JSON: StreamKey})
        renewed = Reply(200, "It has another secret; who was on with the old one is not.", {JSON: StreamKey})
        one = IN_ROOM | {"key": "The key's id."}
        return [
            acting(
                *("POST", KEYS, "createStreamKey", "Make a stream key.", self._make, made),
                description="Who owns or moderates the room may, or an operator; in a room without an owner "
                "whoever comes first, as long as nobody else has a key of it. Guests' keys last for a day.",
                parameters=IN_ROOM,
                json_body=NewKey,
            ),
            reading(
                *(KEYS, "listStreamKeys", "List stream keys: yours, or all for who rules the room."),
                *(self._list, StreamKeyList),
                parameters=IN_ROOM,
            ),
            acting(
                *("POST", KEYS + "/{key}/rotate", "rotateStreamKey", "Give a stream key another secret."),
                *(self._rotate, renewed),
                parameters=one,
            ),
            acting(
                *("DELETE", KEYS + "/{key}", "revokeStreamKey", "Revoke a stream key, and whoever uses it."),
                self._revoke,
                parameters=one,
            ),
        ]

    async def _make(self, request: web.Request, _query: None) -> web.StreamResponse:
        person, room = self._desk.person(request), room_of(request)
        new = await read_json(request, NewKey)
        order = await self._warden.orders.load(room)
        others = {row.person_name for row in await self._keys.of(room) if row.person != person.id}
        general, now_ms = self._warden.orders.general, self._warden.now_ms()
        if why := refuse_host(order, general, person, others, guests=self._guests, now_ms=now_ms):
            raise RoleMissing(why)
        try:
            row, key = await self._keys.make(
                room,
                person.id,
                person.name,
                label=new.label,
                priority=new.priority,
                ttl_ms=None if person.account else GUEST_KEY_MS,
            )
        except TooMany as error:
            raise OrderFull(str(error)) from None
        return as_json(_view(row, key), status=201)

    async def _list(self, request: web.Request, _query: None) -> web.StreamResponse:
        person, room = self._desk.person(request), room_of(request)
        rows = await self._seen(person, room)
        return as_json(StreamKeyList([_view(row) for row in rows]))

    async def _rotate(self, request: web.Request, _query: None) -> web.StreamResponse:
        row = await self._one(request)
        try:
            return as_json(_view(row, await self._keys.rotate(row.room, row.id)))
        except KeyUnknown as error:
            raise SubjectUnknown(str(error)) from None

    async def _revoke(self, request: web.Request, _query: None) -> web.StreamResponse:
        row = await self._one(request)
        try:
            await self._keys.revoke(row.room, row.id)
        except KeyUnknown as error:
            raise SubjectUnknown(str(error)) from None
        return web.Response(status=204)

    async def _one(self, request: web.Request) -> KeyRow:
        """The key of the path, as far as who asks may know of it. Raises SubjectUnknown."""
        person, room, id = self._desk.person(request), room_of(request), request.match_info["key"]
        for row in await self._seen(person, room):
            if row.id == id:
                return row
        raise SubjectUnknown(f"{room} has no stream key {id[:40]} of yours")

    async def _seen(self, person: Person, room: str) -> list[KeyRow]:
        all_ = rules(await self._warden.orders.load(room), person)
        return [row for row in await self._keys.of(room) if all_ or row.person == person.id]


def _view(row: KeyRow, key: str | None = None) -> StreamKey:
    return StreamKey(
        row.id,
        row.room,
        row.person,
        row.person_name,
        row.label,
        row.priority,
        row.created_at,
        row.expires_at,
        key,
    )
