"""Tracks made of the same bytes: when one takes over what another has, and what it takes. Pure.

A recording that is uploaded again gets a track of its own, and its upload goes on as any other does: it is
packaged and plays while it arrives, for nobody knows what it is before its last byte is here. Then, whenever
something changes, the same question is asked again: is there a track made of these bytes that is ready?

| when | asked by |
|---|---|
| its last byte has come | the upload |
| another track with these bytes became ready | that one, of all that are still packaged |
| it has been packaged itself | itself; in one transaction with becoming ready, so that of two one is first |
| the server has started again | the start, before packaging again |

If there is, it takes over: in one transaction the row says ready and whose folder has the bytes, then memory
says so, then its worker ends and its own bytes go. Nobody ever waits for another: if the other fails or is
deleted before that transaction, the track just goes on being packaged.

Who listens meanwhile is not disturbed: packaging gives the same bytes every time, so the playlist that a
player has loaded fits the other's files too. Where that is not so (they were packaged with other settings,
or by another version), the tables of segments differ. Then a track that already plays keeps its own bytes:
better the same recording twice on the disk than a click in somebody's ear.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from hls.model import Rendition
from streamer.tags import Tags
from streamer.track import Event, TrackRecord, advance

_OF_THE_BYTES = (
    *("media_id", "duration_ms", "cover_type", "integrated_lufs", "range_lu", "true_peak_dbtp"),
    "loudness_histogram",
    *Tags.__struct_fields__,
)
#: The columns that change when a track takes over the media of another; the rest of it stays its own.
TAKEN = (*_OF_THE_BYTES, "state", "reason", "playable", "updated_at")
#: What changes beside them in memory.
TAKEN_IN_MEMORY = ("renditions", "packaged_ticks", "file_bytes", "peaks", "stored")


def fits(ours: Mapping[str, Rendition], theirs: Mapping[str, Rendition]) -> bool:
    """Whether who plays what there is of ours can go on with theirs: the same names, heads and byte ranges.

    Args:
        ours: renditions by name; those without a segment have not been shown to anyone.
        theirs: complete.
    """
    return all(_continues(theirs.get(name), one) for name, one in ours.items() if one.segments)


def take_over(own: TrackRecord, other: TrackRecord, now_ms: int) -> TrackRecord:
    """The track as it is with the media of another that is ready."""
    return replace(
        own,
        **{name: getattr(other, name) for name in _OF_THE_BYTES},
        state=advance(own.state, Event.TAKEN_OVER),
        reason=None,
        playable=True,
        renditions=other.renditions,
        packaged_ticks=other.packaged_ticks,
        file_bytes=other.file_bytes,
        peaks=None,
        stored=other.stored,
        updated_at=now_ms,
    )


def _continues(theirs: Rendition | None, ours: Rendition) -> bool:
    return (
        theirs is not None
        and (theirs.codecs, theirs.timescale, theirs.channels) == (ours.codecs, ours.timescale, ours.channels)
        and theirs.init_size_bytes == ours.init_size_bytes
        and theirs.segments[: len(ours.segments)] == ours.segments
    )
