"""Shows over HTTP: how a room is, what is live anywhere, and the end of a show."""

from collections.abc import Callable

from aiohttp import web

from chat.order import Order
from chat.roles import Person
from streamer.live.host import rules
from streamer.live.lookout import Lookout
from streamer.live.nodes import Nodes
from streamer.live.passes import Passes
from streamer.live.stage import LiveStage
from streamer.live.view import LiveList, LiveRoom
from streamer.problems import RoleMissing, SubjectUnknown
from streamer.room_desk import RoomDesk
from streamer.room_route import IN_ROOM, ROOM, acting, as_json, reading, room_of
from streamer.route import Route
from streamer.warden import Warden

_LISTED = 100
_PASS_S = 6 * 3600
"""A pass is good for so long: whoever listens longer asks again."""


class LiveRoutes:
    """The handlers of /api/v1/live and /api/v1/rooms/{room}/live.

    Attributes:
        nodes: what is on elsewhere; None where there is one node.
    """

    def __init__(
        self,
        stage: LiveStage,
        lookout: Lookout,
        passes: Passes,
        desk: RoomDesk,
        warden: Warden,
        now_us: Callable[[], int],
    ) -> None:
        self._stage = stage
        self._lookout = lookout
        self._passes = passes
        self._desk = desk
        self._warden = warden
        self._now_us = now_us
        self.nodes: Nodes | None = None

    def routes(self) -> list[Route]:
        """The table."""
        return [
            reading("/api/v1/live", "listLive", "List what is live in open rooms.", self._list, LiveList),
            reading(
                *(ROOM + "/live", "getLive", "Look at the show of a room.", self._get, LiveRoom),
                description="Its links lead there for six hours where not everybody may come in: ask again. "
                "Who rules the room, or broadcasts to it, is shown the cockpit.",
                parameters=IN_ROOM,
            ),
            acting(
                *("POST", ROOM + "/live/end", "endShow", "End the show of a room.", self._end),
                description="Who rules the room may, and whoever broadcasts to it.",
                parameters=IN_ROOM,
            ),
        ]

    async def _list(self, _request: web.Request, _query: None) -> web.StreamResponse:
        found = []
        for room in self._lookout.rooms():
            order = await self._warden.orders.load(room)
            if order.policy.entry == "open":
                found.append(self._lookout.look(room))
        found.sort(key=lambda one: (-one.listeners.total, one.room))
        return as_json(LiveList(found[:_LISTED]))

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        room = room_of(request)
        person = self._desk.somebody(request)
        order = await self._warden.orders.load(room)
        prefix = ""
        if order.policy.entry != "open":
            if person is None or not self._warden.members(room, person.id):
                await self._desk.check_reader(request, room)
            prefix = self._passes.sign(room, self._now_us() // 1_000_000 + _PASS_S)
        cockpit = person is not None and self.may(room, order, person)
        return as_json(self._lookout.look(room, prefix=prefix, cockpit=cockpit))

    async def _end(self, request: web.Request, _query: None) -> web.StreamResponse:
        room, person = room_of(request), self._desk.person(request)
        order = await self._warden.orders.load(room)
        if not self.may(room, order, person):
            raise RoleMissing(f"to end the show of {room} takes a moderator of it, or who broadcasts")
        show = self._stage.live(room)
        if show is not None:
            show.end()
        elif self.nodes is not None and self.nodes.far(room) is not None:
            self.nodes.end(room)
        else:
            raise SubjectUnknown(f"nothing is live in {room}")
        return web.Response(status=204)

    def may(self, room: str, order: Order, person: Person) -> bool:
        """Whether somebody has a say in the show of a room."""
        return rules(order, person) or self._broadcasts(room, person)

    def _broadcasts(self, room: str, person: Person) -> bool:
        """Whether it is their show, or they have a source in it."""
        show = self._stage.live(room)
        if show is None or not person.id:
            far = None if self.nodes is None else self.nodes.far(room)
            return far is not None and bool(person.id) and person.id in far.post.persons
        return person.id in {show.admission.person, *(one.admission.person for one in show.sources.values())}
