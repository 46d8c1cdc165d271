"""What a node knows and SQL does not."""

from chat.broker import Draft, Entry
from chat.entries import encode_entry
from chat.fields import Author
from streamer.broker_redis.kept import Kept, read_payload

ANN = Author("1", "ann")


def entries(*seqs: int) -> list[Entry]:
    return [Entry(seq, b"{}") for seq in seqs]


def known(kept: Kept, room: str = "lobby") -> tuple[str, list[int]]:
    epoch, found = kept.of_room(room)
    return epoch, [entry.seq for entry in found]


def test_a_payload_says_what_it_was_made_of() -> None:
    for draft in (
        Draft("lobby", "n", ANN, "id", 5, body="hi", more={"reply_to": "x"}),
        Draft("lobby", "n", ANN, "id", 5, "reacted", more={"emoji": "+1"}),
        Draft("lobby", "n", ANN, "id", 5, "deleted"),
    ):
        assert read_payload(encode_entry(draft, 7).payload) == (draft, 7)


def test_kept_until_archived() -> None:
    kept = Kept(1 << 20)
    kept.add("lobby", "e", entries(3, 1))
    kept.add("lobby", "e", entries(2, 3, 4))
    assert known(kept) == ("e", [1, 2, 3, 4])
    kept.archived("lobby", 2)
    assert known(kept) == ("e", [3, 4])
    kept.archived("lobby", 9)
    kept.archived("elsewhere", 9)
    assert (known(kept), len(kept), kept.size_bytes, list(kept.rooms)) == (("", []), 0, 0, [])


def test_another_epoch_begins_anew() -> None:
    kept = Kept(1 << 20)
    kept.add("lobby", "e", entries(1, 2))
    kept.add("lobby", "f", entries(1))
    assert known(kept) == ("f", [1])


def test_the_oldest_are_let_go() -> None:
    kept = Kept(400)
    kept.add("lobby", "e", entries(1, 2, 3, 4))
    assert known(kept) == ("e", [3, 4])
    assert kept.dropped_total == 2
