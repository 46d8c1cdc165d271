"""Breaks the chat on purpose, for as long as asked, and judges what its clients saw: `make chaos`.

The same seed chooses the same faults in the same order; when exactly they strike is the machine's business.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from websockets.asyncio.client import connect

from chaos.client import Client, read_entry
from chaos.history import Gap, History, Joined, Log, Shown
from chaos.judge import judge
from chaos.keeper import Keeper
from chaos.world import World, operator_token, running_world
from streamer.database import make_engine
from streamer.tables import messages
from streamer.tables_order import audit

_SETTLE_S = 90.0
_FINAL_PER_ROOM = 3
_LINES_PER_S = 1.5


async def run(options: argparse.Namespace, folder: Path) -> tuple[History, Counter[str], list[str]]:
    """The history of one run, how often each fault struck, and what did not settle."""
    chance = random.Random(options.seed)
    rooms = [f"chaos-{number}" for number in range(options.rooms)]
    struck: Counter[str] = Counter()
    async with running_world(folder, options.nodes, redis=options.redis, chance=chance) as world:
        door = random.Random(f"{options.seed} doors")
        clients: list[Client] = []

        def port() -> int:
            return door.choice(world.nodes).proxy.port

        for number in range(options.clients):
            own = random.Random(f"{options.seed} {number}")
            where = own.sample(rooms, own.randint(1, len(rooms)))
            clients.append(Client(f"c{number}", port, where, options.per_s, own))
        own = random.Random(f"{options.seed} keeper")
        clients.append(Keeper("keeper", port, rooms, _LINES_PER_S, own, operator_token()))
        running = [asyncio.create_task(client.run()) for client in clients]
        try:
            await _strike(world, chance, options.seconds, struck)
            unsettled = await _settle(clients, rooms)
            logs = {room: await _read_log(world.nodes[-1].proxy.port, room) for room in rooms}
            rows, acts = await _read_rows(world.database_url, logs)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return History([client.view() for client in clients], logs, rows, acts), struck, unsettled


async def _strike(world: World, chance: random.Random, seconds: float, struck: Counter[str]) -> None:
    """One fault after the other, sometimes two at once, with calm between."""
    began_s = time.monotonic()
    while (now_s := time.monotonic() - began_s) < seconds:
        calm_s = chance.uniform(0.5, 4)
        name, fault = chance.choice(world.faults())
        await asyncio.sleep(calm_s)
        struck[name] += 1
        print(f"{now_s + calm_s:6.1f} s  {name}", flush=True)
        await fault()


async def _settle(clients: list[Client], rooms: list[str]) -> list[str]:
    """Wait until everything is answered and everybody has seen everything; returns what did not come true."""
    for client in clients:
        client.quiet = True
    deadline_s = time.monotonic() + _SETTLE_S

    def calm() -> list[str]:
        waiting = [f"{client.name} waits for {nonce}" for client in clients for nonce in client.unanswered]
        out = [f"{client.name} is not in {room}" for client in clients for room in client.rooms - client.here]
        positions = {
            room: {client.position(room) for client in clients if room in client.rooms} for room in rooms
        }
        apart = [f"in {room} clients are at {seen}" for room, seen in positions.items() if len(seen) > 1]
        return [*waiting, *out, *apart]

    async def wait() -> None:
        while calm() and time.monotonic() < deadline_s:  # noqa: ASYNC110  # clients have no event for it
            await asyncio.sleep(0.2)

    for _ in range(_FINAL_PER_ROOM):
        await wait()
        for client in clients:
            for room in client.rooms:
                client.say(room)
        await asyncio.sleep(0.2)
    await wait()
    return calm()


async def _read_log(port: int, room: str) -> Log:
    """All of a room, as somebody reads it who has never been there."""
    async with connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None) as socket:

        async def ask(type: str, answer: str, **fields: Any) -> dict[str, Any]:
            await socket.send(json.dumps({"type": type, **fields}))
            while True:
                frame: dict[str, Any] = json.loads(await socket.recv())
                if frame["type"] in (answer, "error"):
                    return frame

        await ask("hello", "welcome", name="reader")
        joined = await ask("join", "joined", room=room)
        entries: list[Shown] = []
        after = 0
        while True:
            page = await ask("history", "history", room=room, after=after, limit=100)
            entries += [read_entry(message) for message in page["messages"]]
            if page.get("next") is None:
                return Log(joined["epoch"], entries, joined["seq"])
            after = page["next"]


async def _read_rows(url: str, logs: dict[str, Log]) -> tuple[dict[str, list[Shown]], dict[str, list[str]]]:
    """All rooms as they are in SQL, when it has everything, and what their audit logs say."""
    engine = make_engine(url)
    deadline_s = time.monotonic() + _SETTLE_S
    try:
        while True:
            found: dict[str, list[Shown]] = {room: [] for room in logs}
            acts: dict[str, list[str]] = {room: [] for room in logs}
            async with engine.connect() as connection:
                for row in await connection.execute(
                    select(messages).order_by(messages.c.room, messages.c.seq)
                ):
                    emoji = json.loads(row.more or "{}").get("emoji", "")
                    said = (row.seq, row.id, row.nonce, row.author_id, row.body)
                    found.setdefault(row.room, []).append(Shown(*said, row.kind, emoji))
                for line in await connection.execute(select(audit.c.room, audit.c.detail)):
                    acts.setdefault(line.room, []).append(line.detail)
            behind = [room for room, log in logs.items() if len(found[room]) < log.end]
            if not behind or time.monotonic() > deadline_s:
                return found, acts
            await asyncio.sleep(0.5)
    finally:
        await engine.dispose()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", default="", help="a run that was printed before")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--redis", action="store_true", help="rooms in Redis; several nodes need it")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--rooms", type=int, default=3)
    parser.add_argument("--per-s", type=float, default=1.0, help="messages a second and client")
    parser.add_argument("--keep", type=Path, help="write the history here, as JSON")
    options = parser.parse_args()
    options.seed = options.seed or secrets.token_hex(4)
    options.redis = options.redis or options.nodes > 1
    where = f"{options.nodes} node(s){' with Redis' if options.redis else ''}"
    crowd = f"{options.clients} clients in {options.rooms} rooms"
    print(f"chaos: seed {options.seed}, {options.seconds:g} s, {crowd} on {where}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        history, struck, unsettled = asyncio.run(run(options, folder))
    if options.keep:
        options.keep.write_bytes(msgspec.json.encode(history))
    faults = judge(history)
    records = [record for view in history.views for record in view.records]
    shown = sum(len(record.shown) if isinstance(record, Joined) else 1 for record in records)
    entries = sum(log.end for log in history.logs.values())
    gaps = sum(isinstance(record, Gap) for record in records)
    print(f"chaos: {dict(struck)}")
    print(f"chaos: {entries} entries kept, {shown} records, {gaps} gaps announced, {len(faults)} faults")
    for what in unsettled:
        print(f"NOT SETTLED: {what}")
    for fault in faults[:50]:
        print(f"FAULT: {fault.promise}: {fault.where}: {fault.what}")
    if faults or unsettled:
        print(
            f"chaos: again with --seed {options.seed} --seconds {options.seconds:g} --nodes {options.nodes}"
        )
    return 1 if faults or unsettled else 0


if __name__ == "__main__":
    sys.exit(main())
