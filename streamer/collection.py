"""What people make of the tracks: their tags, and how they are found."""

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.editor import Editor
from streamer.gatekeeper import Gatekeeper
from streamer.route import Route
from streamer.routes_search import SearchRoutes
from streamer.routes_tags import TagRoutes
from streamer.search import Search
from streamer.shelf import Shelf


class Collection:
    """The parts, put together."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue, shelf: Shelf, announcer: Announcer) -> None:
        self._editor = Editor(engine, shelf, announcer)
        self._search = Search(engine, catalogue, shelf)

    def routes(self, gatekeeper: Gatekeeper) -> list[Route]:
        """The table."""
        return [
            *TagRoutes(self._editor, gatekeeper).routes(),
            *SearchRoutes(self._search).routes(),
        ]
