"""Brokers that share a Redis, who speaks through them, and what each of them heard."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Draft, Entry, NotStored, Outcome, Stored
from chat.fields import Author
from chat.limits import ChatLimits
from streamer.broker_redis.broker import RedisBroker
from streamer.broker_redis.listener import MISSED
from streamer.broker_redis.url import read_url
from streamer.database import open_database
from streamer.tables import messages

ROOM = "lobby"
HEAR_TIMEOUT_S = 60
_PAUSE_S = 0.002


@dataclass
class Node:
    """A broker, and what was delivered to the one subscription of `ROOM` that it has.

    Attributes:
        jumps: first entry that was left out, the one that came instead, and how many came with it.
    """

    broker: RedisBroker
    engine: AsyncEngine
    heard: list[Entry] = field(default_factory=list)
    epochs: list[str] = field(default_factory=list)
    jumps: list[tuple[int, int, int]] = field(default_factory=list)
    link: list[bool] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, epoch: str, entries: Sequence[Entry]) -> None:
        if not self.epochs or self.epochs[-1] != epoch:
            self.epochs.append(epoch)
        if self.heard and entries[0].seq > self.heard[-1].seq + 1:
            self.jumps.append((self.heard[-1].seq + 1, entries[0].seq, len(entries)))
        self.heard += entries
        self.changed.set()

    def told(self, up: bool) -> None:
        self.link.append(up)
        self.changed.set()

    async def until_heard(self, count: int) -> None:
        await self.until(lambda: len(self.heard) >= count)

    async def until(self, condition: object) -> None:
        assert callable(condition)
        async with asyncio.timeout(HEAR_TIMEOUT_S):
            while not condition():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self.changed.wait()

    async def append(self, draft: Draft) -> Outcome:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.broker.append(draft, outcome.set_result)
        return await outcome

    async def archived(self) -> list[tuple[int, str]]:
        """(seq, nonce) of every row of `ROOM`."""
        await self.broker.caught_up(ROOM)
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                select(messages.c.seq, messages.c.nonce)
                .where(messages.c.room == ROOM)
                .order_by(messages.c.seq)
            )
            return [(row.seq, row.nonce) for row in rows]


@asynccontextmanager
async def running_node(
    redis_url: str,
    database_url: str,
    *,
    limits: ChatLimits | None = None,
    replicas: int = 0,
    cluster: bool = False,
) -> AsyncIterator[Node]:
    """A node that listens to `ROOM`; when it is left it has settled everything."""
    engine = await open_database(database_url)
    broker = RedisBroker(read_url(redis_url), engine, limits or ChatLimits(), replicas=replicas)
    if cluster:
        assert await broker.prepare() is None
    node = Node(broker, engine)
    broker.subscribe(ROOM, node.deliver, lambda _: None)
    broker.watch_link(node.told)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(broker.run())
            await broker.read(ROOM, None, 1)
            yield node
            await broker.close()
    finally:
        await engine.dispose()


def draft(nonce: str, author: str = "ann", room: str = ROOM) -> Draft:
    return Draft(
        room, nonce, Author(author, author), f"id-{author}-{nonce}", 1, body=f"{author} says {nonce}"
    )


class Talkers:
    """People who speak without a break, each one thing after the other, and say again what was not stored.

    Attributes:
        stored: what was acknowledged, by (author, nonce).
        not_stored: how often something else was the answer.
    """

    def __init__(self, nodes: Sequence[Node], people: int = 4) -> None:
        self.stored: dict[tuple[str, str], Stored] = {}
        self.not_stored: list[NotStored] = []
        self._stop = asyncio.Event()
        self._nodes = nodes
        self._people = people
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for place, node in enumerate(self._nodes):
            for number in range(self._people):
                name = f"p{place}-{number}"
                self._tasks.append(asyncio.create_task(self._talk(node, name)))

    async def more(self, messages: int) -> None:
        """Return when so many more are stored."""
        wanted = len(self.stored) + messages
        async with asyncio.timeout(HEAR_TIMEOUT_S):
            while len(self.stored) < wanted:  # noqa: ASYNC110  # it has no event of its own
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._stop.set()
        async with asyncio.timeout(HEAR_TIMEOUT_S):
            await asyncio.gather(*self._tasks)

    async def _talk(self, node: Node, name: str) -> None:
        for number in count():
            if self._stop.is_set():
                return
            said = draft(f"n{number}", name)
            while True:
                outcome = await node.append(said)
                if isinstance(outcome, Stored):
                    break
                assert isinstance(outcome, NotStored)
                self.not_stored.append(outcome)
                await asyncio.sleep(0.1)
            self.stored[name, said.nonce] = outcome
            await asyncio.sleep(_PAUSE_S)


async def check(nodes: Sequence[Node], talkers: Talkers, *, one_epoch: bool = True) -> None:
    """Everything acknowledged is in the archive once, under the number that was said, and was heard by all in
    that order."""
    page = await nodes[0].broker.read(ROOM, None, 1)
    rows = await nodes[0].archived()
    async with nodes[0].engine.connect() as connection:
        found = await connection.execute(select(messages).where(messages.c.room == ROOM))
        said = {(row.author_id, row.nonce): row.seq for row in found}
    assert len(rows) == len(said), "something was stored twice"
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), "there is a hole"
    if one_epoch:
        assert {key: said.get(key) for key in talkers.stored} == {
            key: outcome.seq for key, outcome in talkers.stored.items()
        }
    else:
        assert talkers.stored.keys() <= said.keys()
    for node in nodes:
        await node.until(lambda node=node: node.heard and node.heard[-1].seq >= page.seq)
        seqs = [entry.seq for entry in node.heard]
        assert seqs == sorted(set(seqs)) or not one_epoch, "heard in another order, or twice"
        if one_epoch:
            assert len(node.epochs) == 1
        heard = {seq: json.loads(entry.payload)["nonce"] for seq, entry in zip(seqs, node.heard, strict=True)}
        if one_epoch:
            # After a break it is given the newest `MISSED`; what lies before them a room reads by itself.
            assert all(came == MISSED for _, _, came in node.jumps), f"left out without need: {node.jumps}"
            left_out = {seq for first, behind, _ in node.jumps for seq in range(first, behind)}
            assert heard == {seq: nonce for seq, nonce in rows[seqs[0] - 1 :] if seq not in left_out}
