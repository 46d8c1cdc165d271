from hls.job import InTurn


def test_a_lane_in_turn_does_each_item_at_once():
    done: list[int] = []
    lane = InTurn(done.append)
    lane.feed(1)
    assert done == [1]
    lane.feed(2)
    lane.finish()
    assert done == [1, 2]
