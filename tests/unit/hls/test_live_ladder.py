"""The renditions of a show, all on one grid."""

import pytest

from hls import live_ladder
from hls.live import CHUNK_TICKS, GRID
from hls.live_ladder import plan, stops


def test_names_come_in_the_order_of_players_and_there_is_always_aac():
    assert [p.name for p in plan(("mp3", "aac64", "other", "aac128"))] == ["aac128", "aac64", "mp3"]
    assert [p.name for p in plan(("flac",))] == ["aac128", "flac"]
    assert [p.name for p in plan()] == ["aac128", "aac64"]


@pytest.mark.parametrize("rendition", [p for p in plan(live_ladder.NAMES) if p.parts], ids=lambda p: p.name)
def test_frames_fit_the_grid(rendition):
    assert GRID.part_ticks % rendition.frame_ticks == 0
    assert rendition.delay_ticks % rendition.frame_ticks == 0
    assert rendition.lead_ticks <= rendition.delay_ticks
    assert rendition.delay_ticks <= live_ladder.LOOKAHEAD_TICKS


def test_a_part_is_handed_out_in_thirds():
    by_name = {p.name: stops(p, CHUNK_TICKS, GRID.part_ticks) for p in plan(live_ladder.NAMES) if p.parts}
    assert by_name == {
        "aac128": (5, 10, 15),
        "aac64": (5, 10, 15),
        "flac": (5, 10, 15),
        "opus96": (4, 10, 16),
    }
