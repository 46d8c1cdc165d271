"""Media through aiohttp: for a connection that is there already, and preflight requests of other sites.

The front door answers the same paths itself where it can; both ask the same shelf.
"""

from collections.abc import Awaitable

from aiohttp import web

from streamer.files import send_resource
from streamer.problems import PartMissing, StoreBroken, StoreUnreachable, TrackUnknown
from streamer.route import Reply, Route
from streamer.shelf import MEDIA_TYPE, PLAYLIST_TYPE, Shelf

_PARAMETERS = {"id": "The track's id.", "rendition": "Its name in the multivariant playlist."}
_MEDIA_PLAYLIST = "EVENT while the track is packaged, VOD afterwards."
_NOTE = "Answers Range, If-Range and conditional requests (RFC 9110); readable from pages of any site."
# RFC 9110 field names that players of other sites send and a browser asks about first.
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": ", ".join(
        (
            *("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"),
            # CTA-5004: what players say of themselves.
            *("CMCD-Request", "CMCD-Object", "CMCD-Status", "CMCD-Session"),
        )
    ),
    "Access-Control-Max-Age": "86400",
}


class MediaRoutes:
    """Playlists, renditions and sources."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """The table."""
        playlist = {PLAYLIST_TYPE: None}
        index, media = (
            Reply(200, "The multivariant playlist.", playlist),
            Reply(200, _MEDIA_PLAYLIST, playlist),
        )
        rendition = [Reply(200, "The file.", {MEDIA_TYPE: None}), Reply(206, "A part.", {MEDIA_TYPE: None})]
        source = [Reply(200, "The file.", {"*/*": None}), Reply(206, "A part.", {"*/*": None})]
        gets = [
            self._of("/hls/{id}/index.m3u8", "getMultivariantPlaylist", "The HLS link of a track.", [index]),
            self._of("/hls/{id}/{rendition}.m3u8", "getMediaPlaylist", "One rendition's playlist.", [media]),
            self._of("/hls/{id}/{rendition}.mp4", "getRendition", "One rendition: a CMAF file.", rendition),
            self._of("/api/v1/tracks/{id}/source", "getSource", "The recording as it was uploaded.", source),
        ]
        return [*gets, *(self._preflight_of(route) for route in gets)]

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
            problems=[TrackUnknown, PartMissing, StoreBroken, StoreUnreachable],
        )

    def _preflight_of(self, route: Route) -> Route:
        return Route(
            "OPTIONS",
            route.path,
            f"preflight{route.name.removeprefix('get')}",
            "What a page of another site may ask for.",
            self._preflight,
            [Reply(204, "CORS preflight: GET and HEAD, with Range.")],
            tag="media",
            parameters=route.parameters,
        )

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        found = self._shelf.find(request.path)
        if isinstance(found, Awaitable):
            found = await found
        if found is not None:
            return await send_resource(request, found)
        track_id = request.match_info["id"]
        record = await self._shelf.get(track_id)
        if record is None:
            raise TrackUnknown(f"there is no track {track_id}")
        reason = record.reason or f"the track is {record.state.value} and has no such part now"
        raise PartMissing(reason)

    async def _preflight(self, _request: web.Request, _query: None) -> web.StreamResponse:
        return web.Response(status=204, headers=PREFLIGHT)
