"""What people make of the tracks: tags, albums, playlists, and how all that is found."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.albums import Albums
from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.discography import AlbumLevel
from streamer.editor import Editor
from streamer.gatekeeper import Gatekeeper
from streamer.playlist_rows import PlaylistRows
from streamer.playlists import Playlists
from streamer.route import Route
from streamer.routes_albums import AlbumRoutes
from streamer.routes_playlists import PlaylistRoutes
from streamer.routes_search import SearchRoutes
from streamer.routes_tags import TagRoutes
from streamer.search import Search
from streamer.shelf import Shelf
from streamer.showcase import Showcase


class Collection:
    """The parts, put together."""

    def __init__(
        self,
        engine: AsyncEngine,
        catalogue: Catalogue,
        shelf: Shelf,
        announcer: Announcer,
        now_ms: Callable[[], int],
        make_id: Callable[[], str],
    ) -> None:
        self._shelf = shelf
        self._announcer = announcer
        self._editor = Editor(catalogue, shelf, announcer)
        showcase, rows = Showcase(catalogue, shelf), PlaylistRows(engine)
        self._search = Search(engine, showcase, rows)
        self._albums = Albums(engine, showcase)
        self._playlists = Playlists(rows, showcase, now_ms, make_id)

    def routes(self, gatekeeper: Gatekeeper) -> list[Route]:
        """The table."""
        return [
            *TagRoutes(self._editor, gatekeeper).routes(),
            *SearchRoutes(self._search).routes(),
            *AlbumRoutes(self._albums).routes(),
            *PlaylistRoutes(self._playlists, gatekeeper).routes(),
        ]

    def level(self, levels: list[AlbumLevel]) -> None:
        """The loudness of albums has changed: tracks in memory learn it, and so does who watches them."""
        for level in levels:
            for track_id in level.track_ids:
                record = self._shelf.at_hand(track_id)
                if record is not None and record.album_loudness != level.loudness:
                    record.album_loudness = level.loudness
                    self._announcer.soon(record)
