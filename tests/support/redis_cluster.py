"""A Redis Cluster of one's own: a few redis-server on loopback."""

import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from streamer.broker_redis.cluster import slot_of
from streamer.broker_redis.keys import Keys
from tests.support.redis import Redis, free_ports

MASTERS = 3
SLOTS = 16384
_FIRST = tuple(SLOTS * place // MASTERS for place in range(MASTERS + 1))
# The least with which nobody who is only busy is taken for dead.
_NODE_TIMEOUT_MS = 2000
_START_TIMEOUT_S = 60


class RedisCluster:
    """Masters, each with a third of the slots, and replicas, the first of the first master, and so on."""

    def __init__(self, folder: Path, replicas: int = 0, *options: str) -> None:
        count = MASTERS + replicas
        ports = free_ports(2 * count)
        self._bus = ports[count:]
        self.nodes = [
            Redis(
                folder / str(number),
                *("--cluster-enabled", "yes", "--cluster-port", str(bus)),
                *("--cluster-node-timeout", str(_NODE_TIMEOUT_MS), "--cluster-require-full-coverage", "no"),
                *options,
                port=ports[number],
            )
            for number, bus in enumerate(self._bus)
        ]

    @property
    def url(self) -> str:
        return self.nodes[0].url

    @property
    def masters(self) -> list[Redis]:
        return self.nodes[:MASTERS]

    def start(self) -> None:
        """Start all nodes, and return when each says that the cluster is well."""
        for number, node in enumerate(self.nodes):
            node.start()
            node.say("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for number, node in enumerate(self.masters):
            node.say("CLUSTER", "ADDSLOTSRANGE", _FIRST[number], _FIRST[number + 1] - 1)
        for node, bus in zip(self.nodes[1:], self._bus[1:], strict=True):
            self.nodes[0].say("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        self.wait_until_known()
        for number, node in enumerate(self.nodes[MASTERS:]):
            node.say("CLUSTER", "REPLICATE", self.nodes[number].say("CLUSTER", "MYID"))
        self.wait_until_well()

    def wait_until_known(self) -> None:
        _wait(lambda: all(_fact(node, "cluster_known_nodes") == str(len(self.nodes)) for node in self.nodes))

    def wait_until_well(self) -> None:
        replicas = len(self.nodes) - MASTERS
        _wait(
            lambda: (
                all(_fact(node, "cluster_state") == "ok" for node in self.nodes)
                and all("master_link_status:up" in node.say("INFO") for node in self.nodes[MASTERS:])
                and sum("connected_slaves:1" in node.say("INFO") for node in self.masters) == replicas
            )
        )

    def master_of(self, room: str) -> Redis:
        """Who was made master of a room's slot."""
        return self.nodes[bisect_right(_FIRST, room_slot(room)) - 1]

    def move(self, room: str, target: Redis) -> None:
        """Move the slot of a room to another master, key by key, as `redis-cli --cluster reshard` does."""
        slot, source = room_slot(room), self.master_of(room)
        source_id, target_id = source.say("CLUSTER", "MYID"), target.say("CLUSTER", "MYID")
        target.say("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.say("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        while found := source.say("CLUSTER", "GETKEYSINSLOT", slot, 10):
            source.say("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *found)
        for node in (target, source, *self.nodes):
            if node in self.masters:
                node.say("CLUSTER", "SETSLOT", slot, "NODE", target_id)

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()


@contextmanager
def running_cluster(folder: Path, replicas: int = 0) -> Iterator[RedisCluster]:
    """Of `MASTERS` masters and so many replicas, for the length of a `with`."""
    cluster = RedisCluster(folder, replicas)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def room_slot(room: str) -> int:
    keys = Keys(cluster=True)
    return slot_of(keys.tag_text(keys.room(room).shard))


def _fact(node: Redis, name: str) -> str:
    lines = node.say("CLUSTER", "INFO").splitlines()
    return str(dict(line.split(":", 1) for line in lines)[name])


def _wait(condition: object) -> None:
    assert callable(condition)
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "the cluster did not come together"
        time.sleep(0.05)
