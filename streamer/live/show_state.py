"""Which of a room's sources is heard, and whether its show is live, interrupted or over: the rules alone.

Moments are seconds of any clock that does not jump. Every call returns what is to be done, in order.

1. Of the sources that sound, the one with the highest priority is heard; among equals the first.
2. A source with the key of another takes its place at once; the other is dismissed. From one that sounds
   this is done `max_takeovers` times in `takeovers_s` and no more: then the newcomer is turned away.
3. Nobody heard for `patience_s`: the show is interrupted and goes on with silence. For `grace_s`: it is over.
   Whether the source has left or sends nothing makes no difference to that.
4. A source that sends nothing is dismissed after `grace_s`; one that never did, after `opening_s`.
5. A show begins with the first sound. Before that it leaves no trace.
"""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from streamer.live.takeovers import Takeovers

Code = Literal["taken-over", "revoked", "ended", "stopping", "stalled"]


class State(StrEnum):
    """Of a show. The names are the API's; nobody sees `opening`."""

    OPENING = "opening"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


class Rules(Struct, frozen=True):
    """How patient a show is.

    Attributes:
        grace_s: how long it waits for sound before it is over, > 0.
        patience_s: how long it takes a pause in what comes for the network's, < `grace_s`.
        opening_s: how long a source may be without any sound.
        max_sources: connected at once, >= 1.
        max_takeovers: of one key from a source that sounds, within `takeovers_s`, >= 1.
    """

    grace_s: float = 120.0
    patience_s: float = 3.0
    opening_s: float = 30.0
    max_sources: int = 4
    max_takeovers: int = 5
    takeovers_s: float = 60.0


class Hear(Struct, frozen=True):
    """From now on this source is heard; None: nobody."""

    source: int | None


class Dismiss(Struct, frozen=True):
    """Let go of this source. The machine knows it no more."""

    source: int
    code: Code
    reason: str


class Turned(Struct, frozen=True):
    """The show's state is another; `before` is what it was."""

    state: State
    before: State


Effect = Hear | Dismiss | Turned


class Crowded(Exception):
    """As many sources are connected as may be; the message has the number."""


class _Source(Struct):
    """A source that is connected; `sounded_at` is None until it has sounded."""

    number: int
    key_id: str
    priority: int
    came_at: float
    sounded_at: float | None = None


class ShowState:
    """One show, from its first source to its end."""

    def __init__(self, rules: Rules, *, resumed_at: float | None = None) -> None:
        """Args: `resumed_at`: the show was live before, and waits for its sources from this moment on."""
        self.state = State.OPENING if resumed_at is None else State.INTERRUPTED
        self.heard: int | None = None
        self._rules = rules
        self._sources: dict[int, _Source] = {}
        self._sounded_at = resumed_at  # when somebody was heard last
        self._takeovers = Takeovers(rules.max_takeovers, rules.takeovers_s)

    @property
    def sources(self) -> tuple[int, ...]:
        """Who is connected, in the order of coming."""
        return tuple(self._sources)

    def connect(self, number: int, key_id: str, priority: int, now: float) -> list[Effect]:
        """A source is there.

        Args:
            number: what it is called here; larger than all before.

        Raises:
            Crowded: too many are; nothing has changed.
            Contested: the key goes to and fro between two programs; nothing has changed.
        """
        assert self.state is not State.ENDED and all(number > other for other in self._sources)
        old = next((one for one in self._sources.values() if one.key_id == key_id), None)
        if old is None and len(self._sources) >= self._rules.max_sources:
            most = self._rules.max_sources
            raise Crowded(f"{len(self._sources)} sources are connected to the room, and may be {most}")
        if old is not None and self._sounds(old, now):
            self._takeovers.count(key_id, now)
        new = self._sources[number] = _Source(number, key_id, priority, now)
        effects: list[Effect] = []
        if old is not None:
            effects.append(self._dismiss(old, "taken-over", "another source came with the same key"))
            # As if it had sounded when the other did: nobody else is heard until it does.
            new.sounded_at = old.sounded_at
        return effects + self._settle(now)

    def sounded(self, number: int, now: float) -> list[Effect]:
        """Sound came from a source; one that is not known is not listened to."""
        source = self._sources.get(number)
        if source is None:
            return []
        source.sounded_at = now
        return self._settle(now)

    def left(self, number: int, now: float) -> list[Effect]:
        """A source is gone, by itself or because its sound can't be decoded."""
        if self._sources.pop(number, None) is None:
            return []
        return self._settle(now)

    def revoke(self, key_id: str, now: float) -> list[Effect]:
        """A key is good for nothing any more."""
        found = [one for one in self._sources.values() if one.key_id == key_id]
        effects: list[Effect] = [self._dismiss(one, "revoked", "the stream key was revoked") for one in found]
        return effects + self._settle(now)

    def end(self, reason: str = "the host ended the show") -> list[Effect]:
        """It is over at once. Idempotent."""
        return self._end("ended", reason)

    def stop(
        self, code: Code = "stopping", reason: str = "the server stops; come back in a moment"
    ) -> list[Effect]:
        """Sources go, and the show stays what it is: it goes on later, or elsewhere."""
        gone: list[Effect] = [self._dismiss(one, code, reason) for one in list(self._sources.values())]
        self.heard = None
        return gone

    def tick(self, now: float) -> list[Effect]:
        """Time has gone by. To be called more often than `patience_s`."""
        effects: list[Effect] = []
        for source in list(self._sources.values()):
            if source.sounded_at is None:
                silent_s, most_s = now - source.came_at, self._rules.opening_s
            else:
                silent_s, most_s = now - source.sounded_at, self._rules.grace_s
            if silent_s >= most_s:
                reason = f"no sound came for {silent_s:.0f} s, and may be away for {most_s:.0f} s"
                effects.append(self._dismiss(source, "stalled", reason))
        return effects + self._settle(now)

    def _settle(self, now: float) -> list[Effect]:
        """Who is heard, and what state that makes."""
        if self.state is State.ENDED:
            return []
        effects: list[Effect] = []
        best = max(
            (one for one in self._sources.values() if self._sounds(one, now)),
            key=lambda one: (one.priority, -one.number),
            default=None,
        )
        # One that only pauses goes on where it was: nobody else wants its place.
        heard = best.number if best is not None else self.heard if self.heard in self._sources else None
        if heard != self.heard:
            self.heard = heard
            effects.append(Hear(heard))
        if best is not None:
            assert best.sounded_at is not None
            self._sounded_at = max(best.sounded_at, self._sounded_at or best.sounded_at)
            return effects + self._turn(State.LIVE)
        if self._sounded_at is None:
            return effects + ([] if self._sources else self._end("ended", "no sound ever came"))
        away_s = now - self._sounded_at
        if away_s >= self._rules.grace_s:
            return effects + self._end("stalled", f"no sound came for {away_s:.0f} s")
        return effects + (self._turn(State.INTERRUPTED) if away_s >= self._rules.patience_s else [])

    def _sounds(self, source: _Source, now: float) -> bool:
        return source.sounded_at is not None and now - source.sounded_at < self._rules.patience_s

    def _turn(self, state: State) -> list[Effect]:
        if state is self.state:
            return []
        before, self.state = self.state, state
        return [Turned(state, before)]

    def _end(self, code: Code, reason: str) -> list[Effect]:
        if self.state is State.ENDED:
            return []
        gone: list[Effect] = [self._dismiss(one, code, reason) for one in list(self._sources.values())]
        self.heard = None
        return gone + self._turn(State.ENDED)

    def _dismiss(self, source: _Source, code: Code, reason: str) -> Dismiss:
        del self._sources[source.number]
        return Dismiss(source.number, code, reason)
