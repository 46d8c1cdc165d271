"""Playlists over HTTP."""

import asyncio
import re
from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.gatekeeper import Gatekeeper
from streamer.ids import ID_PATTERN
from streamer.payload import JSON, read_json
from streamer.playlist import (
    PLAYLISTS,
    NewEntry,
    NewPlaylist,
    Order,
    Playlist,
    PlaylistEdit,
    PlaylistEntry,
    PlaylistPage,
    PlaylistWithItems,
)
from streamer.playlists import Playlists
from streamer.problems import (
    EntryUnknown,
    PlaylistFull,
    PlaylistUnknown,
    RequestInvalid,
    RevisionWrong,
    TrackUnknown,
)
from streamer.route import Handler, Reply, Route

PLAYLIST = PLAYLISTS + "/{id}"
ITEMS = PLAYLIST + "/items"
_ID = {"id": "The playlist's id."}
_IF_MATCH = {"If-Match": 'The revision that this change is meant for, such as "7"; else any.'}
_ETAG = {"ETag": "The revision, in quotes."}
_MERGE_PATCH = "application/merge-patch+json"  # RFC 7396
_MAX_ORDER_BYTES = 1 << 20  # 10,000 ids, and room for blanks
_REVISION = re.compile(r'"([0-9]{1,18})"|([0-9]{1,18})')


class PlaylistQuery(msgspec.Struct):
    """Which playlists to list."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Most playlists on the page.")] = 50
    cursor: Annotated[
        Annotated[str, Meta(pattern=ID_PATTERN)] | None, Meta(description="`next` of the page before.")
    ] = None


def change(
    method: str, path: str, name: str, summary: str, handler: Handler, reply: Reply, **more: Any
) -> Route:
    """What all that change a playlist have in common, and `more` of what `Route` takes."""
    return Route(
        *(method, path, name, summary, handler, [reply]),
        tag="playlists",
        parameters=_ID | more.pop("parameters", {}),
        headers=_IF_MATCH,
        problems=[RequestInvalid, PlaylistUnknown, RevisionWrong, *more.pop("problems", ())],
        writes=True,
        **more,
    )


class PlaylistRoutes:
    """The handlers of what stands under /api/v1/playlists."""

    def __init__(self, playlists: Playlists, gatekeeper: Gatekeeper) -> None:
        self._playlists = playlists
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", PLAYLISTS, "listPlaylists", "List playlists, newest first.", self._list),
                [Reply(200, "One page.", {JSON: PlaylistPage})],
                tag="playlists",
                query=PlaylistQuery,
            ),
            Route(
                *("POST", PLAYLISTS, "createPlaylist", "Make a playlist.", self._create),
                [Reply(201, "It is there, and empty. `Location` is the playlist.", {JSON: Playlist}, _ETAG)],
                tag="playlists",
                json_body=NewPlaylist,
                problems=[PlaylistFull],
                writes=True,
            ),
            Route(
                *("GET", PLAYLIST, "getPlaylist", "Look at a playlist.", self._get),
                [Reply(200, "As it is now, with its tracks.", {JSON: PlaylistWithItems}, _ETAG)],
                tag="playlists",
                parameters=_ID,
                problems=[PlaylistUnknown],
            ),
            *self._routes_of_changes(),
        ]

    def _routes_of_changes(self) -> list[Route]:
        changed = Reply(200, "As it is now.", {JSON: Playlist}, _ETAG)
        added = Reply(201, "It is in the playlist.", {JSON: PlaylistEntry}, _ETAG)
        entry = {"entry": "The entry's id."}
        return [
            change(
                *("PATCH", PLAYLIST, "editPlaylist", "Change title or description.", self._edit, changed),
                body={_MERGE_PATCH: "The same."},
                json_body=PlaylistEdit,
            ),
            change(
                *("DELETE", PLAYLIST, "deletePlaylist", "Delete a playlist.", self._delete),
                Reply(204, "It is gone; its tracks are not."),
            ),
            change(
                *("POST", ITEMS, "addToPlaylist", "Put a track into a playlist.", self._add, added),
                json_body=NewEntry,
                problems=[TrackUnknown, PlaylistFull],
            ),
            change(
                *("PUT", ITEMS, "orderPlaylist", "Give a playlist another order.", self._order, changed),
                json_body=Order,
            ),
            change(
                *("DELETE", ITEMS + "/{entry}", "removeFromPlaylist", "Take an entry out.", self._remove),
                Reply(204, "It is not in the playlist any more.", {}, _ETAG),
                parameters=entry,
                problems=[EntryUnknown],
            ),
        ]

    async def _list(self, _request: web.Request, query: PlaylistQuery) -> web.StreamResponse:
        return await _json(await self._playlists.page(limit=query.limit, cursor=query.cursor))

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        playlist = await self._playlists.get(request.match_info["id"])
        return await _json(playlist, playlist.revision)

    async def _create(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        made = await self._playlists.create(await read_json(request, NewPlaylist))
        return await _json(made, made.revision, status=201, location=made.links.self)

    async def _edit(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        edit = await read_json(request, PlaylistEdit, also=frozenset({_MERGE_PATCH}))
        playlist = await self._playlists.edit(request.match_info["id"], edit, _if_match(request))
        return await _json(playlist, playlist.revision)

    async def _delete(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        await self._playlists.delete(request.match_info["id"], _if_match(request))
        return web.Response(status=204)

    async def _add(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        new = await read_json(request, NewEntry)
        entry, revision = await self._playlists.add(request.match_info["id"], new, _if_match(request))
        return await _json(entry, revision, status=201)

    async def _order(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        order = await read_json(request, Order, max_bytes=_MAX_ORDER_BYTES)
        playlist = await self._playlists.order(request.match_info["id"], order, _if_match(request))
        return await _json(playlist, playlist.revision)

    async def _remove(self, request: web.Request, _query: None) -> web.StreamResponse:
        self._gatekeeper.check(request)
        playlist_id, entry_id = request.match_info["id"], request.match_info["entry"]
        revision = await self._playlists.remove(playlist_id, entry_id, _if_match(request))
        return web.Response(status=204, headers={hdrs.ETAG: f'"{revision}"'})


def _if_match(request: web.Request) -> int | None:
    """RFC 9110 13.1.1, with one revision or "*"."""
    asked = request.headers.get(hdrs.IF_MATCH, "*").strip()
    if asked == "*":
        return None
    found = _REVISION.fullmatch(asked)
    if found is None:
        raise RequestInvalid(f'If-Match is {asked[:100]!r}, which is no revision, such as "7"')
    return int(found[1] or found[2])


async def _json(
    value: Any, revision: int | None = None, *, status: int = 200, location: str | None = None
) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    headers |= {hdrs.ETAG: f'"{revision}"'} if revision is not None else {}
    headers |= {hdrs.LOCATION: location} if location else {}
    # Ten thousand tracks are twelve megabytes.
    body = await asyncio.to_thread(msgspec.json.encode, value)
    return web.Response(status=status, body=body, content_type=JSON, headers=headers)
