from hls.live import GRID, OnAir


def test_a_place_in_a_show_has_a_time() -> None:
    show = OnAir("den", "id", 5_000_000, 7_000_000, 3, GRID, ())
    assert show.time_us(0) == 7_000_000
    assert show.time_us(GRID.part_ticks) == 7_320_000
    assert show.time_us(-48) == 6_999_000


def test_the_grid_is_what_players_are_promised() -> None:
    assert (GRID.target_duration_s, GRID.segment_ticks) == (4, 184_320)
