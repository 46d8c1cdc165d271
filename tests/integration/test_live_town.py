"""Nodes that tell each other of shows, over a bus made of lists: who follows, takes over, and gives up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from hls.live import OnAir
from streamer.live.audience import Audience
from streamer.live.far import FarShow, WaysOut
from streamer.live.line import Admission, Offer, StageFull
from streamer.live.nodes import Here, Nodes, Take
from streamer.live.relay import Relay
from streamer.live.relay_log import RelayLog
from streamer.live.shelf import LiveShelf
from streamer.live.show import House
from streamer.live.show_state import Rules
from streamer.live.stage import LiveStage, StageLimits
from streamer.live.view import Cockpit
from streamer.wheel import TimerWheel
from tests.support.live import Rooms, live_shelf
from tests.support.theatre import ADMISSION, PART_PCM, FakeShell, FakeWorkers, Witness

OFFER = Offer("icecast", name="Late Show")
COCKPIT = Cockpit(None, [], [], {}, 1)
GRACE_S = 60.0


@dataclass
class Bus:
    """A Redis: what is told is heard by all that are not cut off, and logs are read from it."""

    hears: dict[str, Callable[[bytes], None]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    logs: dict[str, RelayLog] = field(default_factory=dict)

    def tell(self, node: str, payload: bytes) -> None:
        for name, hear in self.hears.items():
            if not {name, node} & self.cut:
                asyncio.get_running_loop().call_soon(hear, payload)


class Broker:
    """A node's end of it."""

    def __init__(self, bus: Bus, node: str) -> None:
        self._bus = bus
        self._node = node

    def tell(self, topic: str, payload: bytes) -> None:
        assert topic == "shows"
        self._bus.tell(self._node, payload)

    def listen(self, topic: str, hear: Callable[[bytes], None]) -> None:
        self._bus.hears[self._node] = hear

    async def write(self, room: str, run: str, log: RelayLog, wake: asyncio.Event) -> None:
        self._bus.logs[run] = log
        await asyncio.Event().wait()

    async def read(self, room: str, run: str, take: Take) -> None:
        last = 0
        while True:
            log = self._bus.logs.get(run)
            if log is not None and log.last > last and self._node not in self._bus.cut:
                entries = log.after(last, 1000)
                last = log.last
                await take(entries)
            await asyncio.sleep(0)


@dataclass
class Home:
    """A node: its stage, what is heard there, and what it knows of others."""

    stage: LiveStage
    nodes: Nodes
    shelf: LiveShelf
    ear: Witness
    witness: Witness

    def connect(self, **changes: Any) -> tuple[Any, FakeShell]:
        shell = FakeShell()
        return self.stage.connect(replace(ADMISSION, **changes), OFFER, shell), shell

    @property
    def show(self) -> Any:
        return self.stage.shows["radio"]


@dataclass
class Town:
    """Nodes called a, b and c, and one clock."""

    tasks: asyncio.TaskGroup
    wheel: TimerWheel
    bus: Bus = field(default_factory=Bus)
    clock: list[float] = field(default_factory=lambda: [1000.0])
    houses: dict[str, Home] = field(default_factory=dict)

    def build(self, name: str) -> Home:
        broker, numbers = Broker(self.bus, name), count(1)
        shelf = live_shelf(self.wheel, Rooms(radio=True))
        ear, witness, outlets = Witness(), Witness(), list[Any]()
        house = House(
            workers=FakeWorkers(),
            tasks=self.tasks,
            outlets=outlets,
            recorder=None,
            rules=Rules(grace_s=GRACE_S, patience_s=3, opening_s=30, max_sources=3),
            renditions=("aac128",),
            clock=lambda: self.clock[0],
            now_us=lambda: int(self.clock[0] * 1e6),
            ended=lambda show: stage.ended(show),
        )
        keys: Any = NoKeys()
        stage = LiveStage(keys, house, StageLimits(9), lambda: f"{name}{next(numbers)}", nobody_is_refused)
        facts = (lambda room: stage.shows.get(room), house.now_us, name)
        relay = Relay(shelf, broker.write, *facts, self.wheel, self.tasks)
        outlets += [ear, shelf, witness, relay]
        here = Here(
            node=name,
            shows=lambda: stage.shows,
            cockpit=lambda _: COCKPIT,
            audience=Audience(),
            relay=relay,
            ways=WaysOut(shelf, (ear,)),
            grace_s=GRACE_S,
            clock=house.clock,
            now_us=house.now_us,
        )
        wire: Any = broker
        nodes = stage.nodes = Nodes(here, wire, broker.read, self.tasks)
        made = self.houses[name] = Home(stage, nodes, shelf, ear, witness)
        return made

    async def later(self, seconds: float = 0.0, *, but: str = "") -> None:
        """Time goes by, in steps of a second, for all but one."""
        for _ in range(max(1, round(seconds))):
            self.clock[0] += min(seconds, 1.0)
            for name, house in self.houses.items():
                if name != but:
                    for show in list(house.stage.shows.values()):
                        show.tick()
                    house.nodes.tick()
            for _ in range(10):
                await asyncio.sleep(0)


def followed(home: Home) -> FarShow:
    """The show of another node that is on there."""
    show = home.nodes.far("radio")
    assert show is not None
    return show


def on_air_at(home: Home) -> OnAir:
    on_air = followed(home).on_air
    assert on_air is not None
    return on_air


class NoKeys:
    """Of tests that need none."""

    revoked: Any = None


async def nobody_is_refused(_admission: Admission) -> str | None:
    return None


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    async with asyncio.TaskGroup() as tasks:
        made = Town(tasks, TimerWheel(asyncio.get_running_loop()))
        for name in "abc":
            made.build(name)
        yield made
        for house in made.houses.values():
            house.nodes.close()
            house.stage.stop()


async def begin(made: Town, **changes: Any) -> tuple[Any, FakeShell]:
    """A show at A, that is heard."""
    line, shell = made.houses["a"].connect(**changes)
    line.write(PART_PCM)
    await made.later()
    line.write(PART_PCM)
    await made.later(1)
    line.write(PART_PCM)
    return line, shell


async def test_every_node_follows() -> None:
    async with town() as here:
        await begin(here)
        for name in "bc":
            house = here.houses[name]
            far = house.nodes.far("radio")
            assert far is not None and far.on_air == here.houses["a"].show.on_air
            assert (house.ear.told, house.witness.told) == (["started"], [])
            assert house.nodes.rooms() == ["radio"]
        here.houses["b"].nodes.end("radio")
        await here.later(1)
        for name in "bc":
            assert here.houses[name].ear.told == ["started", "ended"]
            assert here.houses[name].nodes.far("radio") is None


async def test_the_same_key_takes_over_and_nobody_hears_an_end() -> None:
    async with town() as here:
        a, b, c = here.houses.values()
        _, shell = await begin(here)
        with pytest.raises(StageFull, match="live on another node, with another stream key"):
            b.connect(key_id="key-b")
        line, _ = b.connect()
        await here.later(1)
        assert shell.code == "taken-over"
        line.write(PART_PCM)
        await here.later(1)
        assert not a.stage.shows
        assert b.show.after == "a1"
        for house in (a, c):
            far = house.nodes.far("radio")
            assert far is not None and far.on_air == b.show.on_air
        assert b.show.on_air.began_at_us == 1_000_000_000 < b.show.on_air.starts_at_us
        assert b.show.on_air.first_number > 0
        assert "ended" not in [*a.ear.told, *b.ear.told, *c.ear.told]
        assert a.witness.told[-1] == "handed over"


async def test_another_key_takes_over_when_nobody_is_heard() -> None:
    async with town() as here:
        b = here.houses["b"]
        line, _ = await begin(here)
        line.close(complete=False)
        await here.later(5)
        assert followed(b).interrupted
        b.connect(key_id="key-b")
        await here.later(1)
        assert b.show.after == "a1" and not here.houses["a"].stage.shows


async def test_two_programs_with_one_key_do_not_go_on_for_ever() -> None:
    async with town() as here:
        await begin(here)
        homes = [here.houses[name] for name in "ba"]
        with pytest.raises(StageFull, match="changed hands 5 times"):
            for turn in range(20):
                line, _ = homes[turn % 2].connect()
                await here.later(1)
                line.write(PART_PCM)
                await here.later(1)
                line.write(PART_PCM)
        assert turn == 10


async def test_a_silent_node_is_given_up_and_comes_back_too_late() -> None:
    async with town() as here:
        a, b, c = here.houses.values()
        await begin(here)
        here.bus.cut.add("a")
        await here.later(2)
        assert not followed(c).interrupted
        await here.later(3)
        assert followed(c).interrupted
        line, _ = b.connect(key_id="key-b")
        line.write(PART_PCM)
        await here.later(2)
        assert on_air_at(c).show == "b1"
        assert a.show.id == "a1"  # which does not know it
        here.bus.cut.clear()
        await here.later(2)
        assert not a.stage.shows
        assert on_air_at(a).show == "b1"
        assert a.witness.told[-1] == "handed over"


async def test_a_silent_node_comes_back_in_time_or_its_show_is_over() -> None:
    async with town() as here:
        c = here.houses["c"]
        line, _ = await begin(here)
        here.bus.cut.add("a")
        await here.later(5)
        here.bus.cut.clear()
        line.write(PART_PCM)
        await here.later(2)
        assert not followed(c).interrupted
        here.bus.cut.add("a")
        await here.later(GRACE_S + 2)
        assert c.nodes.far("radio") is None
        assert c.ear.told == ["started", "interrupted", "back", "interrupted", "ended"]


async def test_what_is_handed_over_and_never_goes_on_is_over() -> None:
    async with town() as here:
        a, b, c = here.houses.values()
        await begin(here)
        b.connect()
        b.show.cut()  # before there is any sound
        await here.later(20)
        assert not b.stage.shows
        assert a.ear.told[-1] == b.ear.told[-1] == "ended"
        await here.later(GRACE_S)
        assert c.ear.told[-1] == "ended"


async def test_who_says_goodbye_is_silent_at_once() -> None:
    async with town() as here:
        c = here.houses["c"]
        await begin(here)
        here.houses["a"].nodes.close()
        await here.later(1, but="a")
        assert followed(c).interrupted


async def test_a_title_goes_to_the_node_of_the_source() -> None:
    async with town() as here:
        b = here.houses["b"]
        line, _ = await begin(here)
        assert b.stage.announce(ADMISSION, None, None, "a song")
        assert not b.stage.announce(replace(ADMISSION, key_id="key-b"), None, None, "another")
        await here.later(1)
        line.write(PART_PCM)
        line.write(PART_PCM)
        await here.later(1)
        far = b.nodes.far("radio")
        assert far is not None and far.title is not None and far.title.text == "a song"
