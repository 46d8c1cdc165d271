"""Playlists as people make and change them."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict

from streamer.ids import is_id
from streamer.playlist import (
    NewEntry,
    NewPlaylist,
    Order,
    Playlist,
    PlaylistEdit,
    PlaylistEntry,
    PlaylistPage,
    PlaylistWithItems,
    view_playlist,
)
from streamer.playlist_rows import Change, PlaylistRows
from streamer.problems import EntryUnknown, PlaylistUnknown, RequestInvalid, TrackUnknown
from streamer.showcase import Showcase
from streamer.tags import clean


class Playlists:
    """Judges what is asked for, and has it stored. Who may ask is judged before."""

    def __init__(
        self, rows: PlaylistRows, showcase: Showcase, now_ms: Callable[[], int], make_id: Callable[[], str]
    ) -> None:
        self._rows = rows
        self._showcase = showcase
        self._now_ms = now_ms
        self._make_id = make_id

    async def page(self, *, limit: int, cursor: str | None) -> PlaylistPage:
        """Playlists, newest first."""
        rows = await self._rows.page(limit=limit + 1, before=cursor)
        after = rows[limit - 1]["id"] if len(rows) > limit else None
        return PlaylistPage([view_playlist(row) for row in rows[:limit]], after)

    async def get(self, playlist_id: str) -> PlaylistWithItems:
        """A playlist with its tracks.

        Raises:
            PlaylistUnknown: there is none.
        """
        playlist = await self._seen(playlist_id)
        entries = await self._rows.entries(playlist_id)
        shown = await self._showcase.tracks(list(dict.fromkeys(track_id for _, track_id in entries)))
        tracks = {track.id: track for track in shown}
        items = [PlaylistEntry(entry, tracks[track]) for entry, track in entries if track in tracks]
        return PlaylistWithItems(**{name: getattr(playlist, name) for name in _FIELDS}, items=items)

    async def create(self, new: NewPlaylist) -> Playlist:
        """A playlist without tracks.

        Raises:
            RequestInvalid, PlaylistFull: there is none.
        """
        playlist_id = self._make_id()
        texts = _cleaned({"title": new.title, "description": new.description})
        await self._rows.insert(playlist_id, texts["title"], texts["description"], self._now_ms())
        return await self._seen(playlist_id)

    async def edit(self, playlist_id: str, edit: PlaylistEdit, revision: int | None) -> Playlist:
        """Change title or description.

        Raises:
            RequestInvalid, PlaylistUnknown, RevisionWrong: nothing is changed.
        """
        asked = {name: value for name, value in asdict(edit).items() if value is not UNSET}
        await self._rows.update(self._change(playlist_id, revision), _cleaned(asked))
        return await self._seen(playlist_id)

    async def delete(self, playlist_id: str, revision: int | None) -> None:
        """Forget a playlist; its tracks stay.

        Raises:
            PlaylistUnknown, RevisionWrong: it is there still.
        """
        await self._rows.delete(self._change(playlist_id, revision))

    async def add(self, playlist_id: str, new: NewEntry, revision: int | None) -> tuple[PlaylistEntry, int]:
        """Put a track into a playlist. Returns the entry, and the revision that the playlist then has.

        Raises:
            PlaylistUnknown, RevisionWrong, TrackUnknown, PlaylistFull: nothing is changed.
        """
        change = self._change(playlist_id, revision)
        if not is_id(new.track):
            raise TrackUnknown(f"there is no track {new.track}")
        entry_id = self._make_id()
        now = await self._rows.add(change, entry_id, new.track, new.at)
        for track in await self._showcase.tracks([new.track]):
            return PlaylistEntry(entry_id, track), now
        raise TrackUnknown(f"the track {new.track} has just been deleted")

    async def order(self, playlist_id: str, order: Order, revision: int | None) -> Playlist:
        """Give the entries another order.

        Raises:
            RequestInvalid, PlaylistUnknown, RevisionWrong: nothing is changed.
        """
        await self._rows.order(self._change(playlist_id, revision), order.items)
        return await self._seen(playlist_id)

    async def remove(self, playlist_id: str, entry_id: str, revision: int | None) -> int:
        """Take an entry out. Returns the revision that the playlist then has.

        Raises:
            EntryUnknown, PlaylistUnknown, RevisionWrong: nothing is changed.
        """
        change = self._change(playlist_id, revision)
        if not is_id(entry_id):
            raise EntryUnknown(f"there is no entry {entry_id} in playlist {playlist_id}")
        return await self._rows.remove(change, entry_id)

    def _change(self, playlist_id: str, revision: int | None) -> Change:
        _check_id(playlist_id)
        return Change(playlist_id, self._now_ms(), revision)

    async def _seen(self, playlist_id: str) -> Playlist:
        _check_id(playlist_id)
        return view_playlist(await self._rows.get(playlist_id))


_FIELDS = Playlist.__struct_fields__


def _check_id(playlist_id: str) -> None:
    if not is_id(playlist_id):
        raise PlaylistUnknown(f"there is no playlist {playlist_id}")


def _cleaned(texts: dict[str, Any]) -> dict[str, Any]:
    if "title" in texts:
        texts["title"] = clean("title", texts["title"])
        if texts["title"] is None:
            raise RequestInvalid("title has nothing but blanks in it")
    if texts.get("description") is not None:
        # Line ends and tabs are all that a text of several lines may have of what can't be printed.
        lines = texts["description"].replace("\r\n", "\n").replace("\t", " ").split("\n")
        cleaned = "\n".join(str(clean("description", line) or "") for line in lines).strip()
        texts["description"] = cleaned or None
    return texts
