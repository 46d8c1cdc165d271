"""The order of rooms over HTTP, on a real server, with people in the rooms."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.account import ask, token_of
from tests.support.api import get_json
from tests.support.chat import client
from tests.support.server import Server, running_server
from tests.support.wire import Reply

ROOMS = "/api/v1/rooms"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("rooms"), trusted_proxies="127.0.0.0/8") as server:
        yield server


class Api:
    """The API, as one person sees it."""

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._token = token

    def __call__(self, method: str, path: str, body: Any = None, status: int = 204) -> Any:
        reply = self.reply(method, path, body)
        assert reply.status == status, reply.body
        return json.loads(reply.body) if reply.body else None

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the kind of a problem."""
        reply = self.reply(method, path, body)
        problem = json.loads(reply.body)
        assert problem["status"] == reply.status
        return reply.status, problem["type"].partition("#")[2]

    def reply(self, method: str, path: str, body: Any = None) -> Reply:
        data = b"" if body is None else json.dumps(body).encode()
        fields = {} if body is None else {"Content_Type": "application/json"}
        return ask(self._server, method, path, self._token, data, **fields)


def api(server: Server, name: str, *, operator: bool = False) -> Api:
    return Api(server, token_of(server, name, operator=operator))


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


async def test_who_makes_a_room_owns_it(server: Server) -> None:
    olga, ann = api(server, "olga"), api(server, "ann")
    made = olga("POST", ROOMS, {"name": "studio"}, 201)
    policy = {"entry": "open", "speakers": "everyone", "slow_ms": 0, "hold": False, "guest_links": True}
    assert made == {"name": "studio", "policy": policy, "role": "owner"}
    assert ann.refused("POST", ROOMS, {"name": "studio"}) == (409, "room-taken")
    assert ann.refused("POST", ROOMS, {"name": "No Room"}) == (400, "request-invalid")
    assert Api(server, "").refused("POST", ROOMS, {"name": "x"}) == (401, "token-missing")
    assert ann("GET", f"{ROOMS}/studio", status=200)["role"] == "listener"
    assert get_json(f"{server.url}{ROOMS}/studio")["role"] is None
    changed = olga("PATCH", f"{ROOMS}/studio/policy", {"entry": "members", "slow_ms": 500}, 200)
    assert changed == policy | {"entry": "members", "slow_ms": 500}
    olga("PATCH", f"{ROOMS}/studio/policy", {"guest_links": False, "slow_ms": 90_000}, 200)
    done = [line["detail"] for line in olga("GET", f"{ROOMS}/studio/audit", status=200)["items"]]
    assert done[0] == "slow mode is 1m30s, guests sending links is off"
    assert done[1] == "entry is members, slow mode is 500 ms"
    assert ann.refused("PATCH", f"{ROOMS}/studio/policy", {"hold": True}) == (403, "role-missing")
    assert olga.refused("PATCH", f"{ROOMS}/studio/policy", {"slow_ms": 1 << 40}) == (400, "request-invalid")


async def test_a_room_that_people_talk_in_is_nobodys_to_take(server: Server) -> None:
    async with client(address(server), "gus") as gus:
        await gus.join("square")
        await gus.send("square", "1", "hi")
    assert api(server, "olga").refused("POST", ROOMS, {"name": "square"}) == (409, "room-taken")
    api(server, "ops", operator=True)("PUT", f"{ROOMS}/square/roles/olga", {"role": "owner"})
    assert api(server, "olga")("GET", f"{ROOMS}/square", status=200)["role"] == "owner"


async def test_bans_and_roles(server: Server) -> None:
    olga = api(server, "olga")
    olga("POST", ROOMS, {"name": "club"}, 201)
    async with client(address(server), "gus") as gus, client(address(server), "dora") as dora:
        for each in (gus, dora):
            await each.join("club")
        ids = [each.seen[0]["id"] for each in (gus, dora)]
        olga("PUT", f"{ROOMS}/club/roles/{ids[1]}", {"role": "speaker"})
        assert olga.refused("PUT", f"{ROOMS}/club/roles/gus", {"role": "moderator"}) == (403, "role-missing")
        ban = {"subject": "gus", "for_ms": 60_000, "reason": "spam"}
        made = olga("POST", f"{ROOMS}/club/bans", ban, 201)
        assert (made["measure"], made["author_id"], made["reason"]) == ("ban", ids[0], "spam")
        await gus.until("error", code="banned", room="club")
        await dora.until("system", event="order")
        assert olga("GET", f"{ROOMS}/club/bans", status=200)["items"] == [made]
        guest = Api(server, dora.seen[0]["token"])
        assert guest.refused("GET", f"{ROOMS}/club/bans") == (403, "role-missing")
        assert guest.refused("POST", f"{ROOMS}/club/bans", ban) == (403, "role-missing")
        olga("DELETE", f"{ROOMS}/club/bans/{made['id']}")
        assert olga.refused("DELETE", f"{ROOMS}/club/bans/{made['id']}") == (404, "subject-unknown")
        await gus.join("club")
        olga("POST", f"{ROOMS}/club/kicks", {"subject": "gus", "reason": "out"})
        await gus.until("error", code="kicked")
        assert olga.refused("POST", f"{ROOMS}/club/kicks", {"subject": "nobody"}) == (404, "subject-unknown")
        roles = olga("GET", f"{ROOMS}/club/roles", status=200)["items"]
        assert [(one["name"], one["role"]) for one in roles] == [("olga", "owner"), ("dora", "speaker")]
        olga("DELETE", f"{ROOMS}/club/roles/{ids[1]}")
    acts = [line["act"] for line in olga("GET", f"{ROOMS}/club/audit", status=200)["items"]]
    assert acts == ["role", "kick", "unban", "ban", "role", "create_room"]
    page = olga("GET", f"{ROOMS}/club/audit?limit=4", status=200)
    rest = olga("GET", f"{ROOMS}/club/audit?limit=4&cursor={page['next']}", status=200)
    assert [line["act"] for line in rest["items"]] == acts[4:] and rest["next"] is None


async def test_measures_on_the_whole_server_are_for_operators(server: Server) -> None:
    ops, olga = api(server, "ops", operator=True), api(server, "olga")
    everywhere = {"subject": "5.5.5.0/24", "measure": "ban"}
    assert olga.refused("POST", "/api/v1/bans", everywhere) == (403, "role-missing")
    assert olga.refused("GET", "/api/v1/bans") == (403, "role-missing")
    made = ops("POST", "/api/v1/bans", everywhere, 201)
    assert made["network"] == "5.5.5.0/24"
    assert ops("GET", "/api/v1/bans", status=200)["items"] == [made]
    ops("DELETE", f"/api/v1/bans/{made['id']}")
    assert ops("GET", "/api/v1/bans", status=200)["items"] == []
    assert olga.refused("GET", "/api/v1/rooms/No!/bans") == (400, "request-invalid")


async def test_what_moderators_look_at(server: Server) -> None:
    olga = api(server, "olga")
    olga("POST", ROOMS, {"name": "stage"}, 201)
    olga("PATCH", f"{ROOMS}/stage/policy", {"hold": True}, 200)
    olga("POST", f"{ROOMS}/stage/filters", {"word": "Héck"})
    listed = olga("GET", f"{ROOMS}/stage/filters", status=200)
    (word,) = listed["items"]
    assert listed["written"] == ["Héck"]
    olga("DELETE", f"{ROOMS}/stage/filters/{word}")
    async with client(address(server), "gus") as gus:
        await gus.join("stage")
        await gus.say("send", room="stage", nonce="1", body="hello")
        await gus.until("notice", code="held")
        (held,) = olga("GET", f"{ROOMS}/stage/held", status=200)["items"]
        assert (held["body"], held["author_name"]) == ("hello", "gus")
        olga("POST", f"{ROOMS}/stage/held/{held['id']}")
        assert (await gus.until("message", nonce="1"))["id"] == held["id"]
        assert olga.refused("POST", f"{ROOMS}/stage/held/{held['id']}") == (404, "subject-unknown")
        guest = Api(server, gus.seen[0]["token"])
        guest("POST", f"{ROOMS}/stage/reports", {"subject": held["id"], "reason": "mine"}, 202)
        (report,) = olga("GET", f"{ROOMS}/stage/reports", status=200)["items"]
        assert (report["body"], report["reason"]) == ("hello", "mine")
        olga("DELETE", f"{ROOMS}/stage/reports/{report['id']}")
        assert olga.refused("DELETE", f"{ROOMS}/stage/reports/{report['id']}") == (404, "report-unknown")
        statuses = [
            guest.reply("POST", f"{ROOMS}/stage/reports", {"subject": "gus"}).status for _ in range(9)
        ]
        assert statuses[0] == 202 and statuses[-1] == 429


async def test_what_is_said_in_a_closed_room_is_for_its_members(server: Server) -> None:
    olga, ann = api(server, "olga"), api(server, "ann")
    olga("POST", ROOMS, {"name": "attic"}, 201)
    assert ann("GET", f"{ROOMS}/attic/messages", status=200)["messages"] == []
    olga("PATCH", f"{ROOMS}/attic/policy", {"entry": "password", "password": "x"}, 200)
    assert ann.refused("GET", f"{ROOMS}/attic/messages") == (403, "role-missing")
    assert Api(server, "").refused("GET", f"{ROOMS}/attic/messages") == (401, "token-missing")
    while not (said := olga("GET", f"{ROOMS}/attic/messages", status=200)["messages"]):  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # it is stored on the way
    assert said[0]["event"] == "order"


async def test_an_invite_opens_the_door(server: Server) -> None:
    olga = api(server, "olga")
    olga("POST", ROOMS, {"name": "vault"}, 201)
    olga("PATCH", f"{ROOMS}/vault/policy", {"entry": "invite"}, 200)
    made = olga("POST", f"{ROOMS}/vault/invites", {"for_ms": 60_000}, 201)
    assert made["path"] == f"/r/vault?invite={made['token']}"
    async with client(address(server), "gus") as gus:
        await gus.say("join", room="vault")
        await gus.until("error", code="invite_needed")
        await gus.join("vault", invite=made["token"])
        olga("DELETE", f"{ROOMS}/vault/invites")
        await gus.say("join", room="vault", invite=made["token"])
        await gus.until("error", code="invite_needed")


async def test_an_invite_is_listed_and_revoked_alone(server: Server) -> None:
    olga, ann = api(server, "olga"), api(server, "ann")
    path = f"{ROOMS}/cellar/invites"
    olga("POST", ROOMS, {"name": "cellar"}, 201)
    olga("PATCH", f"{ROOMS}/cellar/policy", {"entry": "invite"}, 200)
    first = olga("POST", path, {"for_ms": 60_000, "role": "speaker"}, 201)
    second = olga("POST", path, {}, 201)
    assert olga("GET", path, status=200)["items"] == [second, first], "with the same tokens"
    assert (first["role"], first["by_name"], second["role"]) == ("speaker", "olga", None)
    assert ann.refused("GET", path) == (403, "role-missing")
    assert ann.refused("DELETE", f"{path}/{first['id']}") == (403, "role-missing")
    olga("DELETE", f"{path}/{first['id']}")
    assert olga.refused("DELETE", f"{path}/{first['id']}") == (404, "subject-unknown")
    async with client(address(server), "gus") as gus:
        await gus.say("join", room="cellar", invite=first["token"])
        await gus.until("error", code="invite_needed")
        await gus.join("cellar", invite=second["token"])
    assert olga("GET", path, status=200)["items"] == [second]
    olga("DELETE", path)
    assert olga("GET", path, status=200)["items"] == []
    done = [line["act"] for line in olga("GET", f"{ROOMS}/cellar/audit", status=200)["items"]]
    assert done[:2] == ["revoke_invites", "revoke_invite"]
