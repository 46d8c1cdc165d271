"""What hosts are told of their shows without asking: alerts, to the moderators of the room."""

from collections.abc import Callable

from hls.live import Metered, OnAir
from streamer.live.alerts import WORDS, Alerts, Fault, Raised
from streamer.live.outlet import Deaf

_AGAIN_S = 60.0
"""The same is not said more often than this."""


class Cockpits(Deaf):
    """An outlet. Bound: one `Alerts` for each show."""

    def __init__(self, clock: Callable[[], float], tell: Callable[[str, str, str], None]) -> None:
        """Args: `tell(room, code, text)` sends a notice to the moderators of a room."""
        self._clock = clock
        self._tell = tell
        self._alerts: dict[str, Alerts] = {}
        self._told: dict[tuple[str, str], float] = {}

    def alerts(self, room: str) -> tuple[Fault, ...]:
        """What is wrong in a room."""
        here = self._alerts.get(room)
        return () if here is None else here.up

    def set(self, room: str, fault: Fault, *, up: bool, why: str = "") -> None:
        """Somebody else knows whether something is wrong, and maybe why."""
        if (here := self._alerts.get(room)) is not None:
            self._say(room, here.set(fault, up=up), why)

    def warn(self, room: str, code: str, text: str) -> None:
        """Something happened that is no state of the sound."""
        now_s = self._clock()
        if room in self._alerts and now_s - self._told.get((room, code), -_AGAIN_S) >= _AGAIN_S:
            self._told[room, code] = now_s
            self._tell(room, f"live-{code}", text)

    def started(self, show: OnAir) -> None:
        self._alerts[show.room] = Alerts()

    def metered(self, show: OnAir, levels: Metered) -> None:
        if (here := self._alerts.get(show.room)) is not None:
            self._say(show.room, here.feed(levels, self._clock()))

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        self.set(show.room, "away", up=interrupted)

    def ended(self, show: OnAir) -> None:
        self._alerts.pop(show.room, None)
        for told in [told for told in self._told if told[0] == show.room]:
            del self._told[told]

    def handed_over(self, show: OnAir) -> None:
        self.ended(show)

    def _say(self, room: str, raised: list[Raised], why: str = "") -> None:
        for one in raised:
            if one.up:
                self.warn(room, one.fault, WORDS[one.fault] + (f": {why}" if why else ""))
