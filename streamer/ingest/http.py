"""Sources over HTTP, on the front door's port: Icecast's PUT and SOURCE, and a body of any length."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from chat.networks import Address
from streamer.auth import same_origin
from streamer.ingest.answer import Later, Missing
from streamer.ingest.http_source import HttpSource
from streamer.ingest.request import SourceRequest, read_request
from streamer.ingest.stats import WayStats
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import DatabaseFailed
from streamer.live.line import Dismissal, KeyRefused, Stage, StageFull
from streamer.refusal import Refused
from streamer.wheel import TimerWheel

#: How long the stage may take to judge a key.
_ADMIT_S: Final = 10.0
#: How long a source that was sent away may go on talking, so that it reads why before the line is reset.
_LINGER_S: Final = 2.0
_MAX_WAITING: Final = 256

log = structlog.get_logger()


class HttpWay:
    """Takes over connections of the front door that bring a source.

    Bounds: 256 sources wait for their key to be judged; how many may be connected is the stage's to say.

    Args:
        stage: where sources go.
        origins: sites besides our own whose pages may be sources, lower case; "*" for all.
        address_of: who is at the other end of a transport whose first bytes are a head.
        idle_s: a source that sends nothing for so long is gone, > 0.
        wrong: counts wrong keys, of all ways in.
        tasks: the process's root group.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        origins: frozenset[str],
        address_of: Callable[[asyncio.BaseTransport, bytes], Address | None],
        wheel: TimerWheel,
        idle_s: float,
        wrong: WrongKeys,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self.stage = stage
        self.stats = WayStats()
        self.wheel = wheel
        self.idle_ticks = wheel.ticks(idle_s)
        self.linger_ticks = wheel.ticks(_LINGER_S)
        self._origins = origins
        self._address_of = address_of
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._wrong = wrong
        self._sources: set[HttpSource] = set()
        self._waiting = 0
        self._closing = False

    def accept(self, transport: asyncio.Transport, received: bytes) -> asyncio.Protocol:
        """Take over a transport whose request head, and maybe more, is `received`."""
        end = received.find(b"\r\n\r\n") + 4
        source = HttpSource(self, transport, self._address_of(transport, received[:end]))
        try:
            request = read_request(received[:end])
            self._judge(request, source.address)
        except Refused as refused:
            source.refuse(refused)
            return source
        source.wait(request, received[end:])
        self._sources.add(source)
        self._waiting += 1
        self._tasks.create_task(self._admit(source, request), name="source")
        return source

    def close(self) -> None:
        """Send all sources away, and let no more in. Idempotent."""
        self._closing = True
        for source in list(self._sources):
            source.dismissed(Dismissal("stopping", "the server stops; come back in a moment"))

    def forget(self, source: HttpSource) -> None:
        """Its connection has ended, or is about to."""
        self._sources.discard(source)

    def _judge(self, request: SourceRequest, address: Address | None) -> None:
        """What can be said before the key is looked at. Raises Refused."""
        if self._closing:
            raise Later(503, "the server stops; come back in a moment", 1)
        origin = request.origin.lower()
        if origin and not self._origins & {origin, "*"} and not same_origin(origin, request.host):
            raise Refused(403, f"pages of {request.origin[:200]} may not be sources here")
        if not request.key:
            raise Missing("a source needs the room's key, as the password of Basic or as a Bearer token")
        if retry_s := self._wrong.retry_s(address, self._loop.time()):
            raise Later(429, f"too many wrong keys; try again in {retry_s} s", retry_s)
        if self._waiting >= _MAX_WAITING:
            raise Later(503, f"{self._waiting} sources wait to be let in; try again in a moment", 5)

    async def _admit(self, source: HttpSource, request: SourceRequest) -> None:
        """Bring a source to the stage; cancelling it leaves the source waiting."""
        try:
            async with asyncio.timeout(_ADMIT_S):
                admission = await self.stage.admit(request.room, request.key)
            source.enter(admission)
        except KeyRefused as error:
            self._wrong.count(source.address, self._loop.time())
            log.info("source refused", room=request.room, address=str(source.address), why=str(error))
            source.refuse(Missing(str(error)))
        except StageFull as error:
            source.refuse(Later(503, str(error), 5))
        except (DatabaseFailed, TimeoutError) as error:
            source.refuse(Later(503, f"the key can't be looked up right now: {str(error) or 'no answer'}", 5))
        except Exception:  # our mistake, in one source: the others go on
            log.exception("a source could not be let in", room=request.room)
            source.refuse(Refused(500, "the server made a mistake; its log has the details"))
        finally:
            self._waiting -= 1
