"""chat/client_rooms.py: each entry is told once, what is not acknowledged goes again, questions end."""

import pytest

from chat.client_effects import Answer
from tests.support.client_machine import Bench, message

LINE_LOST = {"code": "line_lost", "message": "no answer will come"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_joins_when_welcomed_and_sends_when_joined(bench: Bench) -> None:
    bench.rooms.join("r", {"password": "sesame"})
    bench.send("n1", body="early")
    bench.connect()
    bench.welcome()
    assert bench.written[1:] == [{"type": "join", "room": "r", "password": "sesame"}]
    bench.joined()
    assert bench.wrote("send") == [{"type": "send", "room": "r", "nonce": "n1", "body": "early"}]
    bench.hear("ack", room="r", nonce="n1", seq=1, id="m1")
    assert len(bench.rooms.outbox) == 0
    (acked,) = bench.of("acked")
    assert (acked["command"]["body"], acked["frame"]["seq"]) == ("early", 1)


def test_it_comes_back_to_where_it_was_and_tells_each_entry_once(bench: Bench) -> None:
    bench.online()
    bench.hear(**message(1, "a"))
    bench.hear(**message(1, "a"))
    bench.hear(**message(2, "b", "sealed"))  # a kind that is not known yet
    bench.die()
    bench.tick(0.4)
    bench.welcome()
    assert bench.wrote("join") == [{"type": "join", "room": "r", "epoch": "e", "seq": 2}]
    bench.joined(3, message(2, "b"), message(3, "c"), recovered=True)
    bench.hear(**message(3, "c"))
    assert [event["seq"] for event in bench.of("message")] == [1]
    assert [[each["seq"] for each in event["messages"]] for event in bench.of("joined")] == [[], [3]]


def test_a_gap_is_told_before_what_follows(bench: Bench) -> None:
    bench.online()
    bench.hear("gap", room="r", from_seq=1, to_seq=40)
    bench.joined(41, message(41, "x"))
    assert [event["type"] for event in bench.told[-2:]] == ["gap", "joined"]


def test_what_was_not_acknowledged_goes_again_and_nothing_else(bench: Bench) -> None:
    bench.online()
    for nonce in ("n1", "n2", "n3"):
        bench.send(nonce)
    bench.hear("ack", room="r", nonce="n1", seq=1, id="m1")
    bench.die()
    bench.tick(0.4)
    bench.welcome()
    bench.joined(2, message(1, "n1"), message(2, "n2"), recovered=True)
    assert [frame["nonce"] for frame in bench.wrote("send")] == ["n3"]
    bench.hear(**message(3, "n3"))  # the message came, its acknowledgement did not
    assert [event["command"]["nonce"] for event in bench.of("acked")] == ["n1", "n2", "n3"]


def test_too_fast_waits_as_told_and_holds_up_no_other_room(bench: Bench) -> None:
    bench.online()
    bench.rooms.join("s", {})
    bench.joined(room="s")
    bench.send("n1")
    bench.hear("error", code="rate_limited", message="", nonce="n1", retry_ms=300)
    bench.send("n2")
    bench.send("n3", room="s")
    assert [frame["nonce"] for frame in bench.wrote("send")] == ["n1", "n3"]
    bench.tick(0.3)
    assert [frame["nonce"] for frame in bench.wrote("send")] == ["n1", "n3", "n1", "n2"]
    assert bench.of("error") == []


def test_a_server_that_forgot_the_member_is_told_again(bench: Bench) -> None:
    bench.online()
    bench.send("n1")
    bench.hear("error", code="not_joined", message="", nonce="n1")
    assert len(bench.wrote("join")) == 2
    bench.tick(1)
    assert len(bench.wrote("send")) == 2


def test_a_refused_command_fails_with_the_servers_words(bench: Bench) -> None:
    bench.online()
    bench.send("n1")
    bench.hear("error", code="invalid_field", message="too long", nonce="n1", room="r")
    assert bench.of("failed")[0]["frame"]["message"] == "too long"
    assert len(bench.rooms.outbox) == 0


def test_a_room_that_cannot_be_read_now_is_asked_again(bench: Bench) -> None:
    bench.rooms.join("r", {})
    bench.connect()
    bench.welcome()
    bench.hear("error", code="unavailable", message="", room="r")
    bench.tick(1)
    assert len(bench.wrote("join")) == 2
    bench.hear("error", code="room_full", message="full", room="r")
    assert bench.of("error")[0]["message"] == "full"
    bench.hear("error", code="rate_limited", message="", room="r")
    bench.rooms.leave("r")
    bench.tick(1)
    assert len(bench.wrote("join")) == 2


def test_what_may_have_been_said_long_ago_is_not_said_again_unasked(bench: Bench) -> None:
    bench.online()
    bench.send("n1")
    bench.die()
    bench.send("n2")
    bench.tick(0.4)
    bench.die()
    bench.now += 300
    bench.tick(0)
    bench.welcome()
    bench.joined(1000)
    failed = [(event["command"]["nonce"], event["frame"]["code"]) for event in bench.of("failed")]
    assert failed == [("n1", "uncertain")]
    assert [frame["nonce"] for frame in bench.wrote("send")] == ["n2"]


def test_questions_are_answered_in_turn_and_end_with_the_line(bench: Bench) -> None:
    bench.online()
    bench.ask(1, "history", room="r", before=9)
    bench.ask(2, "history", room="r", before=5)
    bench.ask(3, "search", room="r", query="x")
    bench.ask(4, "members", room="r")
    bench.hear("history", room="r", next=5)
    bench.hear("error", code="rate_limited", message="", room="r")
    bench.hear("search", next=None)
    bench.die()
    bench.ask(5, "members", room="r")
    assert bench.answers == [
        Answer(1, {"type": "history", "room": "r", "next": 5}, None),
        Answer(2, None, {"type": "error", "code": "rate_limited", "message": "", "room": "r"}),
        Answer(3, {"type": "search", "next": None}, None),
        Answer(4, None, LINE_LOST),
        Answer(5, None, LINE_LOST),
    ]


def test_leaving_a_room_ends_its_questions(bench: Bench) -> None:
    bench.online()
    bench.ask(1, "members", room="r")
    bench.rooms.leave("r")
    bench.do()
    assert bench.answers == [Answer(1, None, {"code": "left", "message": "no answer will come"})]
    assert bench.written[-1] == {"type": "leave", "room": "r"}
    bench.joined(5)  # the answer to a join that was under way
    bench.hear(**message(6, "x"))
    assert len(bench.of("joined")) == 1 and bench.of("message") == []
    bench.rooms.leave("r")
    bench.machine.close()
    bench.rooms.join("s", {})
    bench.rooms.leave("s")
    bench.do()
    assert len(bench.wrote("leave")) == 1


def test_a_direct_room_that_was_asked_for_is_joined_like_any_other(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    bench.ask(1, "direct", "joined", to="bob")
    bench.joined(3, room="d")
    assert bench.answers[0].frame is not None
    bench.die()
    bench.tick(0.4)
    bench.welcome()
    assert bench.wrote("join") == [{"type": "join", "room": "d", "epoch": "e", "seq": 3}]


def test_a_direct_room_is_not_taken_for_one_that_is_joined_meanwhile(bench: Bench) -> None:
    bench.connect()
    bench.welcome()
    for room in ("r", "s"):
        bench.rooms.join(room, {})
    bench.ask(1, "direct", "joined", to="bob")
    bench.joined(3, room="r")
    bench.hear("error", code="members_only", message="no", room="s")
    assert bench.answers == []
    bench.joined(1, room="s")  # that of two
    assert [answer.frame and answer.frame["room"] for answer in bench.answers] == ["s"]


def test_a_notice_may_answer_what_was_sent(bench: Bench) -> None:
    bench.online()
    bench.send("n1", body="/slow 10s")
    bench.hear("notice", room="r", code="done", text="done", nonce="n1")
    assert [event["type"] for event in bench.told[-2:]] == ["notice", "acked"]
    assert len(bench.rooms.outbox) == 0


@pytest.mark.parametrize("code", ["kicked", "direct_refused"])
def test_who_is_sent_out_does_not_come_again_unasked(bench: Bench, code: str) -> None:
    bench.online()
    bench.rooms.join("s", {})
    bench.joined(room="s")
    bench.send("n1")
    bench.send("n2", room="s")
    bench.ask(1, "members", room="r")
    bench.hear("error", code=code, message="out", room="r")
    assert bench.of("error")[0]["code"] == code
    assert [event["command"]["nonce"] for event in bench.of("failed")] == ["n1"]
    assert bench.answers[0].error == {"code": code, "message": "no answer will come"}
    bench.die()
    bench.tick(0.4)
    bench.welcome()
    assert [frame["room"] for frame in bench.wrote("join")] == ["s"]


def test_hints_are_for_now_or_never(bench: Bench) -> None:
    bench.rooms.hint({"type": "typing", "room": "r"})
    bench.online()
    bench.rooms.hint({"type": "typing", "room": "r"})
    bench.do()
    bench.die()
    bench.rooms.hint({"type": "typing", "room": "r"})
    bench.do()
    assert len(bench.wrote("typing")) == 1


def test_own_words_are_shown_that_have_no_number_of_their_own(bench: Bench) -> None:
    bench.online()
    bench.hear(**message(5, "a"))
    bench.send("n1", body="buy now")
    bench.hear("ack", room="r", nonce="n1", seq=5, id="m9")
    own = message(5, "n1") | {"id": "m9"}
    bench.hear(**own)
    bench.hear(**own)
    assert [event["id"] for event in bench.of("message")][1:] == ["m9"], "once"


def test_few_acknowledged_ids_are_remembered(bench: Bench) -> None:
    bench.online()
    bench.hear(**message(500, "a"))
    for number in range(150):
        bench.send(f"n{number}", body="x")
        bench.hear("ack", room="r", nonce=f"n{number}", seq=500, id=f"i{number}")
    for number in (0, 149):
        bench.hear(**(message(500, f"n{number}") | {"id": f"i{number}"}))
    assert [event["id"] for event in bench.of("message")][1:] == ["i149"]
