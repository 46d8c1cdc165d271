"""docs/operations.md lists every setting and every metric, and none that does not exist."""

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streamer.archive import ArchiveStats
from streamer.broker_redis.link import RedisStats
from streamer.exposition import Exposition
from streamer.gauges import (
    chat_gauges,
    comment_gauges,
    cover_gauges,
    door_gauges,
    library_gauges,
    loop_gauges,
    rtmp_gauges,
    store_gauges,
    uplink_gauges,
    upload_gauges,
    way_gauges,
)
from streamer.gauges_redis import redis_gauges
from streamer.ingest.rtmp.stats import RtmpStats
from streamer.ingest.stats import WayStats
from streamer.live.audience import Audience
from streamer.live.counters import LiveCounters, live_gauges, node_gauges, slow_gauges
from streamer.live.uplink_stats import UplinkStats
from streamer.metrics import Gauge, LoopLag
from streamer.server import DoorStats
from streamer.settings import Settings, describe, keys
from streamer.stats import ChatStats
from streamer.store_cache import CacheStats
from streamer.uploads import UploadStats

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text()


class Library:
    def __init__(self) -> None:
        self.outcomes = {"packaged": 2}

    def counts(self) -> dict[str, int]:
        return {"receiving": 1, "packaging": 0}


def gauges() -> list[Gauge]:
    library: Any = Library()
    redis: Any = SimpleNamespace(stats=RedisStats(), waiting=2, kept=3)
    shelf: Any = [1, 2, 3]
    return [
        *door_gauges(lambda: DoorStats(refused_total=Counter({431: 1}))),
        *upload_gauges(UploadStats(running=4)),
        *library_gauges(library, shelf),
        *chat_gauges(ChatStats()),
        *comment_gauges(Counter(stored=5)),
        *cover_gauges(Counter(made=6)),
        *store_gauges(CacheStats(hits=3), ArchiveStats(), lambda: 5),
        *redis_gauges(redis),
        *live_gauges(LiveCounters(), list, Audience()),
        *slow_gauges(lambda: 1, lambda: 2),
        *node_gauges(lambda: 1, lambda: 2, lambda: 3),
        *way_gauges(WayStats(answers_total=Counter({401: 1}))),
        *uplink_gauges(UplinkStats(ended_total=Counter(over=1)), lambda: 1),
        *rtmp_gauges(RtmpStats()),
        *loop_gauges(LoopLag().take),
    ]


def rows(start: str) -> dict[str, list[str]]:
    _, _, after = DOCUMENT.partition(start)
    table = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert table is not None
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]
    return {cell[0].strip("`"): cell[1:] for cell in cells}


def full_name(gauge: Gauge) -> str:
    return f"veza_{gauge.name}" + ("_total" if gauge.kind == "counter" else "")


def test_every_setting_is_listed_with_its_default_and_no_other() -> None:
    listed = rows("## Settings")
    assert tuple(listed) == keys()
    for key, (default, unit, meaning) in listed.items():
        assert json.loads(default.strip("`")) == getattr(Settings(), key)
        assert (unit, meaning) == describe(key)[:2]


def test_every_metric_is_listed_and_no_other() -> None:
    listed = rows("## Health and metrics")
    assert listed == {full_name(gauge): [gauge.kind, gauge.label or "", gauge.help] for gauge in gauges()}


def test_metrics_are_read_from_the_counters() -> None:
    text = Exposition(gauges()).render().decode()
    for line in (
        "veza_uploads_running 4.0",
        'veza_http_refused_total{status="431"} 1.0',
        'veza_tracks_unfinished{state="receiving"} 1.0',
        'veza_tracks_ended_total{event="packaged"} 2.0',
        'veza_comments_total{event="stored"} 5.0',
        "veza_shelf_tracks 3.0",
        "veza_loop_lag_seconds 0.0",
    ):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize("gauge", gauges(), ids=full_name)
def test_a_metric_says_what_it_counts(gauge: Gauge) -> None:
    assert gauge.help.endswith(".")
