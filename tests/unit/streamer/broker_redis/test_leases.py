"""What a node makes of the answers of `lua/lease.lua`."""

from streamer.broker_redis import script
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.leases import LEASE_MS, RENEW_S, Leases

KEYS = Keys()


def test_each_shard_is_asked_for_with_what_is_left_to_do() -> None:
    leases = Leases(KEYS, (3, 4), "node")
    names = [(KEYS.lease(shard), KEYS.archivists(shard)) for shard in (3, 4)]
    assert leases.ask({4}) == [
        script.lease(*names[0], "node", LEASE_MS, 3, False),
        script.lease(*names[1], "node", LEASE_MS, 4, True),
    ]
    assert leases.leave() == [
        script.lease(*names[0], "node", 0, 3, False),
        script.lease(*names[1], "node", 0, 4, False),
    ]


def test_what_is_new_is_said_once() -> None:
    leases = Leases(KEYS, (0, 1, 2), "node")
    assert leases.learn([1, 0, 1]) == [0, 2]
    assert (leases.mine, leases.open, leases.pause_s) == ({0, 2}, [0, 2], RENEW_S)
    assert leases.learn([1, 1, 0]) == [1]
    leases.forget()
    assert (leases.mine, leases.open) == (frozenset(), [])
    assert leases.learn([1, 1, 0]) == [0, 1]


def test_nothing_is_begun_of_what_goes_to_another_and_no_time_is_lost() -> None:
    leases = Leases(KEYS, (0, 1), "node")
    leases.learn([1, 1])
    assert leases.learn([1, 2]) == []
    assert (leases.mine, leases.open) == ({0, 1}, [0])
    assert leases.pause_s < RENEW_S
    leases.learn([1, 0])
    assert (leases.mine, leases.leaving, leases.pause_s) == ({0}, frozenset(), RENEW_S)
    leases.learn([1, 3])
    assert leases.pause_s < RENEW_S, "it is on its way"
