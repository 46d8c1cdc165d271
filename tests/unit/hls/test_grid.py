from hls.grid import Grid

GRID = Grid(timescale=48_000, part_ticks=15_360, parts_per_segment=3, keep_segments=4)


def test_the_grid_says_what_players_are_told():
    assert GRID.segment_ticks == 46_080
    assert GRID.target_duration_s == 1
    assert Grid(48_000, 15_360, 12, 4).target_duration_s == 4  # 3.84 s


def test_the_first_segment_may_be_several():
    assert [GRID.parts_behind(parts) for parts in (0, 3, 300)] == [3, 3, 3]
    opening = Grid(48_000, 15_360, 12, 16, (1, 3, 6))
    assert [opening.parts_behind(parts) for parts in (0, 1, 3, 6, 12, 24)] == [1, 2, 3, 6, 12, 12]
