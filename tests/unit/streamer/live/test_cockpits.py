"""What hosts are told of their shows without asking."""

from streamer.live.cockpits import Cockpits
from tests.support.live import on_air


def test_the_same_is_said_once_a_minute() -> None:
    now_s, told = 0.0, []
    cockpits = Cockpits(lambda: now_s, lambda *said: told.append(said))
    cockpits.warn("lobby", "contested", "nothing is on")
    cockpits.started(on_air())
    for now_s in (5.0, 10.0, 64.0, 65.0, 70.0):
        cockpits.warn("lobby", "contested", f"two programs, at {now_s}")
    assert told == [
        ("lobby", "live-contested", "two programs, at 5.0"),
        ("lobby", "live-contested", "two programs, at 65.0"),
    ]
    cockpits.ended(on_air())
    cockpits.started(on_air())
    cockpits.warn("lobby", "contested", "in another show")
    assert len(told) == 3


def test_why_a_recording_ended_is_said() -> None:
    told: list[tuple[str, str, str]] = []
    cockpits = Cockpits(lambda: 0.0, lambda *said: told.append(said))
    cockpits.started(on_air())
    cockpits.set("lobby", "recording", up=True, why="No space left on device")
    assert cockpits.alerts("lobby") == ("recording",)
    words = "the recording has ended, the show has not: No space left on device"
    assert told == [("lobby", "live-recording", words)]
    cockpits.interrupted(on_air(), interrupted=True)
    cockpits.set("lobby", "recording", up=True)
    assert [code for _, code, _ in told] == ["live-recording", "live-away"]
