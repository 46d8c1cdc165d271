"""Which metrics there are. Each reads a count that its owner keeps anyway."""

from collections.abc import Callable, Mapping

from streamer.archive import ArchiveStats
from streamer.ingest.rtmp.stats import RtmpStats
from streamer.ingest.stats import WayStats
from streamer.library import Library
from streamer.live.uplink_stats import UplinkStats
from streamer.metrics import Gauge
from streamer.server import DoorStats
from streamer.shelf import Shelf
from streamer.stats import ChatStats
from streamer.store_cache import CacheStats
from streamer.uploads import UploadStats


def door_gauges(stats: Callable[[], DoorStats]) -> list[Gauge]:
    """HTTP, as the front door sees it."""
    return [
        Gauge(
            "http_connections_open",
            "Connections open now, WebSockets not counted.",
            lambda: stats().connections_open,
        ),
        Gauge("http_requests", "Requests answered, or handed on.", lambda: stats().requests_total, "counter"),
        Gauge(
            "http_sent_bytes", "Bytes of answers from the front door.", lambda: stats().bytes_sent, "counter"
        ),
        Gauge(
            "http_refused",
            "Connections ended because their client broke a rule, by status.",
            lambda: {str(status): count for status, count in stats().refused_total.items()},
            "counter",
            "status",
        ),
        Gauge(
            "http_truncated",
            "Answers cut off because a file was gone or too short.",
            lambda: stats().truncated_total,
            "counter",
        ),
    ]


def upload_gauges(stats: UploadStats) -> list[Gauge]:
    """Recordings on their way in."""
    return [
        Gauge("uploads_running", "Uploads running now.", lambda: stats.running),
        Gauge(
            "uploads_completed", "Uploads that are on disk whole.", lambda: stats.completed_total, "counter"
        ),
        Gauge("uploads_failed", "Uploads refused or cut.", lambda: stats.failed_total, "counter"),
        Gauge(
            "uploads_received_bytes", "Bytes of recordings.", lambda: stats.received_bytes_total, "counter"
        ),
    ]


def library_gauges(library: Library, shelf: Shelf) -> list[Gauge]:
    """Tracks being made, and those at hand."""
    return [
        Gauge("tracks_unfinished", "Tracks being worked on, by state.", library.counts, label="state"),
        Gauge(
            "tracks_ended",
            "Tracks that came to their end, by how: packaged, media_refused, work_broke, body_cut, ...",
            lambda: dict(library.outcomes),
            "counter",
            "event",
        ),
        Gauge("shelf_tracks", "Tracks kept in memory.", lambda: len(shelf)),
    ]


def chat_gauges(stats: ChatStats) -> list[Gauge]:
    """WebSockets and what is said over them."""
    return [
        Gauge("websockets_open", "WebSockets open now.", lambda: stats.connections_open),
        Gauge(
            "websocket_handshakes",
            "Opening handshakes, by status.",
            lambda: {str(status): count for status, count in stats.handshakes_total.items()},
            "counter",
            "status",
        ),
        Gauge(
            "websocket_closes",
            "WebSockets ended, by close code.",
            lambda: {str(code): count for code, count in stats.closes_total.items()},
            "counter",
            "code",
        ),
        Gauge("chat_commands", "Frames received from clients.", lambda: stats.commands_total, "counter"),
        Gauge("chat_messages", "Messages stored and acknowledged.", lambda: stats.messages_total, "counter"),
        Gauge(
            "chat_frames_delivered",
            "Messages and presence, once for each member.",
            lambda: stats.frames_delivered_total,
            "counter",
        ),
        Gauge("chat_writes", "Writes that delivering took.", lambda: stats.writes_total, "counter"),
        Gauge("chat_errors", "Error replies, by code.", lambda: dict(stats.errors_total), "counter", "code"),
        Gauge(
            "chat_acts",
            "Acts of moderation that were carried out, by kind.",
            lambda: dict(stats.acts_total),
            "counter",
            "act",
        ),
    ]


def comment_gauges(events_total: Mapping[str, int]) -> list[Gauge]:
    """What is said about moments of tracks."""
    return [
        Gauge(
            "comments",
            "Timed comments, by what became of them: stored, deleted, refused, rate_limited.",
            lambda: dict(events_total),
            "counter",
            "event",
        )
    ]


def cover_gauges(events_total: Mapping[str, int]) -> list[Gauge]:
    """Pictures that covers were to be made of."""
    return [
        Gauge(
            "covers",
            "Pictures decoded to make covers, by what became of them: made, refused, failed.",
            lambda: dict(events_total),
            "counter",
            "event",
        )
    ]


def store_gauges(cache: CacheStats, archive: ArchiveStats, cache_bytes: Callable[[], int]) -> list[Gauge]:
    """What goes to the store and comes from it. Only where there is one."""
    return [
        Gauge("store_cache_bytes", "Bytes of stored recordings kept on the local disk.", cache_bytes),
        Gauge(
            "store_cache_blocks",
            "Blocks of 1 MiB that somebody began to read: hit, on the local disk, or miss.",
            lambda: {"hit": cache.hits, "miss": cache.misses},
            "counter",
            "found",
        ),
        Gauge("store_fetched_bytes", "Bytes read from the store.", lambda: cache.fetched_bytes, "counter"),
        Gauge("store_stored_bytes", "Bytes moved to the store.", lambda: archive.stored_bytes, "counter"),
        Gauge(
            "store_recordings",
            "Recordings moved to the store, or removed from it.",
            lambda: {"moved": archive.stored, "removed": archive.removed},
            "counter",
            "what",
        ),
        Gauge(
            "store_failures",
            "What the store did not do, by what was asked: read, or write.",
            lambda: {"read": cache.failures, "write": archive.failures},
            "counter",
            "asked",
        ),
        Gauge(
            "store_waiting",
            "Recordings that are ready and not in the store yet, as last counted.",
            lambda: archive.waiting,
        ),
        Gauge(
            "store_stuck",
            "Recordings that can't be moved because a file of theirs can't be read; the log names them.",
            lambda: archive.broken,
        ),
    ]


def loop_gauges(take_lag_s: Callable[[], float]) -> list[Gauge]:
    """The event loop."""
    return [
        Gauge(
            "loop_lag_seconds",
            "How late the event loop was, at worst, since the last time this was asked.",
            take_lag_s,
        )
    ]


def way_gauges(stats: WayStats) -> list[Gauge]:
    """Sources that come over HTTP."""
    return [
        Gauge("sources_open", "Sources over HTTP that are on stage now.", lambda: stats.open),
        Gauge("sources_received_bytes", "Bytes of sound over HTTP.", lambda: stats.received_bytes, "counter"),
        Gauge(
            "sources_ended",
            "Sources over HTTP that ended or were not let in, by status.",
            lambda: {str(status): count for status, count in stats.answers_total.items()},
            "counter",
            "status",
        ),
    ]


def rtmp_gauges(stats: RtmpStats) -> list[Gauge]:
    """Sources that come over RTMP."""
    return [
        Gauge("rtmp_connections_open", "RTMP connections open now.", lambda: stats.connections_open),
        Gauge("rtmp_publishing", "RTMP connections whose sound is on stage now.", lambda: stats.publishing),
        Gauge(
            "rtmp_received_bytes", "Bytes of RTMP, video included.", lambda: stats.received_bytes, "counter"
        ),
        Gauge("rtmp_video_bytes", "Bytes of video, thrown away.", lambda: stats.video_bytes, "counter"),
        Gauge(
            "rtmp_ended",
            "RTMP connections that ended, by how: published, bad_key, taken_over, late, ...",
            lambda: dict(stats.ended_total),
            "counter",
            "how",
        ),
    ]


def uplink_gauges(stats: UplinkStats, open_now: Callable[[], int]) -> list[Gauge]:
    """Sources that come over WebSockets, from browsers."""
    return [
        Gauge("uplinks_open", "Recordings of browsers that come in, or are waited for.", open_now),
        Gauge("uplinks_received_bytes", "Bytes of recordings.", lambda: stats.received_bytes, "counter"),
        Gauge(
            "uplinks_resent_bytes",
            "Bytes of recordings that came again after a break.",
            lambda: stats.resent_bytes,
            "counter",
        ),
        Gauge(
            "uplinks_resumed",
            "Recordings that went on over another connection.",
            lambda: stats.resumed_total,
            "counter",
        ),
        Gauge(
            "uplinks_ended",
            "Recordings that ended, by why: over, gap, too-fast, lost, taken-over, ...",
            lambda: dict(stats.ended_total),
            "counter",
            "why",
        ),
    ]
