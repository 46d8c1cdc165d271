"""The order of rooms, held over real WebSockets: bans, mutes, slow mode, policies, filters, held messages."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from streamer.auth import Tokens
from tests.support.chat import SECRET, ChatServer, Client, chat_server

LOOPBACK = [ip_network("127.0.0.0/8")]
HOME, OTHER = "8.8.8.8", "9.9.9.9"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path, trusted_proxies=LOOPBACK) as server:
        yield server


def token(name: str, *, operator: bool = False) -> str:
    return Tokens(SECRET).issue(name, now_s=int(time.time()), ttl_s=600, operator=operator)


@asynccontextmanager
async def person(
    server: ChatServer, *, address: str = HOME, room: str | None = "lobby", **hello: Any
) -> AsyncIterator[Client]:
    """Somebody at an address, greeted, and in a room."""
    headers = {"X-Forwarded-For": address}
    async with connect(server.url, additional_headers=headers, ping_interval=None) as socket:
        client = Client(socket)
        await client.say("hello", **hello)
        await client.expect("welcome")
        if room is not None:
            await client.join(room)
        yield client


def operator(server: ChatServer, **more: Any) -> AbstractAsyncContextManager[Client]:
    return person(server, token=token("ops", operator=True), address=OTHER, **more)


async def order(client: Client, line: str, room: str = "lobby") -> str:
    """Say a line to the server, and hear what came of it."""
    nonce = f"n{time.monotonic_ns()}"
    await client.say("send", room=room, nonce=nonce, body=line)
    while True:
        frame = await client.hear()
        if frame.get("nonce") == nonce and frame["type"] in ("notice", "error"):
            assert frame["type"] == "notice", frame
            return str(frame["text"])


async def refusal(client: Client, line: str, room: str = "lobby") -> dict[str, Any]:
    nonce = f"n{time.monotonic_ns()}"
    await client.say("send", room=room, nonce=nonce, body=line)
    return await client.until("error", nonce=nonce)


async def turned_away(server: ChatServer, code: str, *, room: str = "lobby", **who: Any) -> dict[str, Any]:
    join = {key: who.pop(key) for key in ("password", "invite") if key in who}
    async with person(server, room=None, **who) as client:
        await client.say("join", room=room, **join)
        return await client.until("error", code=code, room=room)


async def test_a_banned_guest_is_sent_out_and_does_not_come_back(server: ChatServer) -> None:
    async with operator(server) as ops, person(server, name="gus") as gus:
        await gus.send("lobby", "1", "hi")
        assert await order(ops, "/ban gus 1h be nice") == "gus is banned for 1h"
        sent_out = await gus.until("error", code="banned")
        assert sent_out["room"] == "lobby" and "be nice" in sent_out["message"]
        await gus.say("send", room="lobby", nonce="2", body="again")
        await gus.until("error", code="not_joined", nonce="2")
        told = (await ops.until("system", event="order"))["fields"]
        assert (told["what"], told["subject"]["name"], told["by"]["name"]) == ("banned", "gus", "ops")
        # Not by joining again, not with the same token, not as another guest from the same address.
        await gus.say("join", room="lobby")
        await gus.until("error", code="banned")
        await turned_away(server, "banned", name="gus", token=gus.seen[0]["token"], address=OTHER)
        await turned_away(server, "banned", name="somebody else")
        # Others may: from elsewhere, or known by an account.
        async with person(server, name="eve", address="9.9.9.8"), person(server, token=token("ann")):
            pass
        async with person(server, name="gus", room="garden"):
            pass
        assert "gus" in await order(ops, "/bans")
        assert await order(ops, "/unban gus") == "gus: not banned any more"
        async with person(server, name="gus"):
            pass


async def test_a_ban_of_a_range_is_for_guests(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as gus,
        person(server, name="eve", address=OTHER),
    ):
        await order(ops, "/ban 8.8.0.0/16 1h")
        await gus.until("error", code="banned")
        await turned_away(server, "banned", name="new", address="8.8.200.1")
        async with person(server, token=token("ann"), address=HOME):
            pass


async def test_a_ban_everywhere_closes_and_keeps_away(server: ChatServer) -> None:
    async with operator(server) as ops, person(server, name="gus") as gus:
        await order(ops, "/ban gus --everywhere 1h")
        await gus.until("error", code="banned")
        with pytest.raises(ConnectionClosed) as closed:
            await gus.until("joined")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4500
        async with connect(server.url, additional_headers={"X-Forwarded-For": HOME}) as socket:
            again = Client(socket)
            await again.say("hello", name="other")
            await again.expect("error", code="banned")
            with pytest.raises(ConnectionClosed) as closed:
                await again.hear()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4500
        assert "not banned" in await order(ops, "/unban gus --everywhere")
        async with person(server, name="gus"):
            pass


async def test_a_ban_outlives_the_server(tmp_path: Path) -> None:
    async with chat_server(tmp_path, trusted_proxies=LOOPBACK) as server:
        async with operator(server) as ops, person(server, name="gus") as gus:
            await order(ops, "/ban gus")
            await gus.until("error", code="banned")
    async with chat_server(tmp_path, trusted_proxies=LOOPBACK) as server:
        await turned_away(server, "banned", name="gus")


async def test_who_may_not_is_told_so(server: ChatServer) -> None:
    async with person(server, name="gus") as gus, person(server, token=token("ann")) as ann:
        assert (await refusal(ann, "/ban gus"))["code"] == "forbidden"
        unknown = await refusal(gus, "/dance")
        assert unknown["code"] == "unknown_slash" and "/ban" in unknown["message"]
        assert (await refusal(gus, "/ban"))["code"] in ("invalid_slash", "forbidden")
        shown = await order(gus, "/help")
        assert "/report" in shown and "/ban" not in shown
        await gus.send("lobby", "x", "//ban is a word")
        assert (await ann.until("message"))["body"] == "/ban is a word"


async def test_roles_rule_below_themselves(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, token=token("olga")) as olga,
        person(server, token=token("moe")) as moe,
        person(server, name="gus", address="7.7.7.7") as gus,
    ):
        await order(ops, "/role olga owner")
        assert await order(olga, "/role moe moderator") == "moe is moderator"
        await gus.until("system", event="order")  # olga's
        told = (await gus.until("system", event="order"))["fields"]
        assert (told["what"], told["role"], told["subject"]["name"]) == ("role", "moderator", "moe")
        assert (await refusal(moe, "/ban olga"))["code"] == "forbidden"
        assert (await refusal(moe, "/role gus speaker"))["code"] == "forbidden"
        assert (await refusal(olga, "/role gus moderator"))["code"] == "forbidden", "a guest"
        assert (await refusal(moe, "/role olga owner"))["code"] == "forbidden"
        await order(moe, "/kick gus that is enough")
        assert "that is enough" in (await gus.until("error", code="kicked"))["message"]
        await gus.join("lobby")
        await order(olga, "/role moe none")
        assert (await refusal(moe, "/kick gus"))["code"] == "forbidden"
        assert "olga: owner" in await order(ops, "/roles")


async def test_a_change_of_rights_is_told_at_once(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, token=token("moe")) as moe,
        person(server, name="gus", address="7.7.7.7") as gus,
    ):
        moe_id = moe.seen[0]["id"]
        assert gus.seen[-1]["may"] == ["pin"], "nobody owns the room"
        await order(ops, "/role moe owner")
        assert any(frame["type"] == "role" and frame["id"] == moe_id for frame in ops.seen)
        for somebody in (gus, moe):
            await somebody.until("role", room="lobby", id=moe_id, role="owner")
        told = await moe.until("rights", room="lobby", role="owner")
        assert {"pin", "ban", "own"} <= set(told["may"])
        told = await gus.until("rights", room="lobby")
        assert (told["role"], told["may"]) == ("guest", []), "pins are the owner's now"
        await gus.say("members", room="lobby")
        members = {one["id"]: one["role"] for one in (await gus.until("members"))["members"]}
        assert members[moe_id] == "owner"
        await order(ops, "/slow 1s")
        await order(ops, "/role moe none")
        await gus.until("role", id=moe_id, role="")
        assert (await gus.until("rights"))["may"] == ["pin"]
        told = await moe.until("rights")
        assert (told["role"], told["may"]) == ("listener", ["pin"])
        kinds = [frame["type"] for frame in ops.seen]
        assert "rights" not in kinds, "who runs the server may the same as before"


async def test_an_owner_hands_the_room_on(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, token=token("olga")) as olga,
        person(server, token=token("moe")) as moe,
        person(server, name="gus", address="7.7.7.7") as gus,
    ):
        await order(ops, "/role olga owner")
        assert (await refusal(olga, "/role gus owner"))["code"] == "forbidden", "a guest"
        assert await order(olga, "/role moe owner") == "moe is owner"
        assert (await refusal(olga, "/role gus speaker"))["code"] == "forbidden", "a moderator now"
        roles = await order(ops, "/roles")
        assert "moe: owner" in roles and "olga: moderator" in roles
        assert await order(moe, "/role olga none") == "olga has no role any more"
        joined = await gus.join("lobby")
        assert (joined["role"], joined["may"]) == ("guest", [])
        joined = await moe.join("lobby")
        assert joined["role"] == "owner" and {"pin", "ban", "own"} <= set(joined["may"])
        await gus.say("members", room="lobby")
        members = {one["name"]: one["role"] for one in (await gus.until("members"))["members"]}
        assert members == {"ops": "", "olga": "", "moe": "owner", "gus": ""}


async def test_mute_and_its_end(server: ChatServer) -> None:
    async with operator(server) as ops, person(server, name="gus") as gus:
        await order(ops, "/mute gus 10m loud")
        assert server.hub.stats.acts_total["mute"] == 1
        muted = await refusal(gus, "hello")
        assert muted["code"] == "muted" and "loud" in muted["message"]
        async with person(server, name="gus2") as again:
            assert (await refusal(again, "hello"))["code"] == "muted", "the same address"
        await order(ops, "/unmute gus")
        await gus.send("lobby", "1", "hello")


async def test_a_shadow_speaks_to_itself(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as gus,
        person(server, name="eve", address=OTHER) as eve,
    ):
        await order(ops, "/shadow gus")
        ack = await gus.send("lobby", "1", "buy now")
        own = await gus.until("message")
        assert own["body"] == "buy now" and own["id"] == ack["id"] and own["author"]["name"] == "gus"
        assert await gus.send("lobby", "1", "buy now") == ack, "sent again it is answered the same"
        await eve.send("lobby", "2", "quiet here")
        assert (await eve.until("message"))["body"] == "quiet here"
        assert [frame["body"] for frame in gus.seen if frame["type"] == "message"] == ["buy now"]
        assert (await gus.until("message"))["body"] == "quiet here"
        async with person(server, name="new", address=OTHER, room=None) as new:
            joined = await new.join("lobby")
        assert [message["body"] for message in joined["messages"]] == ["quiet here"]


async def test_slow_mode_is_for_people_not_for_connections(server: ChatServer) -> None:
    async with operator(server) as ops, person(server, token=token("ann")) as ann:
        await order(ops, "/slow 1h")
        assert (await ann.until("system"))["fields"]["what"] == "policy"
        await ann.send("lobby", "1", "first")
        async with person(server, token=token("ann")) as twin:
            limited = await refusal(twin, "second")
        assert limited["code"] == "rate_limited" and 3_500_000 < limited["retry_ms"] <= 3_600_000
        for nonce in "12":
            await ops.send("lobby", nonce, "as I like")
        await order(ops, "/slow off")
        await ann.send("lobby", "3", "third")


async def test_words_and_links(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as gus,
        person(server, token=token("ann")) as ann,
    ):
        await order(ops, "/filter add heck")
        await order(ops, "/links off")
        for body in ("what the HĘCK", "h e c k"):
            assert (await refusal(gus, body))["code"] == "filtered"
        assert (await refusal(gus, "see https://x.example"))["code"] == "filtered"
        await gus.send("lobby", "1", "check this")
        await ann.send("lobby", "1", "see https://x.example")
        await order(ops, "/filter remove heck")
        await gus.send("lobby", "2", "heck")


async def test_who_may_come_in_and_speak(server: ChatServer) -> None:
    async with operator(server) as ops:
        await order(ops, "/policy password s3cret")
        await turned_away(server, "password_needed", name="gus")
        await turned_away(server, "password_needed", name="gus", password="wrong")
        for _ in range(2):
            async with person(server, name="gus", room=None) as gus:
                await gus.join("lobby", password="s3cret")
        await order(ops, "/policy invite")
        await turned_away(server, "invite_needed", name="gus", password="s3cret")
        link = await order(ops, "/invite 1h")
        invite = link.partition("invite=")[2]
        other = await order(ops, "/invite 1d speaker")
        listed = await order(ops, "/invites")
        assert [line.partition(" by ")[2] for line in listed.split("\n")] == ["ops speaker", "ops"]
        await order(ops, f"/invite revoke {listed.split()[0]}")
        await turned_away(server, "invite_needed", name="gus", invite=other.partition("invite=")[2])
        await turned_away(server, "invite_needed", name="gus", invite=token("gus"))
        async with person(server, name="gus", room=None) as gus:
            await gus.join("lobby", invite=invite)
        async with person(server, token=token("ann"), room=None) as ann:
            await ann.join("lobby", invite=invite)
        await order(ops, "/invite revoke")
        await turned_away(server, "invite_needed", name="gus", invite=invite)
        await order(ops, "/policy members")
        async with person(server, token=token("ann")) as ann:  # a member since the invite
            await turned_away(server, "members_only", name="gus", invite=invite)
            await order(ops, "/policy open")
            await order(ops, "/voice speakers")
            assert (await refusal(ann, "hello"))["code"] == "not_a_speaker"
            await order(ops, "/role ann speaker")
            await ann.send("lobby", "1", "hello")


async def test_members_only_sends_the_others_out(server: ChatServer) -> None:
    async with operator(server) as ops, person(server, name="gus") as gus:
        await order(ops, "/policy members")
        await gus.until("error", code="members_only")


async def test_a_newcomer_waits_for_a_moderator(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as gus,
        person(server, token=token("ann")) as ann,
    ):
        await ann.send("lobby", "0", "I was here before")
        await order(ops, "/hold on")
        await gus.say("send", room="lobby", nonce="1", body="hello, I am new")
        held = await gus.until("notice", code="held")
        assert held["nonce"] == "1"
        assert "gus" in (await ops.until("notice", code="review"))["text"]
        assert (await refusal(gus, "me again"))["code"] == "held_full"
        await ann.send("lobby", "1", "known")
        assert "hello, I am new" in await order(ops, "/held")
        await order(ops, "/approve gus")
        message = await ann.until("message", nonce="1", body="hello, I am new")
        assert message["author"]["name"] == "gus"
        await gus.send("lobby", "2", "thank you")
        async with person(server, name="eve", address=OTHER) as eve:
            await eve.say("send", room="lobby", nonce="1", body="spam")
            await eve.until("notice", code="held")
            assert "thrown away" in await order(ops, "/reject eve")
        assert await order(ops, "/held") == "held: none"


async def test_reports_and_the_audit_log(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as gus,
        person(server, name="eve", address=OTHER) as eve,
    ):
        said = await gus.send("lobby", "1", "rude words")
        assert "the moderators know" in await order(eve, f"/report {said['id']} is rude")
        assert "is rude" in (await ops.until("notice", code="review"))["text"]
        assert "rude words" in await order(ops, "/reports")
        await order(eve, "/report gus")
        await order(ops, "/mute gus 1m")
        assert "ops: mute gus for 1m" in await order(ops, "/audit")
    for change in ("UPDATE audit SET by_name = 'x'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
            async with server.engine.begin() as connection:
                await connection.execute(sa.text(change))


@pytest.mark.parametrize("name", ["ann", "\u0410nn", "ánn", "a nn", "Moderator", "veza", "system", "[Admin]"])
async def test_names_can_not_imitate(server: ChatServer, name: str) -> None:
    async with person(server, token=token("ann")), connect(server.url) as socket:
        forger = Client(socket)
        await forger.say("hello", name=name)
        await forger.expect("error", code="name_taken")
        await forger.say("hello", name="dora")
        await forger.expect("welcome", name="dora")


async def test_guests_may_share_a_name_and_are_then_told_apart_by_id(server: ChatServer) -> None:
    async with (
        operator(server) as ops,
        person(server, name="gus") as one,
        person(server, name="gus", address=OTHER) as two,
    ):
        several = await refusal(ops, "/mute gus")
        ids = [each.seen[0]["id"] for each in (one, two)]
        assert several["code"] == "invalid_slash" and all(id in several["message"] for id in ids)
        await order(ops, f"/mute {ids[0]}")
        assert (await refusal(one, "x"))["code"] == "muted"
        await two.send("lobby", "1", "x")


async def test_guests_of_one_network_are_limited_together(tmp_path: Path) -> None:
    from chat.limits import ChatLimits

    limits = ChatLimits(network_messages_per_s=0.01, network_messages_burst=3)
    async with chat_server(tmp_path, trusted_proxies=LOOPBACK, limits=limits) as server:
        async with person(server, name="a") as a, person(server, name="b") as b:
            for nonce in "12":
                await a.send("lobby", nonce, "x")
            await b.send("lobby", "1", "x")
            assert (await refusal(b, "x"))["code"] == "rate_limited"
            async with person(server, name="c", address=OTHER) as c:
                await c.send("lobby", "1", "x")
            async with person(server, token=token("ann")) as ann:
                await ann.send("lobby", "1", "x")
