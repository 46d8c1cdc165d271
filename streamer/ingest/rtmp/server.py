"""RTMP on a port of its own: who connects, who may, and how many."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from chat.networks import Address, own_network, read_address
from streamer.ingest.rtmp.connection import ENTROPY_BYTES, RtmpConnection
from streamer.ingest.rtmp.negotiation import APP
from streamer.ingest.rtmp.stats import RtmpStats
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import DatabaseFailed
from streamer.live.line import Dismissal, KeyRefused, Stage
from streamer.wheel import TimerWheel

#: How long the stage may take to judge a key.
_ADMIT_S: Final = 10.0
#: From the first byte to a good key.
_INTRODUCTION_S: Final = 15.0
#: From a good key to the first sound.
_SOUND_S: Final = 30.0
#: How long one that was sent away may go on talking, so that it reads why before the line is reset.
_LINGER_S: Final = 2.0
#: For the client to read what it is told.
_WRITE_S: Final = 20.0
_MAX_STRANGERS: Final = 256
_MAX_STRANGERS_PER_NETWORK: Final = 16
_BACKLOG: Final = 128

log = structlog.get_logger()


class RtmpWay:
    """Listens for RTMP, and owns its connections.

    Bounds: 256 connections that have shown no good key, 16 of them from one network; each must within 15 s.
    How many may publish is the stage's to say.

    Args:
        stage: where sources go.
        wheel: the process's, started.
        idle_s: a source that sends nothing for so long is gone, > 0.
        wrong: counts wrong keys, of all ways in.
        tasks: the process's root group.
    """

    def __init__(
        self, stage: Stage, *, wheel: TimerWheel, idle_s: float, wrong: WrongKeys, tasks: asyncio.TaskGroup
    ) -> None:
        self.stage = stage
        self.wheel = wheel
        self.stats = RtmpStats()
        self.idle_s = idle_s
        self.idle_ticks = wheel.ticks(idle_s)
        self.sound_s = min(idle_s, _SOUND_S)
        self.sound_ticks = wheel.ticks(self.sound_s)
        self.introduction_ticks = wheel.ticks(_INTRODUCTION_S)
        self.linger_ticks = wheel.ticks(_LINGER_S)
        self.write_ticks = wheel.ticks(_WRITE_S)
        #: The port it listens on; None while it does not.
        self.port: int | None = None
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._wrong = wrong
        self._connections: set[RtmpConnection] = set()
        self._strangers: Counter[str] = Counter()  # by network
        self._server: asyncio.Server | None = None
        self._deserted = asyncio.Event()
        self._closing = False

    async def listen(self, host: str, port: int) -> str:
        """Accept connections from now on, if the port can be had. Another program's port, or another Veza's,
        is no reason not to serve everything else: whoever was first keeps it.

        Args:
            port: 0 takes a free one; less, and there is no RTMP.

        Returns:
            A line for the operator, empty if there is nothing to say.
        """
        if port < 0:
            return ""
        shown = f"[{host}]" if ":" in host else host
        try:
            self._server = await self._loop.create_server(
                lambda: RtmpConnection(self, os.urandom(ENTROPY_BYTES)), host, port, backlog=_BACKLOG
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            log.warning("rtmp is off", port=port, reason=reason)
            return f"no RTMP: can't listen on {shown}:{port}: {reason}; VEZA_RTMP_PORT names another port"
        self.port = self._server.sockets[0].getsockname()[1]
        return f"RTMP on rtmp://{shown}:{self.port}/{APP}"

    async def close(self) -> None:
        """Listen no more, tell everybody to come back, and wait until they are gone, 2 s at most."""
        self._closing = True
        self.port = None
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.dismissed(Dismissal("stopping", "the server stops; come back in a moment"))
        if self._connections:
            try:
                async with asyncio.timeout(_LINGER_S):
                    await self._deserted.wait()
            except TimeoutError:
                pass
        for connection in list(self._connections):
            connection.abort()

    def address_of(self, transport: asyncio.BaseTransport) -> Address | None:
        """Of who is at the other end. RTMP has no field in which a proxy could say whom it stands for."""
        peer = transport.get_extra_info("peername")
        return read_address(peer[0] if peer else "")

    def enter(self, connection: RtmpConnection) -> str:
        """A connection is there. Returns why it can't stay, if it can't."""
        self._connections.add(connection)
        self._deserted.clear()
        self.stats.connections_open += 1
        network = connection.network = str(own_network(connection.address) or "")
        self._strangers[network] += 1
        if self._closing:
            return "the server stops; come back in a moment"
        if self._strangers.total() > _MAX_STRANGERS:
            return f"{_MAX_STRANGERS} connections wait to be let in; try again in a moment"
        if network and self._strangers[network] > _MAX_STRANGERS_PER_NETWORK:
            return f"{_MAX_STRANGERS_PER_NETWORK} connections of {network} wait to be let in"
        return ""

    def know(self, connection: RtmpConnection) -> None:
        """It is no stranger any more. To be called once for each, at the latest when it is gone."""
        self._strangers[connection.network] -= 1
        if not self._strangers[connection.network]:
            del self._strangers[connection.network]

    def leave(self, connection: RtmpConnection, how: str) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        self.stats.connections_open -= 1
        self.stats.ended_total[how] += 1
        if not self._connections:
            self._deserted.set()

    def retry_s(self, connection: RtmpConnection) -> int:
        """How long somebody whose keys were wrong has to wait; 0 for who need not."""
        return self._wrong.retry_s(connection.address, self._loop.time())

    def judge(self, connection: RtmpConnection, key: str) -> None:
        """Have a key judged, and tell the connection."""
        self._tasks.create_task(self._judge(connection, key), name="rtmp key")

    async def _judge(self, connection: RtmpConnection, key: str) -> None:
        refuse: Callable[[str, str, str], None] = connection.refuse
        try:
            async with asyncio.timeout(_ADMIT_S):
                admission = await self.stage.admit_key(key)
        except KeyRefused:
            self._wrong.count(connection.address, self._loop.time())
            log.info("source refused", way="rtmp", network=connection.network, why="not a stream key")
            refuse("bad_key", "BadName", "that is no stream key; `veza key ROOM` makes one")
        except (DatabaseFailed, TimeoutError) as error:
            reason = str(error) or "no answer"
            refuse("failed", "Denied", f"the key can't be looked up right now: {reason}")
        except Exception:  # our mistake, in one source: the others go on
            log.exception("a source could not be let in", way="rtmp")
            refuse("failed", "Denied", "the server made a mistake; its log has the details")
        else:
            connection.admit(admission)
