"""Who is master of which slot."""

from streamer.broker_redis.cluster import Cluster, slot_of
from streamer.broker_redis.keys import SHARDS, Keys, shard_of
from streamer.broker_redis.url import read_url

SEED = read_url("redis://user:secret@one:6379")


def test_the_slot_of_a_tag() -> None:
    # The value that the specification gives for its CRC16.
    assert slot_of("123456789") == 0x31C3
    assert slot_of("veza-0") == slot_of("veza-0") < 16384


def test_the_master_of_a_slot_is_whom_the_newest_answer_names() -> None:
    cluster = Cluster(SEED)
    assert cluster.master(5) is None
    assert cluster.nodes == [SEED]
    cluster.learn(
        [[0, 99, [b"one", 6379, b"id"], [b"two", 7000, b"id"]], [100, 200, [b"", 6380, b"id"]]], SEED
    )
    assert cluster.master(99) == SEED
    assert cluster.master(201) is None
    other = cluster.master(100)
    assert other is not None and other.url == "redis://user:secret@one:6380", "it is known as who answered"
    assert [node.shown for node in cluster.nodes] == [
        f"redis://{name}/0" for name in ("one:6379", "two:7000", "one:6380")
    ]
    cluster.learn([[0, 200, [b"two", 7000, b"id"]]], other)
    two = cluster.master(0)
    assert two is not None and two.shown == "redis://two:7000/0"
    assert cluster.nodes == [other, two, SEED], "the one of the settings is never forgotten"


def test_who_does_not_answer_is_asked_last() -> None:
    cluster = Cluster(SEED)
    cluster.learn([[0, 1, [b"two", 7000, b"id"]]], SEED)
    cluster.doubt(SEED)
    assert [node.host for node in cluster.nodes] == ["two", "one"]
    cluster.doubt(read_url("redis://gone"))
    assert len(cluster.nodes) == 2


def test_an_address_of_ipv6_is_one_of_a_url() -> None:
    assert SEED.at("fe80::1", 7).url == "redis://user:secret@[fe80::1]:7"
    assert SEED.at("fe80::1", 7).host == "fe80::1"
    assert SEED.at("two", 7).shown == "redis://two:7/0"


def test_in_a_cluster_everything_has_a_shard() -> None:
    names = Keys(cluster=True)
    for shard in range(SHARDS):
        tag = names.tag(shard)
        assert tag == f"{{{names.tag_text(shard)}}}"
        assert names.bucket(shard, "a").startswith(tag)
        assert names.pulse(shard).startswith(tag)
    assert names.topic("persons").startswith(names.tag(shard_of("persons")))
    assert len({names.pulse(shard) for shard in range(SHARDS)}) == SHARDS
    assert len({Keys().pulse(shard) for shard in range(SHARDS)}) == 1
