"""Live media through aiohttp: for a connection that is there already, and preflight requests of other sites.

The front door answers the same paths itself where it can; both ask the same shelf.
"""

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from streamer.files import send_resource
from streamer.head_fields import listener_of, takes_gzip
from streamer.heads import Head
from streamer.live.sessions import Session
from streamer.problems import PartMissing
from streamer.route import Reply, Route
from streamer.routes_media import PREFLIGHT
from streamer.server import LiveMedia
from streamer.shelf import MEDIA_TYPE, PLAYLIST_TYPE
from streamer.waiting import Waiting

_PARAMETERS = {
    "pass": "Of a room that is not open: `{exp}.{sig}`, as the links of its live state have it.",
    "room": "The room's name.",
    "rendition": "Its name in the multivariant playlist.",
    "name": "As it stands in the playlist.",
}
_NOTE = (
    "Low-latency HLS: `_HLS_msn`, `_HLS_part` and `_HLS_skip` are obeyed (RFC 8216bis 6.2.5), and the part "
    "that a playlist hints at may be asked for before it is there. 400 for what can't be waited for, 403 "
    "without the pass of a room that is not open, 404 for what is not there, 503 for what is late; all "
    "readable from pages of any site."
)


class _Caller:
    """Who sent one request."""

    def __init__(self, request: web.Request) -> None:
        self.peer = request.remote or ""
        self.session: Session | None = None


class HlsRoutes:
    """Playlists, parts and segments of what is live."""

    def __init__(self, shelf: LiveMedia) -> None:
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """The table."""
        playlist = Reply(200, "A playlist.", {PLAYLIST_TYPE: None})
        media = [Reply(200, "The media.", {MEDIA_TYPE: None}), Reply(206, "A range.", {MEDIA_TYPE: None})]
        gets = []
        for before, name in (("", "Live"), ("/l/{pass}", "PrivateLive")):
            at = f"{before}/hls/live/{{room}}"
            gets += [
                self._of(f"{at}/{{name}}", f"get{name}Playlist", "The HLS link of a live room.", [playlist]),
                self._of(f"{at}/{{rendition}}/{{name}}", f"get{name}Media", "A part or a segment.", media),
            ]
        return [*gets, *(_preflight_of(route) for route in gets)]

    def _of(self, path: str, name: str, summary: str, replies: list[Reply]) -> Route:
        return Route(
            "GET",
            path,
            name,
            summary,
            self._get,
            replies,
            description=_NOTE,
            tag="media",
            parameters={key: meaning for key, meaning in _PARAMETERS.items() if f"{{{key}}}" in path},
            problems=[PartMissing],
        )

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        found = self._shelf.find(_head_of(request), _Caller(request))
        if isinstance(found, Awaitable):
            found = await found
        if isinstance(found, Waiting):
            found = await found.wait()
        assert found is not None, "the routes lie below its paths"
        return await send_resource(request, found)


def _head_of(request: web.Request) -> Head:
    fields: dict[bytes, bytes] = {}
    for name, value in request.raw_headers:
        key = name.lower()
        fields[key] = fields[key] + b", " + value if key in fields else value
    query = request.rel_url.raw_query_string
    return Head(
        method=request.method,
        path=request.path,
        http10=False,
        keep_alive=True,
        body_bytes=0,
        upgrades=False,
        private=False,
        conditions={},
        query=query,
        takes_gzip=takes_gzip(fields.get(b"accept-encoding")),
        listener=listener_of(fields, query),
    )


def _preflight_of(route: Route) -> Route:
    return Route(
        "OPTIONS",
        route.path,
        f"preflight{route.name.removeprefix('get')}",
        "What a page of another site may ask for.",
        _preflight,
        [Reply(204, "CORS preflight: GET and HEAD, with Range and CMCD.")],
        tag="media",
        parameters=route.parameters,
    )


async def _preflight(_request: web.Request, _query: Any) -> web.StreamResponse:
    return web.Response(status=204, headers=PREFLIGHT)
