"""People in rooms, on real sockets."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.broker_memory import MemoryBroker
from tests.support.chat import SECRET, ChatServer, Client, chat_server, client, eventually


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path) as running:
        yield running


async def test_two_people_talk_and_one_leaves(server: ChatServer) -> None:
    async with client(server.url, "ann") as ann, client(server.url, "bob") as bob:
        assert (await ann.join("lobby"))["members"] == 1
        joined = await bob.join("lobby")
        assert (joined["members"], joined["messages"], joined["seq"], joined["recovered"]) == (
            2,
            [],
            0,
            False,
        )
        ack = await ann.send("lobby", "n1", "hello there")
        seen = await bob.expect("message")
        assert seen == await ann.expect("message")
        assert {key: seen[key] for key in ("room", "seq", "id", "nonce", "body")} == {
            "room": "lobby",
            "seq": ack["seq"],
            "id": ack["id"],
            "nonce": "n1",
            "body": "hello there",
        }
        assert seen["author"] == {"id": ann.seen[0]["id"], "name": "ann"}
        assert abs(seen["at"] - ann.seen[0]["now"]) < 60_000
        await bob.say("leave", room="lobby")
        await bob.expect("left", room="lobby")
        presence = await ann.until("presence", count=1)
        assert [person["name"] for person in presence["left"]] in ([], ["bob"])


async def test_who_closes_the_connection_is_seen_to_leave(server: ChatServer) -> None:
    async with client(server.url, "ann") as ann:
        await ann.join("lobby")
        async with client(server.url, "bob") as bob:
            await bob.join("lobby")
            arrived = await ann.until("presence", count=2)
            assert "bob" in [person["name"] for person in arrived["joined"]]
        left = await ann.until("presence", count=1)
        assert [person["name"] for person in left["left"]] == ["bob"]


async def test_commands_may_be_sent_in_one_go(server: ChatServer) -> None:
    async with client(server.url, None) as ann:
        await ann.say("hello", name="ann")
        await ann.say("join", room="cold")
        await ann.say("send", room="cold", nonce="1", body="first")
        await ann.say("join", room="other")
        await ann.say("ping")
        await ann.say("leave", room="cold")
        kinds = [(await ann.hear())["type"] for _ in range(3)]
        assert kinds[:2] == ["welcome", "joined"]
        heard = {"ack", "message", "joined", "pong", "left", "presence"}
        while kinds[-1] != "left":
            kinds.append((await ann.hear())["type"])
            assert kinds[-1] in heard
        answers = [kind for kind in kinds if kind in ("joined", "pong", "left")]
        assert answers == ["joined", "joined", "pong", "left"]


async def test_the_ack_comes_before_the_message(server: ChatServer) -> None:
    async with client(server.url) as ann:
        await ann.join("lobby")
        for number in range(20):
            await ann.say("send", room="lobby", nonce=str(number), body="x")
        order = []
        while len(order) < 40:
            frame = await ann.hear()
            if frame["type"] in ("ack", "message"):
                order.append((frame["seq"], frame["type"]))
        for seq in range(1, 21):
            assert order.index((seq, "ack")) < order.index((seq, "message"))
        assert [seq for seq, kind in order if kind == "message"] == list(range(1, 21))


async def test_coming_back_brings_exactly_what_was_missed(server: ChatServer) -> None:
    async with client(server.url, "bob") as bob:
        await bob.join("lobby")
        async with client(server.url, "ann") as ann:
            epoch = (await ann.join("lobby"))["epoch"]
            await bob.send("lobby", "0", "seen")
        for number in range(1, 6):
            await bob.send("lobby", str(number), f"missed {number}")
        async with client(server.url, "ann") as ann:
            joined = await ann.join("lobby", epoch=epoch, seq=1)
            assert joined["recovered"] is True
            assert [message["body"] for message in joined["messages"]] == [f"missed {n}" for n in range(1, 6)]
            assert [message["seq"] for message in joined["messages"]] == [2, 3, 4, 5, 6]
            await bob.send("lobby", "6", "live")
            assert (await ann.expect("message"))["seq"] == 7


async def test_a_gap_is_announced_first(tmp_path: Path) -> None:
    limits = ChatLimits(history_messages=3, resume_messages=5)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        epoch = (await ann.join("lobby"))["epoch"]
        for number in range(10):
            await ann.send("lobby", str(number), "x")
        async with client(server.url, "bob") as bob:
            await bob.say("join", room="lobby", epoch=epoch, seq=2)
            await bob.expect("gap", room="lobby", from_seq=3, to_seq=7)
            joined = await bob.expect("joined", recovered=False, seq=10)
            assert [message["seq"] for message in joined["messages"]] == [8, 9, 10]
        async with client(server.url, "eve") as eve:
            await eve.say("join", room="lobby", epoch="another life", seq=2)
            await eve.expect("gap", from_seq=0, to_seq=7)
            await eve.expect("joined", recovered=False)


async def test_history_and_nonces_outlive_a_restart(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, client(server.url) as ann:
        token = ann.seen[0]["token"]
        before = await ann.join("lobby")
        ack = await ann.send("lobby", "n1", "remember me")
        await ann.send("lobby", "n2", "me too")
    async with chat_server(tmp_path) as server, client(server.url, "ann", token=token) as ann:
        joined = await ann.join("lobby", epoch=before["epoch"], seq=1)
        assert joined["recovered"] is True
        assert [message["body"] for message in joined["messages"]] == ["me too"]
        assert await ann.send("lobby", "n1", "remember me") == ack
        assert (await ann.send("lobby", "n3", "new"))["seq"] == 3
        fresh = await ann.join("lobby")
        assert [message["body"] for message in fresh["messages"]] == ["remember me", "me too", "new"]


async def test_a_resent_nonce_is_shown_once(server: ChatServer) -> None:
    async with client(server.url, "ann") as ann, client(server.url, "bob") as bob:
        await ann.join("lobby")
        await bob.join("lobby")
        for _ in range(3):
            await ann.say("send", room="lobby", nonce="n", body="once")
        acks = [await ann.until("ack", nonce="n") for _ in range(3)]
        assert acks[0] == acks[1] == acks[2]
        await bob.send("lobby", "after", "after")
        await bob.until("message", nonce="after")
        assert [frame["body"] for frame in bob.seen if frame["type"] == "message"] == ["once", "after"]


async def test_a_room_that_many_join_at_once_is_read_once(server: ChatServer, tmp_path: Path) -> None:
    async with client(server.url) as ann:
        await ann.join("lobby")
        await ann.send("lobby", "n", "hello")

    async def visit(number: int) -> int:
        async with client(server.url, f"guest {number}") as guest:
            joined = await guest.join("lobby")
            assert [message["body"] for message in joined["messages"]] == ["hello"]
            return int(joined["members"])

    counts = await asyncio.gather(*(visit(number) for number in range(30)))
    assert max(counts) > 1


async def test_a_message_that_is_not_stored_is_answered_and_not_shown(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamer import chronicle

    async with client(server.url) as ann:
        await ann.join("lobby")
        with monkeypatch.context() as patch:

            def fail(*_: object) -> None:
                raise OSError("No space left on device")

            patch.setattr(chronicle, "write", fail)
            await ann.say("send", room="lobby", nonce="n", body="lost?")
            refused = await ann.expect("error", code="not_stored", nonce="n", room="lobby")
            assert refused["message"] == "the message was not stored: No space left on device"
        assert (await ann.send("lobby", "n", "kept"))["seq"] == 1
        assert (await ann.expect("message"))["body"] == "kept"


async def test_a_room_that_can_not_be_read_turns_people_away(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamer import chronicle

    def fail(*_: object) -> None:
        raise OSError("disk I/O error")

    async with client(server.url) as ann:
        with monkeypatch.context() as patch:
            patch.setattr(chronicle, "read_page", fail)
            await ann.say("join", room="lobby")
            await ann.say("send", room="lobby", nonce="n", body="x")
            refused = await ann.expect("error", code="unavailable", room="lobby")
            assert refused["message"] == "room lobby can't be read right now: disk I/O error"
            await ann.expect("error", code="not_joined", nonce="n")
        await ann.join("lobby")


async def test_a_log_that_does_not_answer_turns_people_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(MemoryBroker, "read", hang)
    async with (
        chat_server(tmp_path, limits=ChatLimits(read_timeout_s=0.05)) as server,
        client(server.url) as ann,
    ):
        await ann.say("join", room="lobby")
        refused = await ann.expect("error", code="unavailable")
        assert refused["message"] == "room lobby can't be read right now: no answer within 0.05 s"


async def test_presence_of_many_is_a_few_frames(tmp_path: Path) -> None:
    people, begun_s = 150, time.monotonic()
    async with chat_server(tmp_path) as server, client(server.url, "ann") as ann:
        await ann.join("lobby")
        async with _many(server, people) as others:
            await asyncio.gather(*(other.join("lobby") for other in others))
            await ann.until("presence", count=people + 1)
        told = [frame for frame in ann.seen if frame["type"] == "presence"]
        took_s = time.monotonic() - begun_s
        assert len(told) <= took_s / ChatLimits().presence_interval_s + 1, f"in {took_s} s"
        assert all(len(frame["joined"]) <= 20 for frame in told)


async def test_rooms_without_people_are_forgotten_and_found_again(tmp_path: Path) -> None:
    limits = ChatLimits(room_idle_s=0.05)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        await ann.join("a")
        await ann.send("a", "n", "hello")
        await ann.join("b")
        await ann.say("leave", room="a")
        await ann.until("left")
        await eventually(lambda: len(server.hub._rooms) == 1)
        assert set(server.broker._logs) == {"b"}
        assert [message["body"] for message in (await ann.join("a"))["messages"]] == ["hello"]


async def test_guests_keep_their_id_and_persons_their_name(server: ChatServer) -> None:
    async with client(server.url, "ann") as ann:
        first = ann.seen[0]
    async with client(server.url, "anna", token=first["token"]) as ann:
        assert (ann.seen[0]["id"], ann.seen[0]["name"]) == (first["id"], "anna")
    async with client(server.url, None) as ann:
        await ann.say("hello", token=first["token"])
        again = await ann.expect("welcome")
        assert (again["id"], again["name"]) == (first["id"], "ann")
    person = Tokens(SECRET).issue("Marie", now_s=int(first["now"] / 1000), ttl_s=100)
    async with client(server.url, "someone else", token=person) as marie:
        assert marie.seen[0]["name"] == "Marie"
        assert not marie.seen[0]["id"].startswith("guest-")
        assert marie.seen[0]["token"] == person


async def test_a_forged_token_is_refused_and_hello_may_be_said_again(server: ChatServer) -> None:
    forged = Tokens(b"another secret, also long enough").issue("Marie", now_s=2_000_000_000, ttl_s=100)
    async with client(server.url, None) as eve:
        await eve.say("hello", name="Marie", token=forged)
        refused = await eve.expect("error", code="token_refused")
        assert refused["message"] == "the token was not signed by this server"
        await eve.say("hello", name="eve")
        await eve.expect("welcome")


async def test_watching_tracks(server: ChatServer) -> None:
    async with client(server.url, "ann") as ann, client(server.url, "bob") as bob:
        await ann.say("watch", track="t1")
        await ann.expect("watching", track="t1")
        await bob.say("watch", track=None)
        await bob.expect("watching", track=None)
        server.hub.track_changed("t1", b'{"id":"t1","state":"ready"}')
        server.hub.track_changed("t2", b'{"id":"t2"}')
        assert await ann.hear() == {"type": "track", "track": {"id": "t1", "state": "ready"}}
        assert [(await bob.hear())["track"]["id"] for _ in range(2)] == ["t1", "t2"]
        await ann.say("unwatch", track="t1")
        await ann.expect("unwatched", track="t1")
        await ann.say("unwatch", track="never-watched")
        await ann.expect("unwatched", track="never-watched")
        server.hub.track_changed("t1", b'{"id":"t1"}')
        await ann.say("ping")
        assert (await ann.hear())["type"] == "pong"
    await eventually(lambda: not server.hub.watchers)


async def test_limits_of_rooms_and_members(tmp_path: Path) -> None:
    limits = ChatLimits(max_rooms_per_connection=2, max_members_per_room=2)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        await ann.join("a")
        await ann.join("b")
        await ann.say("join", room="c")
        await ann.until("error", code="too_many_rooms", room="c")
        async with client(server.url) as bob, client(server.url) as eve:
            await bob.join("a")
            await eve.say("join", room="a")
            refused = await eve.expect("error", code="room_full", room="a")
            assert refused["message"] == "room a has 2 members and is full"


async def test_the_rate_limit_answers_each_message_it_does_not_carry_out(tmp_path: Path) -> None:
    limits = ChatLimits(messages_per_s=20, messages_burst=5)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        await ann.join("lobby")
        begun_s = time.monotonic()
        for number in range(30):
            await ann.say("send", room="lobby", nonce=str(number), body="x")
        answered: dict[str, int] = {}
        while len(answered) < 30:
            frame = await ann.hear()
            if frame["type"] == "ack":
                answered[frame["nonce"]] = 0
            elif frame["type"] == "error":
                assert frame["code"] == "rate_limited"
                answered[frame["nonce"]] = frame["retry_ms"]
        refused = [nonce for nonce, retry_ms in answered.items() if retry_ms]
        more = math.ceil(limits.messages_per_s * (time.monotonic() - begun_s))
        assert len(refused) >= 30 - limits.messages_burst - more
        assert all(1 <= answered[nonce] <= 50 for nonce in refused)


class _many:
    """Greeted clients, all at once."""

    def __init__(self, server: ChatServer, count: int) -> None:
        self._contexts = [client(server.url, f"guest {number}") for number in range(count)]

    async def __aenter__(self) -> list[Client]:
        return list(await asyncio.gather(*(context.__aenter__() for context in self._contexts)))

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*(context.__aexit__(None, None, None) for context in self._contexts))
