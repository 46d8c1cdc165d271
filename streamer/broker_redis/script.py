"""The scripts that run inside Redis, and what is handed to them."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from msgspec import Struct

from chat.broker import NONCE_TTL_S, Entry
from streamer.broker_redis.drafts import Waiting
from streamer.broker_redis.keys import Keys, RoomKeys

Argument = str | bytes | int
Command = tuple[Argument, ...]

GROUP = "archive"
IDLE_MS = 24 * 3600 * 1000  # a room at rest leaves memory after this; it comes back from SQL
NONCE_TTL_MS = NONCE_TTL_S * 1000
NAMES = ("append", "open", "read", "offer", "archived", "renew", "lease")


class Script(Struct, frozen=True):
    """A script and the name that Redis gives it."""

    text: bytes
    sha: str

    def call(self, keys: Sequence[str], arguments: Iterable[Argument]) -> Command:
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)


@cache
def script(name: str) -> Script:
    """Read a script of `lua/`."""
    text = (files("streamer.broker_redis") / "lua" / f"{name}.lua").read_bytes()
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


def loading() -> list[Command]:
    """The commands that make every script known."""
    return [("SCRIPT", "LOAD", script(name).text) for name in NAMES]


def three(keys: RoomKeys) -> tuple[str, str, str]:
    return keys.meta, keys.log, keys.queue


def append(
    names: Keys, keys: RoomKeys, run: str, publish: str, node: str, drafts: Sequence[Waiting]
) -> Command:
    arguments: list[Argument] = [run, keys.room, keys.channel, publish, node, NONCE_TTL_MS]
    for waiting in drafts:
        draft = waiting.draft
        said = keys.nonce(draft.author.id, draft.nonce)
        arguments += (waiting.token, said, draft.id, waiting.head, waiting.tail, len(draft.charges))
        for charge in draft.charges:
            arguments += (names.bucket(keys.shard, charge.key), charge.interval_ms, charge.burst)
    return script("append").call(three(keys), arguments)


def open_room(
    keys: RoomKeys,
    run: str,
    epoch: str,
    known: bool,
    seq: int,
    nonces: Iterable[tuple[str, str, int, str, int]],
) -> Command:
    """Args: `nonces` are (author's id, nonce, seq, id, milliseconds that it is still kept)."""
    arguments: list[Argument] = [run, epoch, int(known), seq, IDLE_MS]
    for author_id, nonce, number, id, left_ms in nonces:
        arguments += (keys.nonce(author_id, nonce), f"{number} {id}", left_ms)
    return script("open").call((keys.meta, keys.offered), arguments)


def read(keys: RoomKeys, run: str, after: int, limit: int) -> Command:
    return script("read").call((keys.meta, keys.log), (run, after, limit))


def offer(
    keys: RoomKeys, run: str, publish: str, epoch: str, entries: Sequence[tuple[Entry, str, str]]
) -> Command:
    """Args: `entries` come with the key of their nonce, and their id, by seq."""
    arguments: list[Argument] = [run, keys.room, keys.channel, publish, NONCE_TTL_MS, epoch]
    for entry, said, id in entries:
        arguments += (entry.seq, said, id, entry.payload)
    return script("offer").call((*three(keys), keys.offered), arguments)


def archived(keys: RoomKeys, seq: int, kept: int, done: Sequence[bytes]) -> Command:
    return script("archived").call(three(keys), (seq, kept, IDLE_MS, GROUP, *done))


def renew(keys: RoomKeys, epoch: str, fresh: str) -> Command:
    return script("renew").call((keys.meta, keys.offered), (epoch, fresh))


def lease(key: str, nodes: str, node: str, ttl_ms: int, shard: int, busy: bool) -> Command:
    return script("lease").call((key, nodes), (node, ttl_ms, shard, int(busy)))
