"""Albums over HTTP."""

from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.album import ALBUMS, AlbumPage, AlbumWithTracks
from streamer.albums import Albums
from streamer.payload import JSON
from streamer.problems import AlbumUnknown
from streamer.route import Reply, Route


class AlbumQuery(msgspec.Struct):
    """Which albums to list."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Most albums on the page.")] = 50
    cursor: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2000, pattern="^[A-Za-z0-9_-]+$")] | None,
        Meta(description="`next` of the page before."),
    ] = None
    artist: Annotated[
        Annotated[str, Meta(min_length=1, max_length=512)] | None,
        Meta(description="Only albums by this artist; accents and case make no difference."),
    ] = None


class AlbumRoutes:
    """The handlers of what stands under /api/v1/albums."""

    def __init__(self, albums: Albums) -> None:
        self._albums = albums

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", ALBUMS, "listAlbums", "List albums, by artist, year and title.", self._list),
                [Reply(200, "One page.", {JSON: AlbumPage})],
                description="Tracks are an album when they name the same one, by the same album artist, or "
                "artist where there is none; case makes no difference.",
                tag="albums",
                query=AlbumQuery,
            ),
            Route(
                *("GET", f"{ALBUMS}/{{id}}", "getAlbum", "Look at an album.", self._get),
                [Reply(200, "As it is now, with its tracks.", {JSON: AlbumWithTracks})],
                tag="albums",
                parameters={"id": "The album's id, which follows from the names of artist and album."},
                problems=[AlbumUnknown],
            ),
        ]

    async def _list(self, _request: web.Request, query: AlbumQuery) -> web.StreamResponse:
        return _json(await self._albums.page(limit=query.limit, cursor=query.cursor, artist=query.artist))

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        return _json(await self._albums.get(request.match_info["id"]))


def _json(value: Any) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type=JSON, headers=headers)
