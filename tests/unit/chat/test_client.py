"""chat/client.py: the line of a client. When it comes, goes, and comes again."""

import pytest

from chat.client import ClientState
from tests.support.client_machine import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_hello_goes_first_with_the_token_of_the_last_welcome(bench: Bench) -> None:
    bench.connect()
    assert (bench.opens, bench.written) == (1, [])
    bench.welcome()
    assert bench.wrote("hello") == [{"type": "hello", "name": "ann", "token": None}]
    assert [event["state"] for event in bench.of("status")] == ["connecting", "online"]
    bench.die()
    bench.tick(0.4)
    bench.welcome()
    assert bench.wrote("hello") == [{"type": "hello", "name": "ann", "token": "t"}]


def test_it_waits_longer_each_time_up_to_a_limit(bench: Bench) -> None:
    bench.connect()
    waits = []
    for _ in range(8):
        bench.die()
        assert bench.machine.state is ClientState.WAITING and bench.machine.due_s is not None
        waits.append(round(bench.machine.due_s - bench.now, 6))
        bench.tick(waits[-1])
        assert bench.machine.state is ClientState.CONNECTING
    assert waits == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0]


def test_a_line_that_was_good_for_a_while_begins_the_count_anew(bench: Bench) -> None:
    bench.connect()
    for held_s, wait_s in ((0.0, 0.4), (4.9, 0.8), (5.0, 0.4)):
        bench.welcome()
        bench.tick(held_s)
        opens = bench.opens
        bench.die()
        bench.tick(wait_s - 0.01)
        assert bench.opens == opens
        bench.tick(0.01)
        assert bench.opens == opens + 1


def test_a_server_may_ask_for_a_longer_wait(bench: Bench) -> None:
    bench.connect()
    bench.die(1013, wait_s=7.0)
    bench.tick(6.9)
    assert bench.opens == 1
    bench.tick(0.1)
    assert bench.opens == 2


@pytest.mark.parametrize("code", [1000, 1002, 1009, 4500, 4999])
def test_after_some_codes_it_stays_away_until_it_is_told(bench: Bench, code: int) -> None:
    bench.connect()
    bench.welcome()
    bench.die(code)
    assert bench.of("status")[-1] == {"type": "status", "state": "refused", "code": code, "reason": ""}
    bench.tick(1000)
    assert bench.opens == 1
    bench.connect()
    assert bench.opens == 2


def test_connecting_twice_is_connecting_once(bench: Bench) -> None:
    bench.connect()
    bench.connect()
    assert bench.opens == 1


def test_a_silent_line_is_a_dead_line(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    bench.tick(25)
    assert bench.wrote("ping") == [{"type": "ping"}]
    bench.hear("pong", now=0)
    bench.tick(25)
    bench.hear("presence", room="r")  # a sign of life is no answer
    bench.tick(7.9)
    assert bench.drops == []
    bench.tick(0.1)
    assert bench.drops == [4001] and bench.machine.state is ClientState.WAITING
    bench.tick(0.8)
    assert bench.opens == 2


@pytest.mark.parametrize("opened", [False, True])
def test_a_connection_that_comes_to_nothing_is_given_up(bench: Bench, opened: bool) -> None:
    bench.connect()
    if opened:
        bench.machine.opened(bench.now)
    bench.tick(15.4)
    assert (bench.drops, bench.opens) == ([4001], 2)


def test_drained_it_comes_again_after_its_own_delay(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    bench.hear("drain", reconnect_ms=700)
    assert bench.of("drain")
    bench.tick(0.6)
    assert bench.opens == 1
    bench.tick(0.1)
    assert (bench.drops, bench.opens) == ([1000], 2)


def test_drained_and_cut_it_does_not_come_before_its_delay(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    bench.hear("drain")
    bench.die(1001)
    bench.tick(4.9)
    assert bench.opens == 1
    bench.tick(0.1)
    assert bench.opens == 2


def test_who_is_not_known_any_more_says_hello_anew_once() -> None:
    bench = Bench(token="old")
    bench.connect()
    bench.machine.opened(bench.now)
    bench.hear("error", code="token_refused", message="expired")
    assert [hello["token"] for hello in bench.wrote("hello")] == ["old", None]
    assert bench.of("token_refused")
    bench.hear("error", code="token_refused", message="again")
    assert bench.of("error")[0]["message"] == "again"


def test_closed_it_stays_closed_and_keeps_what_waits(bench: Bench) -> None:
    bench.online()
    bench.send("n1")
    bench.machine.close()
    bench.do()
    assert bench.drops == [1000] and bench.machine.due_s is None
    bench.machine.close()
    bench.do()
    assert bench.drops == [1000] and len(bench.rooms.outbox) == 1


def test_a_deadline_that_another_one_ended_does_nothing(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    bench.tick(25)
    bench.hear("drain", reconnect_ms=8000)  # and the answer to the ping is due at that time, too
    bench.now += 100
    bench.machine.wake(bench.now)
    bench.do()
    assert bench.drops == [4001]
    assert bench.opens == 1
