"""How long after it came in a show is heard."""

from hls.live import GRID, ChunkCut, LiveRendition, OnAir
from streamer.live.delays import Delays, typical_ms

AAC = LiveRendition("aac128", "mp4a.40.2", 128_000, 1024, 1024, b"init", b"\x11\x90")
SHOW = OnAir("lobby", "show", 5_000_000, 5_000_000, 0, GRID, (AAC,))


def test_what_the_server_adds_is_added_to_what_players_have_in_hand() -> None:
    now_us = 5_000_000
    delays = Delays(lambda: now_us, {"hls": lambda _: 1_200, "websocket": lambda _: None})
    assert delays.of("lobby") == {"hls": 1_200, "websocket": None}
    for number in range(200):
        at_ticks = number * 5 * 1024
        now_us = SHOW.time_us(at_ticks + 5 * 1024) + 250_000
        delays.chunk(SHOW, ChunkCut("aac128", at_ticks, (b".",) * 5))
    assert delays.of("lobby") == {"hls": 1_450, "websocket": None}
    assert delays.of("another")["hls"] == 1_200
    delays.ended(SHOW)
    assert delays.of("lobby")["hls"] == 1_200


def test_the_listener_in_the_middle_counts() -> None:
    assert typical_ms(320, [], 128_000) is None
    assert typical_ms(320, [0, 0, 1 << 20], 128_000) == 320
    assert typical_ms(320, [16_000, 16_000, 0], 128_000) == 1_000, "it stood still for the rest"
    assert typical_ms(320, [16_000], 0) == 320
