from collections import Counter

from streamer.live.beats import (
    SILENT_S,
    Beat,
    Neighbours,
    Order,
    Post,
    counted,
    decode_word,
    encode_word,
)

POST = Post("lobby", "show1", "a-1", 1, True, ("k1",), ("u1",), b"cockpit")


def test_what_is_told_is_heard() -> None:
    for word in (
        Beat("a", (POST,), {"lobby": (1, 2, 3)}),
        Beat("a", (), {}, gone=True),
        Order("end", "lobby", "a-1"),
        Order("title", "lobby", "a-1", "k1", "Ann", None, "text"),
    ):
        assert decode_word(encode_word(word)) == word


def test_what_another_version_tells_is_not() -> None:
    assert decode_word(b"") is None
    assert decode_word(b"\x92\xa5other\x01") is None


def test_only_rooms_with_listeners_are_told() -> None:
    of = {"a": Counter(hls=2, progressive=1), "b": Counter[str](), "c": Counter(websocket=1)}
    assert counted(["a", "b", "c"], of) == {"a": (2, 0, 1), "c": (0, 1, 0)}  # type: ignore[arg-type]


def test_listeners_of_other_nodes_are_summed_while_these_are_heard() -> None:
    others = Neighbours("me")
    assert not others.hear(Beat("me", (), {"lobby": (9, 9, 9)}), 0.0)
    assert others.hear(Beat("a", (POST,), {"lobby": (1, 2, 3)}), 0.0)
    assert others.hear(Beat("b", (), {"lobby": (1, 0, 0), "den": (5, 0, 0)}), 3.0)
    assert others.counts("lobby") == Counter(hls=2, websocket=2, progressive=3)
    assert others.counts("nowhere").total() == 0
    assert len(others) == 2
    others.forget(SILENT_S)
    assert len(others) == 2
    others.forget(SILENT_S + 0.1)
    assert others.counts("lobby") == Counter(hls=1)
    assert others.hear(Beat("b", (), {}), 6.0)
    assert others.counts("den").total() == 0


def test_a_node_that_says_goodbye_is_forgotten_at_once() -> None:
    others = Neighbours("me")
    others.hear(Beat("a", (POST,), {"lobby": (1, 2, 3)}), 0.0)
    assert not others.hear(Beat("a", (), {}, gone=True), 1.0)
    assert len(others) == 0
