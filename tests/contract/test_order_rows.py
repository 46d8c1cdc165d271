"""The order of rooms, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from itertools import count
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.acts import Measure
from chat.order import Policy, Sanction
from chat.roles import Person, Role
from streamer import invite_rows, order_rows, people_rows
from streamer.lane import DatabaseFailed, Lane
from streamer.line_rows import Line, Repeated, keep_answer, read_answer
from streamer.live.key_rows import KeyRow, add_key, remove_key
from streamer.order_rows import Deed, Taken, TooMany
from streamer.orders import Orders
from streamer.visitors import Visitors

NOW = 1_795_000_000_000
numbers = count(1)


@pytest.fixture
async def orders(engine: AsyncEngine) -> AsyncIterator[Orders]:
    orders = Orders(Lane(engine, "veza-order"), 3)
    yield orders
    await orders.close()


def deed(act: str = "test", room: str = "lobby", **more: Any) -> Deed:
    return Deed(f"{next(numbers):026}", room, act, "user-1", "ann", NOW, **more)


def ban(
    author_id: str | None = "guest-1", *, network: str | None = None, until: int | None = None
) -> Sanction:
    parsed = None if network is None else ip_network(network)
    id = f"{next(numbers):026}"
    return Sanction(id, "lobby", Measure.BAN, author_id, "Gus", parsed, until, "spam", "user-1", "ann", NOW)


async def test_what_is_written_is_read(orders: Orders) -> None:
    assert (await orders.reload("lobby")).revision == 0
    measure = ban(network="8.8.8.8/32", until=NOW + 5)
    await orders.run(order_rows.take, deed(), measure, 10)
    await orders.run(order_rows.appoint, deed(subject_id="user-2", subject="bob"), Role.MODERATOR, 10)
    await orders.run(order_rows.change, deed(), {"entry": "members", "slow_ms": 5000, "hold": True})
    assert await orders.run(order_rows.change_filter, deed(), "heck", True, 10)
    assert not await orders.run(order_rows.change_filter, deed(), "heck", True, 10)
    await orders.run(order_rows.revoke_invites, deed())
    order = await orders.reload("lobby")
    assert order.revision == 5 and order.in_force(NOW) == [measure] and order.filters == ("heck",)
    assert order.policy == Policy("members", "everyone", 5000, True, True, None, 1)
    assert order.roles == {"user-2": Role.MODERATOR}
    assert (await orders.reload("garden")).revision == 0, "another room"
    assert len(await orders.run(order_rows.read_audit, "lobby", None, 100)) == 5


async def test_invites_are_listed_until_they_are_no_good(orders: Orders) -> None:
    def invite(**changes: Any) -> dict[str, Any]:
        values = {
            "id": f"{next(numbers):026}",
            "room": "lobby",
            "role": None,
            "generation": 0,
            "revoked": False,
        }
        by = {"by_id": "user-1", "by_name": "ann", "at": NOW, "expires_at": NOW + 60_000}
        return values | by | changes

    async def listed(room: str = "lobby") -> list[str]:
        return [row["id"] for row in await orders.run(invite_rows.read_invites, room, NOW)]

    over, one, two = invite(expires_at=NOW), invite(role="speaker"), invite()
    for each in (over, one, two):
        await orders.run(invite_rows.keep_invite, deed(), each, 2)
    assert await listed() == [two["id"], one["id"]] and await listed("garden") == []
    with pytest.raises(TooMany, match="may be 2"):
        await orders.run(invite_rows.keep_invite, deed(), invite(), 2)
    assert not await orders.run(invite_rows.revoke_invite, deed(room="garden"), one["id"]), "of another room"
    assert await orders.run(invite_rows.revoke_invite, deed(), one["id"])
    assert not await orders.run(invite_rows.revoke_invite, deed(), one["id"]), "again"
    assert await listed() == [two["id"]]
    assert (await orders.reload("lobby")).revoked == {one["id"]}
    await orders.run(order_rows.revoke_invites, deed())
    order = await orders.reload("lobby")
    assert await listed() == [] and order.revoked == set() and order.policy.invites == 1


async def test_a_filter_is_remembered_as_it_was_written(orders: Orders) -> None:
    for word, written in (("caslno", "Casino"), ("caslno", "CASINO"), ("heck", None)):
        await orders.run(order_rows.change_filter, deed(), word, True, 10, written)
    rows = await orders.run(order_rows.read_filters, "lobby")
    assert {(row["word"], row["written"]) for row in rows} == {("caslno", "Casino"), ("heck", None)}


async def test_a_measure_replaces_its_like_and_old_ones_go(orders: Orders) -> None:
    await orders.run(order_rows.take, deed(), ban("guest-0", until=NOW - 1), 1)
    await orders.run(order_rows.take, deed(), ban(until=NOW + 5), 1)
    await orders.run(order_rows.take, deed(), longer := ban(until=NOW + 9), 1)
    assert (await orders.reload("lobby")).in_force(0) == [longer]
    with pytest.raises(TooMany, match="may be 1"):
        await orders.run(order_rows.take, deed(), ban("guest-2"), 1)
    assert await orders.run(order_rows.widen, longer, "8.8.8.8/32")
    assert not await orders.run(order_rows.widen, longer, "9.9.9.9/32")
    await orders.renew()
    assert (await orders.load("lobby")).in_force(0)[0].network == ip_network("8.8.8.8/32")
    assert await orders.run(order_rows.lift, deed(), Measure.BAN, "guest-1", None) == 1
    assert await orders.run(order_rows.lift, deed(), Measure.BAN, "guest-1", None) == 0


async def test_a_room_is_founded_once(orders: Orders) -> None:
    await orders.run(order_rows.found_room, deed(), 1)
    with pytest.raises(Taken):
        await orders.run(order_rows.found_room, deed(), 5)
    with pytest.raises(TooMany):
        await orders.run(order_rows.found_room, deed(room="garden"), 1)
    assert (await orders.reload("lobby")).roles == {"user-1": Role.OWNER}


async def test_a_room_where_somebody_else_goes_live_is_taken(orders: Orders) -> None:
    key = KeyRow("k1", "lobby", "guest-7", "Gus", "", 100, "hash", NOW, NOW + 5)
    await orders.run(add_key, key, 5)
    with pytest.raises(Taken):
        await orders.run(order_rows.found_room, deed(), 1)
    await orders.run(remove_key, "lobby", "k1")
    await orders.run(add_key, msgspec.structs.replace(key, person="user-1"), 5)
    await orders.run(add_key, msgspec.structs.replace(key, id="k2", hash="x", expires_at=NOW), 5)
    await orders.run(order_rows.found_room, deed(), 1)


async def test_only_what_has_changed_is_read_again(orders: Orders) -> None:
    for room in ("a", "b", "c", "d"):
        await orders.load(room)
    assert orders.get("a") is None, "no more than three are kept"
    await orders.run(order_rows.change, deed(room="b"), {"hold": True})
    await orders.run(order_rows.change, deed(room=""), {"hold": True})
    assert sorted(await orders.renew()) == ["", "b"]
    assert orders.general.policy.hold and await orders.renew() == []


async def test_the_audit_log_can_not_be_changed(orders: Orders, engine: AsyncEngine) -> None:
    await orders.run(order_rows.note, deed())
    for change in ("UPDATE audit SET act = 'x'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
            async with engine.begin() as connection:
                await connection.execute(sa.text(change))
    lines = await orders.run(order_rows.read_audit, "lobby", None, 5)
    assert [line["act"] for line in lines] == ["test"]
    assert await orders.run(order_rows.read_audit, "lobby", lines[0]["id"], 5) == []


async def test_people_are_found_by_name_and_id(orders: Orders) -> None:
    visitors = Visitors(orders)
    from chat.networks import read_address

    gus = Person("guest-1", "Gus", address=read_address("8.8.8.8"))
    visitors.spoke("lobby", gus, NOW)
    visitors.spoke("lobby", Person("user-9", "Ann", account=True, address=gus.address), NOW)
    assert visitors.unwritten == 2 and visitors.knows("lobby", "guest-1")
    await visitors.write()
    found = await orders.run(people_rows.find_people, "lobby", "gus")
    assert found == [{"author_id": "guest-1", "name": "Gus", "account": False, "network": "8.8.8.8/32"}]
    (ann,) = await orders.run(people_rows.find_people, "lobby", "user-9")
    assert ann["network"] is None, "of an account nothing is kept"
    await visitors.forget(NOW + 1)
    assert (await orders.run(people_rows.find_people, "lobby", "guest-1"))[0]["network"] is None
    assert await Visitors(orders).has_spoken("lobby", "guest-1")
    assert not await visitors.has_spoken("garden", "guest-1")
    assert visitors.claim("user-9", "Ann") and not visitors.claim("user-9", "Ann")
    await visitors.remember("user-9", "Ann", NOW)
    again = Visitors(orders)
    await again.load()
    assert again.is_taken("ánn") and not again.is_taken("anna")


async def test_notes_wait_while_the_database_is_away(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors = Visitors(orders)
    visitors.spoke("lobby", Person("guest-1", "Gus"), NOW)

    async def fail(*_: object) -> None:
        raise DatabaseFailed("gone")

    with monkeypatch.context() as patch:
        patch.setattr(orders, "run", fail)
        with pytest.raises(DatabaseFailed):
            await visitors.write()
    assert visitors.unwritten == 1
    await visitors.write()
    assert visitors.unwritten == 0


def held(author: str, nonce: str = "n", *, at: int = NOW) -> dict[str, Any]:
    shown = {"author_id": author, "author_name": author.title(), "account": False, "network": None}
    id = f"{next(numbers):026}"
    return {"id": id, "room": "lobby", "nonce": nonce, **shown, "body": "hi", "more": None, "at": at}


async def test_held_messages_are_bounded_and_expire(orders: Orders) -> None:
    first = held("gus")
    assert await orders.run(people_rows.hold, first, 0, 2, 1) == first["id"]
    assert await orders.run(people_rows.hold, held("gus"), 0, 2, 1) == first["id"], "the same nonce"
    with pytest.raises(TooMany):
        await orders.run(people_rows.hold, held("gus", "m"), 0, 2, 1)
    await orders.run(people_rows.hold, eve := held("eve", at=NOW + 9), 0, 2, 1)
    with pytest.raises(TooMany):
        await orders.run(people_rows.hold, held("bob"), 0, 2, 1)
    assert [row["id"] for row in await orders.run(people_rows.read_held, "lobby", 0, "EVE")] == [eve["id"]]
    await orders.run(people_rows.hold, held("bob", at=NOW + 9), NOW + 1, 2, 1)
    assert len(await orders.run(people_rows.read_held, "lobby", 0)) == 2, "gus has waited too long"
    await orders.run(people_rows.drop_held, deed(), [eve["id"]])
    assert len(await orders.run(people_rows.read_held, "lobby", 0)) == 1


async def test_reports_are_told_once_and_settled(orders: Orders) -> None:
    def row(by: str, message: str | None = None) -> dict[str, Any]:
        whom = {"message_id": message, "author_id": "guest-1", "name": "Gus", "body": ""}
        id = f"{next(numbers):026}"
        return {"id": id, "room": "lobby", **whom, "reason": "", "by_id": by, "by_name": by, "at": NOW}

    assert await orders.run(people_rows.report, row("ann"), 2)
    assert not await orders.run(people_rows.report, row("ann"), 2)
    assert await orders.run(people_rows.report, row("ann", "m1"), 2)
    with pytest.raises(TooMany):
        await orders.run(people_rows.report, row("bob"), 2)
    waiting = await orders.run(people_rows.read_reports, "lobby")
    assert await orders.run(people_rows.settle_report, deed(), waiting[0]["id"])
    assert not await orders.run(people_rows.settle_report, deed(), waiting[0]["id"])
    assert len(await orders.run(people_rows.read_reports, "lobby")) == 1


def line(nonce: str = "n", attempt: str = "1", room: str = "lobby") -> Line:
    return Line(room, "user-1", nonce, attempt)


async def test_a_line_is_claimed_by_one_attempt(orders: Orders) -> None:
    first, second = line(), line(attempt="2")
    assert await orders.run(read_answer, first, NOW) is None
    for _ in range(2):  # an act may have several steps
        await orders.run(order_rows.change, deed(line=first), {"slow_ms": 1})
    with pytest.raises(Repeated):
        await orders.run(order_rows.change, deed(line=second), {"slow_ms": 2})
    assert (await orders.reload("lobby")).policy.slow_ms == 1, "undone"
    assert await orders.run(read_answer, second, NOW) == ""
    await orders.run(keep_answer, first, "done", NOW)
    assert await orders.run(read_answer, second, NOW) == "done"
    for other in (line("m"), line(room="garden")):
        assert await orders.run(read_answer, other, NOW) is None
        await orders.run(order_rows.change, deed(line=other), {"slow_ms": 3})
    late = replace(deed(line=second), at=NOW + 300_001)
    assert await orders.run(read_answer, second, late.at) is None
    await orders.run(order_rows.change, late, {"slow_ms": 4})
    assert await orders.run(read_answer, second, late.at) == ""


async def test_an_answer_is_kept_of_what_claims_nothing(orders: Orders) -> None:
    await orders.run(keep_answer, line(), "the moderators know", NOW)
    assert await orders.run(read_answer, line(attempt="2"), NOW) == "the moderators know"


async def test_of_two_attempts_at_once_one_is_carried_out(orders: Orders) -> None:
    tries = [
        orders.run(order_rows.change, deed(line=line(attempt=str(number))), {"slow_ms": number})
        for number in range(1, 6)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(outcome is None or isinstance(outcome, Repeated | DatabaseFailed) for outcome in outcomes)
    assert (await orders.reload("lobby")).revision == 1
