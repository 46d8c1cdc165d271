"""The one that writes to Redis: what is appended, in order, each turn in one go."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from chat.broker import NotStored, Outcome, Stored, TooFast
from streamer.broker_redis import script
from streamer.broker_redis.drafts import Drafts, Waiting
from streamer.broker_redis.ears import Ears
from streamer.broker_redis.kept import Kept
from streamer.broker_redis.line import ANSWER_TIMEOUT_S, Line, LineBroken, Refusal
from streamer.broker_redis.link import Pause, RedisStats, Strand
from streamer.broker_redis.logs import Logs
from streamer.broker_redis.recovery import BARRIER_S, Recovery
from streamer.broker_redis.script import Command
from streamer.lane import DatabaseFailed

_IDLE_S = 1.0  # without anything to write, the line is tried this often
_REFUSING_S = 0.25  # ... and writing, while Redis refuses it
_EXPIRY_S = 0.25
_WAIT_MS = 1000
_MAX_MAIL = 10_000
_MAX_MAIL_PER_TURN = 1000
UNSURE = (
    "the log did not answer in time; it may turn out to be stored, and saying it again with the same nonce "
    "is safe"
)

log = structlog.get_logger()


class Writer:
    """Takes drafts to Redis and brings back what became of them.

    One turn at a time: whatever has gathered goes out in one write, one script for each room. If the line
    breaks before the answer, the same drafts go out again on the next one, and their nonces keep them from
    being stored twice. Who waits longer than their deadline is told `NotStored`.

    Bounds: those of `Drafts`; `_MAX_MAIL` whispers, beyond which the oldest are let go.
    """

    def __init__(
        self,
        *,
        line: Line,
        drafts: Drafts,
        kept: Kept,
        ears: Ears,
        logs: Logs,
        recovery: Recovery,
        link: Strand,
        stats: RedisStats,
        node: str,
        publish: str,
        pulse: str,
        replicas: int,
        may_send: Callable[[str], bool],
    ) -> None:
        """Args:
        pulse: a key that is written to see whether that is possible.
        replicas: so many must have a message before it is acknowledged.
        may_send: whether what is sent to a channel now would be heard here, if it has to be.
        """
        self._line = line
        self._drafts = drafts
        self._kept = kept
        self._ears = ears
        self._logs = logs
        self._recovery = recovery
        self._link = link
        self._stats = stats
        self._node = node
        self._publish = publish
        self._pulse = pulse
        self._replicas = replicas
        self._may_send = may_send
        self._mail: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._refusing = False
        self._met_one = False

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def send(self, channel: str, data: bytes) -> None:
        """Publish, at most once."""
        if len(self._mail) >= _MAX_MAIL:
            self._mail.popleft()
            self._stats.whispers_dropped_total += 1
        self._mail.append((channel, data))
        self._wake.set()

    async def run(self) -> None:
        """For the life of the process. Cancelling it is safe; what waits stays where it is."""
        pause = Pause()
        try:
            while True:
                try:
                    await self._connect()
                    pause.reset()
                    await self._serve()
                except (LineBroken, DatabaseFailed) as error:
                    self._link.down("writing", str(error))
                    await self._line.close()
                await pause.wait()
        finally:
            for task in self._opening.values():
                task.cancel()
            await self._line.close()

    async def expire(self) -> None:
        """Give up what waits too long; to be run beside `run`."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EXPIRY_S)
            for waiting in self._drafts.overdue(loop.time()):
                if waiting.sent:
                    self._settle(waiting, NotStored(UNSURE), "unsure")
                else:
                    why = self._link.trouble or "the log is slow"
                    self._settle(waiting, NotStored(f"the log can't be reached: {why}"), "unreachable")
                self._ears.release(waiting.draft.room)

    def distrust(self) -> None:
        """The log is not what it was: everything must be put in order before the next number."""
        self._logs.trust("")

    async def _connect(self) -> None:
        line = self._line
        await line.open()
        if line.run == self._logs.run:
            self._link.up("writing")
            return
        # Who meets a Redis that has just begun may not be the only one: others may know what it has lost.
        doubtful = self._met_one or len(self._kept) > 0 or line.uptime_s <= BARRIER_S
        self._logs.trust("")
        await self._recovery.run(line, BARRIER_S if doubtful else 0.0)
        self._met_one = True
        self._logs.trust(line.run)
        self._link.up("writing")

    async def _serve(self) -> None:
        while self._logs.run:
            self._wake.clear()
            batches = self._drafts.take(self._may_append)
            commands = [self._command(room, batch) for room, batch in batches.items()]
            mail = self._take_mail()
            if commands or mail:
                await self._turn(batches, commands, mail)
                continue
            try:
                async with asyncio.timeout(_REFUSING_S if self._refusing else _IDLE_S):
                    await self._wake.wait()
            except TimeoutError:
                await self._probe()
        raise LineBroken("the log went back")

    def _may_append(self, room: str) -> bool:
        return room not in self._opening and self._ears.ready(room)

    def _command(self, room: str, batch: Sequence[Waiting]) -> Command:
        for waiting in batch:
            waiting.sent = True
        keys = self._logs.keys
        return script.append(keys, keys.room(room), self._line.run, self._publish, self._node, batch)

    def _take_mail(self) -> list[Command]:
        mail: list[Command] = []
        while self._mail and len(mail) < _MAX_MAIL_PER_TURN and self._may_send(self._mail[0][0]):
            channel, data = self._mail.popleft()
            mail.append((self._publish, channel, data))
        return mail

    async def _turn(
        self, batches: dict[str, list[Waiting]], commands: list[Command], mail: list[Command]
    ) -> None:
        timeout_s = ANSWER_TIMEOUT_S
        waited: list[Command] = []
        if self._replicas and batches:
            # Written on this line, so that what an earlier one wrote is waited for as well.
            pulse = ("SET", self._pulse, self._node, "PX", 60_000)
            waited = [pulse, ("WAIT", self._replicas, _WAIT_MS)]
            timeout_s += _WAIT_MS / 1000
        answers = await self._line.ask([*commands, *waited, *mail], timeout_s)
        missing = 0
        if waited:
            copies = answers[len(commands) + 1]
            missing = self._replicas - (copies if isinstance(copies, int) else 0)
        for (room, batch), answer in zip(batches.items(), answers, strict=False):
            self._judge(room, batch, answer, missing)

    def _judge(self, room: str, batch: Sequence[Waiting], answer: Any, missing: int) -> None:
        if isinstance(answer, Refusal):
            self._refused(batch, answer)
        elif answer[0] == b"unopened":
            for waiting in batch:
                waiting.sent = False
            self._opening[room] = asyncio.create_task(self._open(room))
        else:
            self._writable()
            epoch = answer[1].decode()
            for waiting, text in zip(batch, answer[2:], strict=True):
                if not waiting.settled:
                    outcome = self._outcome(waiting, epoch, text, missing)
                    self._settle(waiting, outcome, "unsure")
            self._ears.release(room)

    def _outcome(self, waiting: Waiting, epoch: str, text: bytes, missing: int) -> Outcome:
        if text.startswith(b"-"):
            return TooFast(int(text[1:]))
        seq_text, _, id_text = text.partition(b" ")
        stored = Stored(int(seq_text), id_text.decode())
        room = waiting.draft.room
        if stored.id == waiting.draft.id:
            self._kept.add(room, epoch, [waiting.entry(stored.seq)])
        self._ears.appended(room, epoch, stored.seq)
        if missing > 0:
            return NotStored(f"{missing} of {self._replicas} replicas lack it; {UNSURE.partition('; ')[2]}")
        return stored

    def _refused(self, batch: Sequence[Waiting], refusal: Refusal) -> None:
        if not self._refusing:
            log.warning("Redis refuses to store messages", reason=refusal.text)
        self._refusing = True
        self._link.down("storing", refusal.text)
        for waiting in batch:
            self._settle(waiting, NotStored(f"the log refuses it: {refusal.text}"), "refused")

    async def _probe(self) -> None:
        """See whether the line is alive, and whether writing works again."""
        pulse = ("SET", self._pulse, self._node, "PX", 60_000)
        [answer] = await self._line.ask([pulse])
        if not isinstance(answer, Refusal):
            self._writable()

    def _writable(self) -> None:
        self._refusing = False
        self._link.up("storing")

    async def _open(self, room: str) -> None:
        """Have the room numbered again; its drafts wait."""
        try:
            with suppress(LineBroken):  # the drafts are still there, and will be tried again
                await self._logs.open(room, self._logs.ask, self._line.run)
        except DatabaseFailed as error:
            for waiting in self._drafts.of_room(room):
                why = f"the database did not say where the log ends: {error}"
                self._settle(waiting, NotStored(why), "unreachable")
        finally:
            self._opening.pop(room, None)
            self._wake.set()

    def _settle(self, waiting: Waiting, outcome: Outcome, why: str) -> None:
        if isinstance(outcome, NotStored):
            self._stats.not_stored_total[why] += 1
        self._drafts.settle(waiting, outcome)
