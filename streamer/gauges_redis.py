"""Metrics of the rooms' logs in Redis. Only where `redis_url` is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamer.metrics import Gauge

if TYPE_CHECKING:
    from streamer.broker_redis.broker import RedisBroker


def redis_gauges(broker: RedisBroker) -> list[Gauge]:
    """The link, what waits for it, and the archive."""
    stats = broker.stats
    return [
        Gauge("redis_up", "1 while messages can be stored and heard.", lambda: int(stats.link_up)),
        Gauge(
            "redis_breaks",
            "Times that Redis was lost, by what for: writing, listening, shows; or that it refused: storing.",
            lambda: dict(stats.breaks_total),
            "counter",
            "part",
        ),
        Gauge("redis_waiting", "Messages that wait for their outcome.", lambda: broker.waiting),
        Gauge(
            "redis_not_stored",
            "Messages that were given up, by why: refused, unreachable, unsure, overflow.",
            lambda: dict(stats.not_stored_total),
            "counter",
            "why",
        ),
        Gauge(
            "redis_whispers_dropped",
            "Passing events, such as who is typing, that were never sent.",
            lambda: stats.whispers_dropped_total,
            "counter",
        ),
        Gauge(
            "redis_restored",
            "Messages that Redis had lost and this node put back.",
            lambda: stats.restored_total,
            "counter",
        ),
        Gauge(
            "redis_renewed",
            "Rooms whose clients were told of a gap, because positions were not what they had been.",
            lambda: stats.renewed_total,
            "counter",
        ),
        *_archive_gauges(broker),
    ]


def _archive_gauges(broker: RedisBroker) -> list[Gauge]:
    stats = broker.stats
    return [
        Gauge(
            "archive_shards",
            "Of 16 parts of the rooms, those that this node brings into SQL.",
            lambda: sum(stats.archive_shards.values()),
        ),
        Gauge("archive_unarchived", "Messages known here and not in SQL yet.", lambda: broker.kept),
        Gauge(
            "archive_messages",
            "Messages that this node brought into SQL.",
            lambda: stats.archived_total,
            "counter",
        ),
        Gauge(
            "archive_failures",
            "Times that SQL did not take messages; they are tried again.",
            lambda: stats.archive_failures_total,
            "counter",
        ),
        Gauge(
            "archive_lag_seconds",
            "Age of the oldest message that this node has to bring into SQL.",
            lambda: stats.archive_lag_s,
        ),
    ]
