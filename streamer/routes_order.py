"""Order in rooms over HTTP: bans, words, what waits for a moderator, what was reported, and what was done."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from chat.acts import AnyAct, Decide, Filter, Lift, Measure, Report, Take
from streamer import room as views
from streamer.ids import ID_PATTERN
from streamer.payload import JSON, read_json
from streamer.problems import LogAway, RateLimited, ReportUnknown
from streamer.room_desk import RoomDesk
from streamer.room_route import IN_ROOM, ROOM, acting, as_json, reading, room_of
from streamer.route import Reply, Route

BANS = "/api/v1/bans"


class AuditQuery(msgspec.Struct):
    """Which lines to list."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Most lines on the page.")] = 50
    cursor: Annotated[
        Annotated[str, Meta(pattern=ID_PATTERN)] | None, Meta(description="`next` of the page before.")
    ] = None


class OrderRoutes:
    """The handlers of what moderators do and look at, in one room, and of measures on the whole server."""

    def __init__(self, desk: RoomDesk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """The table."""
        return [*self._routes_of_measures(), *self._routes_of_words(), *self._routes_of_reviews()]

    def _routes_of_measures(self) -> list[Route]:
        made = Reply(201, "It is in force.", {JSON: views.MeasureView})
        routes = []
        for path, of, where, more in (
            (ROOM + "/bans", "Room", "in a room", IN_ROOM),
            (BANS, "Server", "on the whole server, as an operator", {}),
        ):
            routes += [
                reading(
                    *(path, f"list{of}Bans", f"List bans and mutes {where}.", self._bans, views.Measures),
                    parameters=more,
                ),
                acting(
                    *("POST", path, f"add{of}Ban", f"Ban or mute somebody {where}.", self._ban, made),
                    parameters=more,
                    json_body=views.NewMeasure,
                ),
                acting(
                    *("DELETE", path + "/{id}", f"lift{of}Ban", f"Lift a ban or mute {where}.", self._lift),
                    parameters=more | {"id": "The measure's id."},
                ),
            ]
        return routes

    def _routes_of_words(self) -> list[Route]:
        filters, word = ROOM + "/filters", IN_ROOM | {"word": "The word."}
        return [
            reading(
                filters,
                "listFilters",
                "List unwanted words.",
                self._filters,
                views.Filters,
                parameters=IN_ROOM,
            ),
            acting(
                *("POST", filters, "addFilter", "Have a word refused.", self._add_filter),
                parameters=IN_ROOM,
                json_body=views.NewFilter,
            ),
            acting(
                *("DELETE", filters + "/{word}", "removeFilter", "Let a word be.", self._remove_filter),
                parameters=word,
            ),
        ]

    def _routes_of_reviews(self) -> list[Route]:
        held, one = ROOM + "/held", IN_ROOM | {"id": "Its id."}
        reports, audit = ROOM + "/reports", ROOM + "/audit"
        told = Reply(202, "The moderators know.")
        return [
            reading(held, "listHeld", "List what waits.", self._held, views.HeldMessages, parameters=IN_ROOM),
            acting(
                *("POST", held + "/{id}", "approveHeld", "Let a message through.", self._approve),
                parameters=one,
                problems=[LogAway],
            ),
            acting(
                *("DELETE", held + "/{id}", "rejectHeld", "Throw a message away.", self._reject),
                parameters=one,
            ),
            reading(
                reports, "listReports", "List reports.", self._reports, views.Reports, parameters=IN_ROOM
            ),
            acting(
                *("POST", reports, "report", "Report a message or a person.", self._report, told),
                parameters=IN_ROOM,
                json_body=views.NewReport,
                problems=[RateLimited],
            ),
            acting(
                *("DELETE", reports + "/{id}", "settleReport", "Have seen to a report.", self._settle),
                parameters=one,
                problems=[ReportUnknown],
            ),
            reading(
                *(audit, "listAudit", "List what was done in a room.", self._audit, views.AuditPage),
                query=AuditQuery,
                parameters=IN_ROOM,
            ),
        ]

    # --- measures and words

    async def _bans(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.measures(request, room_of(request)))

    async def _ban(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewMeasure)
        room = room_of(request)
        act = Take(Measure(new.measure), new.subject, new.for_ms, new.reason, not room)
        done = await self._desk.carry_out(request, room, act)
        return as_json(views.view_measure(done.made), status=201)

    async def _lift(self, request: web.Request, _query: None) -> web.StreamResponse:
        room, id = room_of(request), request.match_info["id"]
        measure = await self._desk.measure_of(request, room, id)
        return await self._carry_out(request, Lift(measure, id, not room))

    async def _filters(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.filters(request, room_of(request)))

    async def _add_filter(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewFilter)
        return await self._carry_out(request, Filter(new.word))

    async def _remove_filter(self, request: web.Request, _query: None) -> web.StreamResponse:
        return await self._carry_out(request, Filter(request.match_info["word"], False))

    # --- what moderators look at

    async def _held(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.held(request, room_of(request)))

    async def _approve(self, request: web.Request, _query: None) -> web.StreamResponse:
        return await self._carry_out(request, Decide(request.match_info["id"]))

    async def _reject(self, request: web.Request, _query: None) -> web.StreamResponse:
        return await self._carry_out(request, Decide(request.match_info["id"], False))

    async def _reports(self, request: web.Request, _query: None) -> web.StreamResponse:
        return as_json(await self._desk.reports(request, room_of(request)))

    async def _report(self, request: web.Request, _query: None) -> web.StreamResponse:
        new = await read_json(request, views.NewReport)
        await self._desk.carry_out(request, room_of(request), Report(new.subject, new.reason))
        return web.Response(status=202)

    async def _settle(self, request: web.Request, _query: None) -> web.StreamResponse:
        await self._desk.settle(request, room_of(request), request.match_info["id"])
        return web.Response(status=204)

    async def _audit(self, request: web.Request, query: AuditQuery) -> web.StreamResponse:
        return as_json(await self._desk.audit(request, room_of(request), query.limit, query.cursor))

    async def _carry_out(self, request: web.Request, act: AnyAct) -> web.StreamResponse:
        await self._desk.carry_out(request, room_of(request), act)
        return web.Response(status=204)
