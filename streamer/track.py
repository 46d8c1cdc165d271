"""A track: what is known of it, and how the API shows it."""

from typing import Literal

import msgspec

from hls.loudness import Loudness
from hls.model import Rendition
from hls.playlist import average_bandwidth
from streamer.cover import cover_link
from streamer.grouping import album_id
from streamer.owner import Owner, owner_of
from streamer.tags import EditedTags, Tags, shown, without_ending
from streamer.track_state import TRANSITIONS as TRANSITIONS
from streamer.track_state import Event as Event
from streamer.track_state import State as State
from streamer.track_state import advance as advance
from streamer.waveform import Peaks


class RenditionView(msgspec.Struct, frozen=True):
    """One encoding to choose from. `codecs` is RFC 6381, `bitrate` the average in bits per second."""

    name: str
    codecs: str
    bitrate: int
    sample_rate: int
    channels: int


class Chapter(msgspec.Struct, frozen=True):
    """What plays from a moment of the track on."""

    start_ms: int
    title: str


class TrackRecord(msgspec.Struct, kw_only=True):
    """All that the server knows of one track, in memory. One writer: the library.

    Attributes:
        title: of the file, as are the other tags; `edits` are what people made of them, and count more.
        size_bytes: of the source; what the client announced while it arrives, 0 if it did not say.
        received_bytes: of the source, on disk.
        media_type: of the source; safe to send from our origin.
        media_id: the folder that its bytes lie in: its own id, or that of a track whose bytes it shares.
        sha256: of the source, in hex; None until all of it is received.
        duplicate_of: the oldest other track with the same bytes, when these were received.
        duration_ms: exact when ready; before that what the file claims, or None.
        packaged_ticks: presentation time in the first rendition, in its timescale.
        cover_type: media type of the recording's own picture; None without one.
        file_cover: hash of the covers made of it; None until then, empty if that is impossible.
        user_cover: hash of the covers that somebody chose; None without.
        owner_id: the account that uploaded it; None without one.
        reserved_bytes: of its owner's quota, for a source whose length nobody knows yet.
        file_bytes: lengths of the files of complete renditions, by name.
        listed: the renditions as clients see them, in a record that was loaded without the rest of them.
        stored: sizes by name of files that lie in the store; None where all are in the local folder.
        room: whose show it is the recording of; None for what was uploaded. It has no source, and the sizes
            are those of its renditions.
        chapters: in the order of the track.
        peaks: the waveform so far; None where it lies in its file, or does not exist.
    """

    id: str
    filename: str
    media_type: str
    created_at: int
    updated_at: int
    state: State = State.RECEIVING
    reason: str | None = None
    ref: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    genre: str | None = None
    edits: EditedTags = msgspec.field(default_factory=dict)
    duration_ms: int | None = None
    size_bytes: int = 0
    received_bytes: int = 0
    cover_type: str | None = None
    file_cover: str | None = None
    user_cover: str | None = None
    playable: bool = False
    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None
    loudness_histogram: bytes | None = None
    album_loudness: Loudness | None = None
    listed: list[RenditionView] = msgspec.field(default_factory=list)
    renditions: dict[str, Rendition] = msgspec.field(default_factory=dict)
    packaged_ticks: int = 0
    peaks: Peaks | None = None
    file_bytes: dict[str, int] = msgspec.field(default_factory=dict)
    stored: dict[str, int] | None = None
    media_id: str = ""
    sha256: str | None = None
    duplicate_of: str | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    reserved_bytes: int = 0
    room: str | None = None
    chapters: list[Chapter] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        self.media_id = self.media_id or self.id

    @property
    def packaged_ms(self) -> int:
        if self.state is State.READY:  # a record from a list has no renditions
            return self.duration_ms or 0
        first = next(iter(self.renditions.values()), None)
        if first is None:
            return 0
        return (self.packaged_ticks * 1000 + first.timescale // 2) // first.timescale


class Links(msgspec.Struct, frozen=True):
    """Where the track's parts are, as paths on this server."""

    self: str
    page: str
    hls: str
    source: str
    waveform: str
    cover: str | None
    comments: str
    album: str | None


class Track(msgspec.Struct, frozen=True):
    """A track as the API and the WebSocket show it. Times are milliseconds since the Unix epoch, UTC.

    `live` is a show that is being recorded, in `room`: what has been of it plays. It has no source.
    `duration_ms` is what the file claims until the track is ready, and exact from then on; `reason` says in
    words why a track failed, or why a recording ends before its show; `playable` is true from the first
    segment on. `loudness` is null until all of it is measured; `renditions` are those that have a segment, in
    the order of the playlist. `sha256` is the source's, once all of it is received; `duplicate_of` the oldest
    other track that had the same bytes then.
    """

    id: str
    state: Literal["receiving", "packaging", "live", "ready", "failed"]
    reason: str | None
    title: str
    artist: str | None
    album: str | None
    album_artist: str | None
    track_number: int | None
    disc_number: int | None
    year: int | None
    genre: str | None
    filename: str
    ref: str | None
    duration_ms: int | None
    packaged_ms: int
    size_bytes: int
    received_bytes: int
    playable: bool
    loudness: Loudness | None
    album_loudness: Loudness | None
    renditions: list[RenditionView]
    sha256: str | None
    duplicate_of: str | None
    owner: Owner | None
    room: str | None
    chapters: list[Chapter]
    created_at: int
    links: Links


class TrackPage(msgspec.Struct, frozen=True):
    """Tracks, newest first. `next` is the cursor of the next page, null on the last."""

    items: list[Track]
    next: str | None


def view(record: TrackRecord) -> Track:
    """The record as clients see it."""
    tags = tags_of(record)
    album = album_id(tags) if record.playable else None
    return Track(
        id=record.id,
        state=record.state.value,
        reason=record.reason,
        title=tags.title or without_ending(record.filename),
        artist=tags.artist,
        album=tags.album,
        album_artist=tags.album_artist,
        track_number=tags.track_number,
        disc_number=tags.disc_number,
        year=tags.year,
        genre=tags.genre,
        filename=record.filename,
        ref=record.ref,
        duration_ms=record.duration_ms,
        packaged_ms=record.packaged_ms,
        size_bytes=max(record.size_bytes, record.received_bytes),
        received_bytes=record.received_bytes,
        playable=record.playable,
        loudness=_loudness(record),
        album_loudness=record.album_loudness,
        renditions=renditions_of(record),
        sha256=record.sha256,
        duplicate_of=record.duplicate_of,
        owner=owner_of(record.owner_id, record.owner_name),
        room=record.room,
        chapters=record.chapters,
        created_at=record.created_at,
        links=_links(record, album),
    )


def _links(record: TrackRecord, album: str | None) -> Links:
    api = f"/api/v1/tracks/{record.id}"
    return Links(
        self=api,
        page=f"/t/{record.id}",
        hls=f"/hls/{record.id}/index.m3u8",
        source=f"{api}/source",
        waveform=f"{api}/waveform.json",
        cover=_cover_link(record),
        comments=f"{api}/comments",
        album=f"/api/v1/albums/{album}" if album else None,
    )


def tags_of(record: TrackRecord) -> Tags:
    """The tags as they are shown: the file's, but for what has been edited."""
    return shown({name: getattr(record, name) for name in Tags.__struct_fields__}, record.edits)


def renditions_of(record: TrackRecord) -> list[RenditionView]:
    """What there is to choose from, so far."""
    return [seen(one) for one in record.renditions.values() if one.segments] or record.listed


def seen(rendition: Rendition) -> RenditionView:
    """The rendition as clients see it; it has a segment."""
    return RenditionView(
        name=rendition.name,
        codecs=rendition.codecs,
        bitrate=average_bandwidth(rendition),
        sample_rate=rendition.timescale,
        channels=rendition.channels,
    )


def _loudness(record: TrackRecord) -> Loudness | None:
    measured = (record.integrated_lufs, record.range_lu, record.true_peak_dbtp)
    return None if measured == (None, None, None) else Loudness(*measured)


def _cover_link(record: TrackRecord) -> str | None:
    if record.state is State.FAILED:
        return None
    own, chosen, type = record.file_cover, record.user_cover, record.cover_type
    return cover_link(record.id, file_cover=own, user_cover=chosen, cover_type=type)
