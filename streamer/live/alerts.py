"""What is wrong with a show's sound, for whoever is responsible for it: the rules alone.

An alert is raised when something lasts, and lowered when it has been well for a while, so that what comes and
goes is said once.
"""

from typing import Literal

from msgspec import Struct

from hls.live import Metered

Fault = Literal["silence", "clipping", "mono", "drift", "late", "away", "recording"]

WORDS: dict[Fault, str] = {
    "silence": "nothing has been heard for 10 s",
    "clipping": "the sound clips: turn it down",
    "mono": "both channels have been the same for 10 s",
    "drift": "the source's clock is off by more than 200 ppm",
    "late": "the server is late: it has too much to do",
    "away": "the source is away; the show goes on with silence",
    "recording": "the recording has ended, the show has not",
}
_SILENT_MS = 10_000
_MAX_DRIFT_PPM = 200.0
_MAX_LATE_MS = 160.0
_LASTS_S: dict[Fault, float] = {"mono": 10.0, "drift": 10.0, "late": 3.0}
_CLIPS = 5
_CLIP_WINDOW_S = 3.0
_WELL_S = 5.0


class Raised(Struct, frozen=True):
    """It is so from now on; `up` False: not any more."""

    fault: Fault
    up: bool


class Alerts:
    """The faults of one show. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._since: dict[Fault, float] = {}  # it has been so, raised or not
        self._well: dict[Fault, float] = {}  # raised, and not so since
        self._up: dict[Fault, None] = {}
        self._clips: list[tuple[float, int]] = []

    @property
    def up(self) -> tuple[Fault, ...]:
        """What is wrong, in the order in which it went wrong."""
        return tuple(self._up)

    def feed(self, levels: Metered, now_s: float) -> list[Raised]:
        """Judge a measurement."""
        self._clips.append((now_s, levels.clipped))
        self._clips = [clip for clip in self._clips if now_s - clip[0] < _CLIP_WINDOW_S]
        silent = levels.silent_ms > 0
        found: dict[Fault, bool] = {
            "silence": levels.silent_ms >= _SILENT_MS,
            "clipping": sum(runs for _, runs in self._clips) >= _CLIPS,
            "mono": levels.mono and not silent,
            "drift": abs(levels.drift_ppm) > _MAX_DRIFT_PPM,
            "late": levels.late_ms > _MAX_LATE_MS,
        }
        raised = []
        for fault, so in found.items():
            raised += self._note(fault, so=so, now_s=now_s)
        return raised

    def set(self, fault: Fault, *, up: bool) -> list[Raised]:
        """Somebody else knows whether it is so."""
        if up is (fault in self._up):
            return []
        if up:
            self._up[fault] = None
        else:
            del self._up[fault]
        return [Raised(fault, up)]

    def _note(self, fault: Fault, *, so: bool, now_s: float) -> list[Raised]:
        if not so:
            self._since.pop(fault, None)
            if fault not in self._up or now_s - self._well.setdefault(fault, now_s) < _WELL_S:
                return []
            del self._well[fault]
            return self.set(fault, up=False)
        self._well.pop(fault, None)
        since_s = self._since.setdefault(fault, now_s)
        return self.set(fault, up=True) if now_s - since_s >= _LASTS_S.get(fault, 0.0) else []
