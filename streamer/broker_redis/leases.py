"""Which shards a node archives, as far as Redis has told: `lua/lease.lua` gives each node its share."""

from collections.abc import Sequence, Set

from streamer.broker_redis import script
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.script import Command

LEASE_MS = 6000
RENEW_S = 2.0
_HASTE_S = 0.2  # while a shard goes from one node to another
_MINE, _LEAVING, _COMING = (1, 2), 2, 3


class Leases:
    """Asked every `pause_s`. A node that is not heard of for `LEASE_MS` has lost its shards.

    Attributes:
        mine: shards that are this node's.
        leaving: those of them that go to another when nothing of them is left to do; no more is to be begun.
        pause_s: until they are to be asked for again.
    """

    def __init__(self, keys: Keys, shards: Sequence[int], node: str) -> None:
        self._keys = keys
        self._all = shards
        self._node = node
        self.mine: frozenset[int] = frozenset()
        self.leaving: frozenset[int] = frozenset()
        self.pause_s = RENEW_S

    @property
    def open(self) -> list[int]:
        """Whose queues are to be read."""
        return sorted(self.mine - self.leaving)

    def ask(self, busy: Set[int]) -> list[Command]:
        """Commands whose answers `learn` takes. Args: `busy` are shards with something that was begun."""
        return [self._lease(shard, LEASE_MS, shard in busy) for shard in self._all]

    def learn(self, answers: Sequence[int]) -> list[int]:
        """Take in what Redis says; the shards that are this node's and were not before."""
        said = dict(zip(self._all, answers, strict=True))
        before, self.mine = self.mine, frozenset(shard for shard in said if said[shard] in _MINE)
        self.leaving = frozenset(shard for shard in said if said[shard] == _LEAVING)
        self.pause_s = _HASTE_S if self.leaving or _COMING in answers else RENEW_S
        return sorted(self.mine - before)

    def forget(self) -> None:
        """Nothing is known any more."""
        self.mine = self.leaving = frozenset()

    def leave(self) -> list[Command]:
        """Commands that let other nodes have all at once."""
        return [self._lease(shard, 0, False) for shard in self._all]

    def _lease(self, shard: int, ms: int, busy: bool) -> Command:
        keys = self._keys
        return script.lease(keys.lease(shard), keys.archivists(shard), self._node, ms, shard, busy)
