"""Sessions are counted, by room and way out."""

import pytest

from streamer.live.audience import Audience


def test_who_comes_and_goes_is_counted() -> None:
    audience = Audience()
    audience.came("a", "hls")
    audience.came("a", "websocket")
    audience.came("a", "websocket")
    audience.came("b", "progressive")
    assert audience.of("a") == {"hls": 1, "websocket": 2}
    assert audience.of("nowhere")["hls"] == 0
    audience.left("a", "websocket")
    assert audience.by_way() == {"hls": 1, "websocket": 1, "progressive": 1}
    audience.left("b", "progressive")
    assert audience.by_way() == {"hls": 1, "websocket": 1}
    assert audience.sessions_total == {"hls": 1, "websocket": 2, "progressive": 1}


def test_nobody_leaves_who_has_not_come() -> None:
    audience = Audience()
    audience.came("a", "hls")
    with pytest.raises(AssertionError, match="nobody is in a by websocket"):
        audience.left("a", "websocket")
