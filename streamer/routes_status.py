"""`/status-json.xsl`: what is on air, as Icecast says it. Broadcasters' programs count listeners with it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from aiohttp import web

from streamer.ingest.request import read_room
from streamer.live.lookout import Lookout
from streamer.live.view import LiveRoom
from streamer.route import Reply, Route
from streamer.warden import Warden

_MAX_LISTED = 100
_TYPES = {"mp3": "audio/mpeg", "aac": "audio/aac"}


class StatusQuery(msgspec.Struct, frozen=True):
    """Which mounts."""

    mount: Annotated[
        str, msgspec.Meta(max_length=200, description="Only that of one room: `/live/ROOM`.")
    ] = ""


class StatusRoutes:
    """Shows of open rooms, in Icecast's words."""

    def __init__(self, lookout: Lookout, warden: Warden) -> None:
        self._lookout = lookout
        self._warden = warden

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *(
                    "GET",
                    "/status-json.xsl",
                    "getIcecastStatus",
                    "What is on air, as Icecast says it.",
                    self._get,
                ),
                [Reply(200, "Shows of open rooms.", {"application/json": None})],
                tag="live",
                query=StatusQuery,
            )
        ]

    async def _get(self, request: web.Request, query: StatusQuery) -> web.StreamResponse:
        asked = read_room(query.mount)
        rooms = [room for room in self._lookout.rooms() if not query.mount or room == asked]
        sources: list[dict[str, Any]] = []
        for room in rooms:
            if len(sources) < _MAX_LISTED and (await self._warden.orders.load(room)).policy.entry == "open":
                sources.extend(_source(self._lookout.look(room), str(request.url.origin())))
        stats: dict[str, Any] = {"server_id": "Veza", "host": request.url.host or ""}
        if sources:
            stats["source"] = sources[0] if len(sources) == 1 else sources  # as Icecast does
        body = msgspec.json.encode({"icestats": stats})
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _source(show: LiveRoom, origin: str) -> list[dict[str, Any]]:
    """None for a show that is over, or that no simple player can hear."""
    way = "mp3" if show.links.mp3 else "aac"
    link = show.links.mp3 or show.links.aac
    if link is None or show.began_at is None or show.state == "ended":
        return []
    source: dict[str, Any] = {
        "listeners": show.listeners.total,
        "listenurl": origin + link,
        "server_name": show.name,
        "server_type": _TYPES[way],
        "stream_start_iso8601": datetime.fromtimestamp(show.began_at / 1000, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
    }
    if show.title is not None:
        source["title"] = show.title.text
    return [source]
