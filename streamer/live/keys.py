"""Stream keys: made, looked up, rotated and revoked, and each of these known to all nodes at once.

A key is 160 random bits, so one SHA-256 of it is kept: a slow hash protects what people can remember, and
nobody can guess this, nor find it from its hash. It is looked up by the hash, whose timing tells nothing of
the key, and compared in constant time all the same.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection

import msgspec

from chat.broker import Broker
from streamer.lane import Lane
from streamer.live import key_rows
from streamer.live.key_rows import KeyRow
from streamer.live.line import Admission, KeyRefused

KEY_BYTES = 20
KEY_CHARS = 32
MAX_KEYS = 64
"""Of one room."""
DEFAULT_PRIORITY = 100
GUEST_KEY_MS = 24 * 3600 * 1000
"""Keys that guests make are good for a day: nobody could take them away from a guest who is gone."""
_TOPIC = "stream-keys"


class KeyUnknown(Exception):
    """The room has no such key."""


class _Word(msgspec.Struct):
    """What nodes tell each other: this key is not good any more, or another secret stands for it."""

    id: str


class StreamKeys:
    """The keys of all rooms.

    Attributes:
        revoked: called with the id of each key whose secret is good no more, on any node.
    """

    def __init__(
        self,
        lane: Lane,
        broker: Broker,
        now_ms: Callable[[], int],
        make_id: Callable[[], str],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Args: `entropy(n)` gives n random bytes, good enough for secrets."""
        self._lane = lane
        self._broker = broker
        self._now_ms = now_ms
        self._make_id = make_id
        self._entropy = entropy
        self.revoked: Callable[[str], None] = lambda _id: None
        broker.listen(_TOPIC, self._hear)

    async def make(
        self,
        room: str,
        person: str,
        name: str,
        *,
        label: str = "",
        priority: int = DEFAULT_PRIORITY,
        ttl_ms: int | None = None,
    ) -> tuple[KeyRow, str]:
        """A new key: what is kept of it, and itself, which nobody can show again.

        Raises:
            streamer.order_rows.TooMany, DatabaseFailed
        """
        key, row = draw_key(
            room=room,
            person=person,
            person_name=name,
            label=label,
            priority=priority,
            id=self._make_id(),
            now_ms=self._now_ms(),
            ttl_ms=ttl_ms,
            entropy=self._entropy,
        )
        await self._lane.run(key_rows.add_key, row, MAX_KEYS)
        return row, key

    async def of(self, room: str) -> list[KeyRow]:
        """The keys of a room, oldest first. Raises DatabaseFailed."""
        return await self._lane.run(key_rows.read_keys, room, self._now_ms())

    async def rotate(self, room: str, id: str) -> str:
        """Another secret for a key; who is on with the old one is sent away. Raises KeyUnknown."""
        key = make_key(self._entropy)
        if not await self._lane.run(key_rows.rotate_key, room, id, hash_key(key)):
            raise KeyUnknown(f"{room} has no stream key {id[:40]}")
        self._tell(id)
        return key

    async def revoke(self, room: str, id: str) -> None:
        """Let a key be good for nothing, and send away who is on with it. Raises KeyUnknown."""
        if not await self._lane.run(key_rows.remove_key, room, id):
            raise KeyUnknown(f"{room} has no stream key {id[:40]}")
        self._tell(id)

    async def find(self, key: str) -> KeyRow:
        """The key with this secret. Raises KeyRefused, DatabaseFailed."""
        hashed = hash_key(key)
        row = await self._lane.run(key_rows.find_key, hashed, self._now_ms()) if key else None
        if row is None or not hmac.compare_digest(row.hash, hashed):
            raise KeyRefused("that is no stream key, or not any more")
        return row

    async def still_good(self, hashes: dict[str, str]) -> Collection[str]:
        """Which of these keys, hashes by id, are as they were. Raises DatabaseFailed."""
        found = await self._lane.run(key_rows.good_keys, list(hashes), self._now_ms())
        return {id for id, hashed in hashes.items() if found.get(id) == hashed}

    def _tell(self, id: str) -> None:
        self._broker.tell(_TOPIC, msgspec.json.encode(_Word(id)))

    def _hear(self, payload: bytes) -> None:
        self.revoked(msgspec.json.decode(payload, type=_Word).id)


def draw_key(
    *,
    room: str,
    person: str,
    person_name: str,
    label: str,
    priority: int,
    id: str,
    now_ms: int,
    ttl_ms: int | None,
    entropy: Callable[[int], bytes],
) -> tuple[str, KeyRow]:
    """A new key, and what is kept of it. Args: `ttl_ms`: None for ever."""
    key = make_key(entropy)
    expires_at = None if ttl_ms is None else now_ms + ttl_ms
    return key, KeyRow(id, room, person, person_name, label, priority, hash_key(key), now_ms, expires_at)


def make_key(entropy: Callable[[int], bytes]) -> str:
    """32 characters that are safe in URLs, as a password and as an RTMP stream name."""
    return base64.b32encode(entropy(KEY_BYTES)).decode().lower()


def hash_key(key: str) -> str:
    """What is kept of a key, in hex."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def admission_of(row: KeyRow) -> Admission:
    """What the key lets one do."""
    return Admission(row.room, row.id, row.person, row.priority, row.person_name, row.hash)
