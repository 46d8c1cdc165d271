"""What was said in a room, over HTTP, from a real server."""

import json
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.api import get_json
from tests.support.chat import client
from tests.support.server import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("rooms")) as server:
        yield server


def messages(server: Server, room: str, **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = get_json(f"{server.url}/api/v1/rooms/{room}/messages?{urlencode(query)}")
    return page


def problem(server: Server, room: str, **query: Any) -> str:
    with pytest.raises(urllib.error.HTTPError) as refused:
        messages(server, room, **query)
    assert refused.value.code == 400
    return str(json.load(refused.value)["detail"])


async def test_messages_as_they_stand(server: Server, tmp_path: Path) -> None:
    async with client(f"ws://127.0.0.1:{server.port}/ws", "ann") as ann:
        await ann.join("lobby")
        ids = [(await ann.send("lobby", str(number), f"message {number}"))["id"] for number in range(5)]
        await ann.say("edit", room="lobby", id=ids[1], nonce="e", body="edited")
        await ann.say("react", room="lobby", id=ids[1], nonce="r", emoji="heart")
        await ann.say("delete", room="lobby", id=ids[2], nonce="d")
        await ann.until("ack", nonce="d")
        await ann.say("send", room="lobby", nonce="t", body="reply", reply_to=ids[0])
        await ann.until("ack", nonce="t")
        await ann.say("history", room="lobby")
        page = messages(server, "lobby")
        assert page == {"messages": (await ann.until("history"))["messages"], "next": None}
    bodies = [message["body"] for message in page["messages"]]
    assert bodies == ["message 0", "edited", "", "message 3", "message 4", "reply"]
    assert page["messages"][1]["reactions"][0]["count"] == 1
    back = messages(server, "lobby", limit=2)
    assert [message["body"] for message in back["messages"]] == ["message 4", "reply"]
    back = messages(server, "lobby", limit=2, before=back["next"])
    assert [message["seq"] for message in back["messages"]] == [3, 4]
    assert [message["seq"] for message in messages(server, "lobby", after=3, limit=1)["messages"]] == [4]
    assert [message["seq"] for message in messages(server, "lobby", thread=ids[0])["messages"]] == [1, 9]
    assert [message["seq"] for message in messages(server, "lobby", q="mess 4")["messages"]] == [5]
    assert messages(server, "nobody-was-here") == {"messages": [], "next": None}


def test_what_makes_no_sense_is_refused(server: Server) -> None:
    assert "one way" in problem(server, "lobby", before=1, after=1)
    assert "one way" in problem(server, "lobby", q="x", after=1)
    assert problem(server, "Lobby").startswith("room: ")
    assert problem(server, "lobby", limit=0).startswith("limit: ")
