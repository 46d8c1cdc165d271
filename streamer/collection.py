"""What people make of the tracks: their tags, and how they are found."""

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.albums import Albums
from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.discography import AlbumLevel
from streamer.editor import Editor
from streamer.gatekeeper import Gatekeeper
from streamer.route import Route
from streamer.routes_albums import AlbumRoutes
from streamer.routes_search import SearchRoutes
from streamer.routes_tags import TagRoutes
from streamer.search import Search
from streamer.shelf import Shelf


class Collection:
    """The parts, put together."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue, shelf: Shelf, announcer: Announcer) -> None:
        self._shelf = shelf
        self._announcer = announcer
        self._editor = Editor(catalogue, shelf, announcer)
        self._search = Search(engine, catalogue, shelf)
        self._albums = Albums(engine, catalogue, shelf)

    def routes(self, gatekeeper: Gatekeeper) -> list[Route]:
        """The table."""
        return [
            *TagRoutes(self._editor, gatekeeper).routes(),
            *SearchRoutes(self._search).routes(),
            *AlbumRoutes(self._albums).routes(),
        ]

    def level(self, levels: list[AlbumLevel]) -> None:
        """The loudness of albums has changed: tracks in memory learn it, and so does who watches them."""
        for level in levels:
            for track_id in level.track_ids:
                record = self._shelf.at_hand(track_id)
                if record is not None and record.album_loudness != level.loudness:
                    record.album_loudness = level.loudness
                    self._announcer.soon(record)
