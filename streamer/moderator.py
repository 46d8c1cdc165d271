"""Carries out what people who look after a room ask for, from the chat line and from the API alike."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import UNSET

from chat.acts import (
    AnyAct,
    Appoint,
    Change,
    Decide,
    Filter,
    Invite,
    Kick,
    Lift,
    Report,
    Revoke,
    Show,
    Take,
)
from chat.errors import ErrorCode
from chat.filters import FilterRefused, clean_filter
from chat.limits import Buckets, Rate
from chat.networks import NetworkRefused
from chat.order import Order, judge_act
from chat.roles import Person
from chat.slash import show_span
from streamer import order_rows
from streamer.auth import Tokens
from streamer.history import History
from streamer.invites import Invites
from streamer.measures import Done, Measures
from streamer.order_rows import TooMany
from streamer.passwords import hash_password
from streamer.reviews import Reviews
from streamer.showing import Showing
from streamer.stats import ChatStats
from streamer.subjects import ActRefused, Subjects
from streamer.warden import Warden

_MAX_BUCKETS = 10_000
_NAMES = {"guest_links": "guests sending links", "speakers": "who may speak"}


class Moderator:
    """One door for all acts: judged, written with their line in the audit log, told to all nodes.

    What concerns everybody in a room becomes a `system` entry of its log.

    Bound: reports of 10,000 people are counted at a time.
    """

    def __init__(self, warden: Warden, history: History, tokens: Tokens, stats: ChatStats) -> None:
        self._warden = warden
        self._stats = stats
        subjects = Subjects(warden)
        measures = Measures(warden, subjects)
        self.invites = Invites(warden, tokens)
        self._showing = Showing(warden)
        self.reviews = Reviews(warden, subjects, history)
        limits = warden.limits
        self._reports = Buckets(Rate(limits.reports_per_s, limits.reports_burst), _MAX_BUCKETS)
        self._ways: dict[type[Any], Callable[[Person, Order, Any], Awaitable[Done]]] = {
            Take: measures.take,
            Lift: measures.lift,
            Kick: measures.kick,
            Appoint: measures.appoint,
            Change: self._change,
            Filter: self._filter,
            Decide: self._decide,
            Report: self._report,
            Invite: self.invites.make,
            Revoke: self.invites.revoke,
            Show: self._show,
        }

    async def carry_out(self, actor: Person, room: str, act: AnyAct) -> Done:
        """Do what somebody asks for, if they may.

        Raises:
            ActRefused: they may not, or it can't be done.
            DatabaseFailed: nobody knows whether it was done.
        """
        order = await self._warden.orders.load(room)
        if refused := judge_act(order, actor, act):
            raise ActRefused(refused.code, refused.message)
        try:
            done = await self._ways[type(act)](actor, order, act)
        except (TooMany, NetworkRefused, FilterRefused) as error:
            raise ActRefused(ErrorCode.INVALID_SLASH, str(error)) from error
        if not isinstance(act, Show):
            kind = act.measure.value if isinstance(act, Take) else type(act).__name__.lower()
            self._stats.acts_total[kind] += 1
        return done

    async def found(self, actor: Person, room: str) -> None:
        """Make a room that somebody owns.

        Raises:
            Taken: there is one.
            TooMany: they own as many as they may.
        """
        deed = self._warden.deed(actor, room, "create_room")
        await self._warden.orders.run(order_rows.found_room, deed, self._warden.limits.rooms_per_owner)
        await self._warden.changed(room)

    # --- about the room

    async def _change(self, actor: Person, order: Order, act: Change) -> Done:
        values = {
            name: value
            for name in ("entry", "speakers", "slow_ms", "hold", "guest_links")
            if (value := getattr(act, name)) is not UNSET
        }
        if not 0 <= values.get("slow_ms", 0) <= self._warden.limits.max_slow_s * 1000:
            most = self._warden.limits.max_slow_s
            raise ActRefused(ErrorCode.INVALID_SLASH, f"slow mode is at most {most:g} s")
        secret: dict[str, Any] = {}
        if act.password is not UNSET:
            secret["password_hash"] = None if act.password is None else await hash_password(act.password)
        kept = secret.get("password_hash", order.policy.password_hash)
        if values.get("entry", order.policy.entry) == "password" and kept is None:
            raise ActRefused(ErrorCode.INVALID_SLASH, "a room that asks for a password needs one")
        if not values and not secret:
            raise ActRefused(ErrorCode.INVALID_SLASH, "nothing is to be changed")
        text = ", ".join(_show(name, value) for name, value in values.items()) or "a new password"
        deed = self._warden.deed(actor, order.room, "policy", detail=text)
        await self._warden.orders.run(order_rows.change, deed, values | secret)
        await self._warden.changed(order.room)
        self._warden.announce(actor, order.room, text, {"what": "policy", "policy": values})
        return Done(text)

    async def _filter(self, actor: Person, order: Order, act: Filter) -> Done:
        word, written = clean_filter(act.word), " ".join(act.word.split())
        deed = self._warden.deed(
            actor, order.room, "filter", detail=f"{'add' if act.add else 'remove'} {written}"
        )
        limit = self._warden.limits.filters_per_room
        change = order_rows.change_filter
        changed = await self._warden.orders.run(change, deed, word, act.add, limit, written)
        if changed:
            await self._warden.changed(order.room)
        there = "is" if act.add else "is not"
        return Done(f"{word} {there} in the filter")

    async def _decide(self, actor: Person, order: Order, act: Decide) -> Done:
        return Done(await self.reviews.decide(actor, order.room, act))

    async def _report(self, actor: Person, order: Order, act: Report) -> Done:
        if retry_ms := self._reports.take(actor.id, self._warden.monotonic_s()):
            raise ActRefused(
                ErrorCode.RATE_LIMITED, f"too many reports; try again in {retry_ms} ms", retry_ms
            )
        return Done(await self.reviews.report(actor, order.room, act))

    async def _show(self, actor: Person, order: Order, act: Show) -> Done:
        return Done(await self._showing.show(actor, order, act.what))


def _show(name: str, value: Any) -> str:
    """What goes now, for people."""
    if name == "slow_ms":
        span = f"{value} ms" if value % 1000 else show_span(value)
        return f"slow mode is {span if value else 'off'}"
    switched = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else value
    return f"{_NAMES.get(name, name)} is {switched}"
