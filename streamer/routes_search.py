"""The search over HTTP."""

from typing import Annotated

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.payload import JSON
from streamer.route import Reply, Route
from streamer.search import CURSOR_PATTERN, Found, Search


class SearchQuery(msgspec.Struct):
    """What to look for."""

    q: Annotated[str, Meta(min_length=1, max_length=200, description="Words, or how they begin.")]
    limit: Annotated[int, Meta(ge=1, le=200, description="Most tracks on the page.")] = 50
    cursor: Annotated[
        Annotated[str, Meta(pattern=CURSOR_PATTERN)] | None, Meta(description="`next` of the page before.")
    ] = None


class SearchRoutes:
    """The handler of the search."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", "/api/v1/search", "search", "Look for tracks, albums and playlists.", self._find),
                [Reply(200, "What matches, the best first.", {JSON: Found})],
                description="Every word has to match the beginning of one in title, artist, album, album "
                "artist, genre or the name of the file; accents and case make no difference. A match in the "
                "title alone comes first, then one with the artists, with the album, and the rest.",
                query=SearchQuery,
            )
        ]

    async def _find(self, _request: web.Request, query: SearchQuery) -> web.StreamResponse:
        found = await self._search.find(query.q, limit=query.limit, cursor=query.cursor)
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=msgspec.json.encode(found), content_type=JSON, headers=headers)
