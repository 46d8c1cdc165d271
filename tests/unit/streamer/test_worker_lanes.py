import threading

import pytest

from streamer.worker_lanes import lanes


def test_items_are_done_in_order_and_all_of_them():
    done: list[int] = []
    with lanes(2) as open_lane:
        lane = open_lane(done.append)
        for item in range(1000):
            lane.feed(item)
        lane.finish()
        assert done == list(range(1000))


def test_what_an_item_raises_reaches_who_feeds_the_lane_and_ends_the_work():
    def work(item: int) -> None:
        if item == 3:
            raise OSError("the disk is full")
        assert item < 3

    with lanes(2) as open_lane:
        lane = open_lane(work)
        with pytest.raises(OSError, match="the disk is full"):
            for item in range(10_000):
                lane.feed(item)
        with pytest.raises(OSError, match="the disk is full"):
            lane.finish()


def test_lanes_go_on_side_by_side():
    meet = threading.Barrier(2, timeout=10)

    def arrive(_item: None) -> None:
        meet.wait()

    with lanes(2) as open_lane:
        one, two = (open_lane(arrive) for _ in range(2))
        one.feed(None)
        two.feed(None)
        one.finish()
        two.finish()


def test_after_the_end_nothing_is_done_any_more():
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(item: int) -> None:
        begun.set()
        go_on.wait(10)
        done.append(item)

    with pytest.raises(ValueError, match="given up"), lanes(2) as open_lane:
        lane = open_lane(work)
        lane.feed(1)
        lane.feed(2)
        assert begun.wait(10)
        threading.Timer(0.05, go_on.set).start()
        raise ValueError("given up")
    assert done == [1]
