"""What the keys and channels in Redis are called."""

from zlib import crc32

from msgspec import Struct

SHARDS = 16
_PREFIX = "veza"


class RoomKeys(Struct, frozen=True):
    """The keys of one room, all in one slot of a cluster, so that one script may touch them.

    Attributes:
        meta: hash. `epoch`; `seq`, the newest; `archived`, up to which SQL has it; `run`, the run of Redis
            that was last told to number it; `idle`, while it may be forgotten.
        log: stream. The ids are `SEQ-0`, the field `p` is the payload.
        queue: stream, of the shard. What the archive must look at: `r` the room, `l` up to which seq.
        offered: hash, for a minute. What was offered and lies beyond a hole: by seq, in MessagePack, the key
            of its nonce, its id and its payload.
        channel: of what is appended, and of whispers.
        said: how the keys of nonces begin.
    """

    room: str
    shard: int
    meta: str
    log: str
    queue: str
    offered: str
    channel: str
    said: str

    def nonce(self, author_id: str, nonce: str) -> str:
        """The key that says what became of a nonce."""
        return f"{self.said}{len(author_id)}:{author_id}:{nonce}"


class Keys:
    """Names for one database of a Redis, or for a cluster.

    Rooms are spread over `SHARDS` hash tags. A cluster moves a tag as a whole, and its archive has a queue
    for each, whose names are known without a list of rooms.
    """

    def __init__(self, database: int = 0, *, cluster: bool = False) -> None:
        """Args: `database` is part of every name, because the databases of a Redis share their channels."""
        self._prefix = f"{_PREFIX}{database or ''}"
        self._cluster = cluster

    def tag(self, shard: int) -> str:
        return f"{{{self.tag_text(shard)}}}"

    def tag_text(self, shard: int) -> str:
        """What is hashed of every key of a shard."""
        return f"{self._prefix}-{shard}"

    def room(self, room: str) -> RoomKeys:
        shard = shard_of(room)
        tag = self.tag(shard)
        return RoomKeys(
            room=room,
            shard=shard,
            meta=f"{tag}:room:{room}",
            log=f"{tag}:log:{room}",
            queue=self.queue(shard),
            offered=f"{tag}:offered:{room}",
            channel=f"{tag}:live:{room}",
            said=f"{tag}:said:{room}:",
        )

    def air(self, room: str, run: str) -> str:
        """The stream of one run of a show. The ids are `NUMBER-0`, the field `p` is the entry."""
        return f"{self.tag(shard_of(room))}:air:{room}:{run}"

    def queue(self, shard: int) -> str:
        """The stream that the archive of a shard reads."""
        return f"{self.tag(shard)}:archive"

    def lease(self, shard: int) -> str:
        """Which node archives a shard."""
        return f"{self.tag(shard)}:archivist"

    def archivists(self, shard: int) -> str:
        """The nodes that could: a sorted set, by when they are not counted on any more."""
        return f"{self.tag(shard)}:archivists"

    def bucket(self, shard: int, key: str) -> str:
        """A bucket of `chat.broker.Charge`.

        One for all rooms; but in a cluster a script stays in its slot, so there each shard counts for itself.
        """
        return f"{self.tag(shard) if self._cluster else self._prefix}:bucket:{key}"

    def topic(self, topic: str) -> str:
        """The channel of `tell`; in a cluster, one of the shard `shard_of(topic)`."""
        return f"{self.tag(shard_of(topic)) if self._cluster else self._prefix}:told:{topic}"

    def pulse(self, shard: int) -> str:
        """A key that is written to see whether writing is possible."""
        return f"{self.tag(shard) if self._cluster else self._prefix}:pulse"


def shard_of(name: str) -> int:
    """Of a room, or of a topic."""
    return crc32(name.encode()) % SHARDS
