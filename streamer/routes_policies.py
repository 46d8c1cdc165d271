"""Rooms over HTTP: making one, what goes in it, and who has which role."""

from aiohttp import web

from chat.acts import AnyAct, Appoint, Change, Invite, Kick, Revoke
from chat.roles import Role
from streamer import room as views
from streamer.payload import JSON, read_json
from streamer.problems import RoomTaken
from streamer.room_desk import RoomDesk
from streamer.room_route import IN_ROOM, ROOM, ROOMS, acting, as_json, reading, room_of
from streamer.route import Reply, Route


class PolicyRoutes:
    """The handlers of what stands under /api/v1/rooms, and of measures on the whole server."""

    def __init__(self, desk: RoomDesk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """The table."""
        made = Reply(201, "It is yours.", {JSON: views.Room})
        changed = Reply(200, "As it is now.", {JSON: views.Policy})
        return [
            acting(
                *("POST", ROOMS, "createRoom", "Make a room.", self._create, made),
                description="It belongs to the account of the token. Where somebody has spoken already, an "
                "operator gives the role of owner instead.",
                json_body=views.NewRoom,
                problems=[RoomTaken],
            ),
            reading(
                ROOM, "getRoom", "Look at the order of a room.", self._get, views.Room, parameters=IN_ROOM
            ),
            acting(
                *("PATCH", ROOM + "/policy", "editRoomPolicy", "Change what goes in a room."),
                *(self._edit, changed),
                parameters=IN_ROOM,
                json_body=views.PolicyEdit,
            ),
            *self._routes_of_people(),
            *self._routes_of_invites(),
        ]

    def _routes_of_people(self) -> list[Route]:
        one = IN_ROOM | {"subject": "Id or name of somebody."}
        roles = ROOM + "/roles"
        return [
            reading(
                roles, "listRoles", "List who has a role.", self._roles, views.Members, parameters=IN_ROOM
            ),
            acting(
                *("PUT", roles + "/{subject}", "giveRole", "Give somebody a role.", self._appoint),
                parameters=one,
                json_body=views.NewRole,
            ),
            acting(
                *("DELETE", roles + "/{subject}", "takeRole", "Take somebody's role away.", self._dismiss),
                parameters=one,
            ),
            acting(
                *("POST", ROOM + "/kicks", "kick", "Send somebody out.", self._kick),
                parameters=IN_ROOM,
                json_body=views.NewKick,
            ),
        ]

    def _routes_of_invites(self) -> list[Route]:
        invites = ROOM + "/invites"
        invited = Reply(201, "It is good until it expires.", {JSON: views.Invite})
        return [
            reading(
                *(invites, "listInvites", "List invites that are good.", self._invites, views.Invites),
                parameters=IN_ROOM,
            ),
            acting(
                *("POST", invites, "createInvite", "Make an invite.", self._invite, invited),
                parameters=IN_ROOM,
                json_body=views.NewInvite,
            ),
            acting(
                *("DELETE", invites, "revokeInvites", "Let no invite so far be good any more."),
                self._revoke,
                parameters=IN_ROOM,
            ),
            acting(
                *("DELETE", invites + "/{id}", "revokeInvite", "Let an invite be good no more."),
                self._revoke,
                parameters=IN_ROOM | {"id": "The invite's id."},
            ),
        ]

    # --- rooms

    async def _create(self, request: web.Request, _query: None) -> web.StreamResponse:
        person = self._desk.account(request)
        new = await read_json(request, views.NewRoom)
        await self._desk.found(person, new.name)
        return as_json(await self._desk.view(new.name, person), status=201)

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.view(room_of(request), self._desk.somebody(request)))

    async def _edit(self, request: web.Request, _query: None) -> web.StreamResponse:
        edit = await read_json(request, views.PolicyEdit)
        changes = {name: getattr(edit, name) for name in views.PolicyEdit.__struct_fields__}
        await self._carry_out(request, Change(**changes))
        return as_json((await self._desk.view(room_of(request), None)).policy)

    # --- people

    async def _roles(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.roles(request, room_of(request)))

    async def _appoint(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewRole)
        return await self._carry_out(request, Appoint(request.match_info["subject"], Role(new.role)))

    async def _dismiss(self, request: web.Request, _query: None) -> web.StreamResponse:
        return await self._carry_out(request, Appoint(request.match_info["subject"], None))

    async def _kick(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewKick)
        return await self._carry_out(request, Kick(new.subject, new.reason))

    async def _invite(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewInvite)
        act = Invite(new.for_ms, Role(new.role) if new.role else None)
        done = await self._desk.carry_out(request, room_of(request), act)
        return as_json(done.made, status=201)

    async def _invites(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.invites(request, room_of(request)))

    async def _revoke(self, request: web.Request, _query: None) -> web.StreamResponse:
        return await self._carry_out(request, Revoke(request.match_info.get("id")))

    async def _carry_out(self, request: web.Request, act: AnyAct) -> web.StreamResponse:
        await self._desk.carry_out(request, room_of(request), act)
        return web.Response(status=204)
