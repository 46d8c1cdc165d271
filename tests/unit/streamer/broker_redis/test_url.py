"""What `redis_url` may say."""

import re

import pytest

from streamer.broker_redis.keys import SHARDS, Keys
from streamer.broker_redis.url import read_url


def test_the_password_is_not_shown() -> None:
    address = read_url("rediss://user:secret@redis.example:6380/3")
    assert (address.shown, address.database) == ("rediss://redis.example:6380/3", 3)
    assert read_url("redis://localhost").shown == "redis://localhost:6379/0"


def test_a_certificate_may_be_named() -> None:
    assert read_url("rediss://host?ssl_ca_certs=/etc/ca.pem").url == "rediss://host?ssl_ca_certs=/etc/ca.pem"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://", "it names no host"),
        ("redis://host/lobby", "the path is the number of the database, not 'lobby'"),
        ("redis://host?cluster=true", "cluster is not an option; there are ssl_ca_certs, "),
        ("redis://host:99999", "Port out of range 0-65535"),
    ],
)
def test_what_is_wrong_is_said(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_url(url)


def test_a_room_is_in_one_slot() -> None:
    names = Keys()
    room = names.room("lobby")
    tag = names.tag(room.shard)
    keys = (room.meta, room.log, room.queue, room.channel, room.nonce("1", "n"), names.lease(room.shard))
    assert all(key.startswith(tag) for key in keys)
    assert len(set(keys)) == len(keys)
    assert {names.room(f"room-{number}").shard for number in range(500)} == set(range(SHARDS))


def test_nonces_of_two_people_are_never_one_key() -> None:
    room = Keys().room("lobby")
    assert room.nonce("a:b", "c") != room.nonce("a", "b:c")


def test_databases_are_told_apart() -> None:
    assert Keys(1).room("lobby").channel != Keys(2).room("lobby").channel
    assert Keys(1).topic("bans") != Keys().topic("bans")
