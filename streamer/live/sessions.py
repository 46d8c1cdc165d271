"""Who listens over HLS: sessions, told apart by what players say of themselves, not by what they ask for."""

from collections.abc import Callable
from statistics import median
from typing import Final, Protocol

from streamer.live.audience import Audience
from streamer.wheel import TimerWheel

_MAX_SESSIONS: Final = 100_000
_SWEEP_S: Final = 1.0
#: Who asks for nothing for so long is gone: three target durations of a live show.
_GONE_S: Final = 12.0


class Session:
    """Somebody who listens.

    Attributes:
        listener: what the head of each request says, see `heads.Head`.
        seen: the wheel's tick of the last request.
        delay_ms: how long after it was heard in the room sound is heard here, as far as can be told.
    """

    __slots__ = ("delay_ms", "key", "listener", "room", "seen")

    def __init__(self, key: tuple[str, str, str], listener: str, seen: int) -> None:
        self.key = key
        self.room = key[0]
        self.listener = listener
        self.seen = seen
        self.delay_ms: int | None = None


class Caller(Protocol):
    """A connection on which live media is asked for.

    Attributes:
        session: of the last request, if there was one; for `Sessions` to keep.
    """

    session: Session | None

    @property
    def peer(self) -> str:
        """The address at the other end."""
        ...


class Sessions:
    """Counts those of all rooms. Who asks for nothing for 12 s is gone.

    Bound: 100,000 sessions; whoever comes beyond them is not told apart from others, and not counted.
    """

    def __init__(self, audience: Audience, wheel: TimerWheel, address: Callable[[str, str], str]) -> None:
        """Args: `address(peer, forwarded)` is who is behind a connection, given its X-Forwarded-For."""
        self._audience = audience
        self._wheel = wheel
        self._ttl_ticks = wheel.ticks(_GONE_S)
        self._address = address
        self._sessions: dict[tuple[str, str, str], Session] = {}
        self._ticket = wheel.schedule(_SWEEP_S, self._sweep)

    def seen(self, caller: Caller, room: str, listener: str, delay_ms: int | None) -> None:
        """Somebody has asked for something in a room; `delay_ms` if that tells where they are."""
        session = caller.session
        if session is None or session.listener != listener or session.room != room:
            session = self._meet(caller, room, listener)
            if session is None:
                return
            caller.session = session
        session.seen = self._wheel.tick
        if delay_ms is not None:
            session.delay_ms = delay_ms

    def delay_ms(self, room: str) -> int | None:
        """The median of a room; None where nobody listens."""
        delays = [
            one.delay_ms for one in self._sessions.values() if one.room == room and one.delay_ms is not None
        ]
        return round(median(delays)) if delays else None

    def __len__(self) -> int:
        return len(self._sessions)

    def _meet(self, caller: Caller, room: str, listener: str) -> Session | None:
        if listener.startswith("sid="):
            key = (room, listener, "")
        else:
            forwarded, _, agent = listener.partition("\n")
            key = (room, agent, self._address(caller.peer, forwarded))
        session = self._sessions.get(key)
        if session is None:
            if len(self._sessions) >= _MAX_SESSIONS:
                return None
            session = self._sessions[key] = Session(key, listener, self._wheel.tick)
            self._audience.came(room, "hls")
        session.listener = listener
        return session

    def _sweep(self) -> None:
        since = self._wheel.tick - self._ttl_ticks
        for session in [one for one in self._sessions.values() if one.seen < since]:
            del self._sessions[session.key]
            session.listener = ""  # connections that still know it find another
            self._audience.left(session.room, "hls")
        self._ticket = self._wheel.schedule(_SWEEP_S, self._sweep)
