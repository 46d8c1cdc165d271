"""Several nodes, one show: each tells what is on at it, and has what is on elsewhere heard here too."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from chat.broker import Broker
from hls.live import OnAir
from streamer.live.audience import Audience, WayOut
from streamer.live.beats import Beat, Neighbours, Order, Post, counted, decode_word, encode_word
from streamer.live.far import FarShow, WaysOut
from streamer.live.line import Admission, StageFull
from streamer.live.relay import Relay
from streamer.live.show import Show
from streamer.live.show_encoding import Past
from streamer.live.takeovers import Takeovers
from streamer.live.view import Cockpit

_TOPIC: Final = "shows"
_EVERY_S: Final = 1.0
_PATIENCE_S: Final = 3.0  # then a node is silent: its shows are interrupted
_MAX_TAKEOVERS: Final = 5  # as on one node, see `show_state.Rules`
_TAKEOVERS_S: Final = 60.0
_MAX_DONE: Final = 256
_HANDED_S: Final = 15.0  # it takes an encoder a second to begin

log = structlog.get_logger()

Take = Callable[[Sequence[tuple[int, bytes]]], Awaitable[None]]
Read = Callable[[str, str, Take], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Here:
    """What there is at this node.

    Attributes:
        shows: that are on, by room.
        cockpit: what the host of a show is to know.
        grace_s: a show whose node is silent for longer is over.
        clock: seconds, monotonic.
        now_us: microseconds since the Unix epoch.
    """

    node: str
    shows: Callable[[], dict[str, Show]]
    cockpit: Callable[[Show], Cockpit]
    audience: Audience
    relay: Relay
    ways: WaysOut
    grace_s: float
    clock: Callable[[], float]
    now_us: Callable[[], int]


class Nodes:
    """Carries beats over the broker, and follows every show of other nodes.

    Bounds: one connection to Redis, and what its outlets hold, for each show that is on anywhere; a beat is
    a second apart, and a kilobyte or two for each show of a node.
    """

    def __init__(self, here: Here, broker: Broker, read: Read, tasks: asyncio.TaskGroup) -> None:
        """Args: `read` takes what is relayed of a show, until it is cancelled."""
        self._here = here
        self._broker = broker
        self._read = read
        self._tasks = tasks
        self._clock = here.clock
        self._neighbours = Neighbours(here.node)
        self._far: dict[str, FarShow] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._done: deque[str] = deque(maxlen=_MAX_DONE)  # runs of which nothing comes, whatever is told late
        self._handed: dict[str, tuple[OnAir, float]] = {}  # what shall go on, and since when
        self._takeovers = Takeovers(_MAX_TAKEOVERS, _TAKEOVERS_S)
        self._closed = False
        here.relay.changed = self.tell
        broker.listen(_TOPIC, self._hear)

    @property
    def facts(self) -> tuple[Callable[[], int], Callable[[], int], Callable[[], int]]:
        """For `counters.node_gauges`."""
        return lambda: len(self._neighbours), lambda: len(self._far), lambda: self._here.relay.sent_bytes

    # --- to who looks at shows

    def far(self, room: str) -> FarShow | None:
        """The show of another node that is on in a room, as far as it is known here."""
        show = self._far.get(room)
        return None if show is None or show.on_air is None or show.over else show

    def rooms(self) -> list[str]:
        """Rooms with a show of another node."""
        return [room for room in self._far if self.far(room) is not None]

    def counts(self, room: str) -> Counter[WayOut]:
        """Who listens in a room on other nodes."""
        return self._neighbours.counts(room)

    def take(self, admission: Admission) -> Past | None:
        """Have a room's show go on here with a source that came; None where none is on.

        Raises:
            StageFull: a source with another key is heard at its node.
            Contested: programs at several nodes take over from each other.
        """
        far, now_s = self.far(admission.room), self._clock()
        if far is None or far.on_air is None:
            return None
        heard = not far.interrupted and far.post.heard
        if heard and admission.key_id not in far.post.keys:
            raise StageFull(f"{admission.room} is live on another node, with another stream key")
        if heard:
            self._takeovers.count(admission.key_id, now_s)
        log.info("a show goes on here", room=admission.room, show=far.post.show, heard=heard)
        self._order(Order("yield", admission.room, far.post.run))
        self._done.append(far.post.run)
        self._leave(far)
        self._handed[admission.room] = far.on_air, now_s
        # One segment is left out: parts of it may be on their way still.
        segments = -(-far.parts // far.on_air.grid.parts_per_segment) + 1
        titles = far.title.number if far.title is not None else 0
        return Past(far.on_air.began_at_us, segments, 0, titles, after=far.post.show)

    def end(self, room: str) -> None:
        """Have the node of a show end it."""
        show = self._far.get(room)
        if show is not None:
            self._order(Order("end", room, show.post.run))

    def announce(
        self, room: str, key_id: str, artist: str | None, title: str | None, text: str | None
    ) -> bool:
        """A title for the source with a key, at the node of the room's show. False if that is none."""
        show = self.far(room)
        if show is None or key_id not in show.post.keys:
            return False
        self._order(Order("title", room, show.post.run, key_id, artist, title, text))
        return True

    # --- life

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(_EVERY_S)

    def tick(self) -> None:
        """A second has gone by."""
        now_s = self._clock()
        self._neighbours.forget(now_s)
        for show in list(self._far.values()):
            self._look(show, now_s)
        for room in list(self._handed):
            self._look_after(room, now_s)
        self.tell()

    def tell(self) -> None:
        """Say what is on here, and who listens."""
        shows = self._here.shows()
        posts = tuple(post for show in shows.values() if (post := self._post(show)) is not None)
        rooms = {*shows, *self._far}
        counts = counted(rooms, {room: self._here.audience.of(room) for room in rooms})
        self._broker.tell(_TOPIC, encode_word(Beat(self._here.node, posts, counts, self._closed)))

    def close(self) -> None:
        """Say goodbye, and follow nobody any more. Idempotent."""
        self._closed = True
        self.tell()
        for task in self._following.values():
            task.cancel()
        self._here.relay.close()

    # --- inside

    def _post(self, show: Show) -> Post | None:
        relayed = self._here.relay.run_of(show.room, show.id)
        if relayed is None:
            return None
        run, since_us = relayed
        admissions = [source.admission for source in show.sources.values()]
        return Post(
            room=show.room,
            show=show.id,
            run=run,
            since_us=since_us,
            heard=show.heard is not None,
            keys=tuple(one.key_id for one in admissions),
            persons=tuple({show.admission.person, *(one.person for one in admissions)}),
            cockpit=msgspec.msgpack.encode(self._here.cockpit(show)),
            after=show.after,
        )

    def _hear(self, payload: bytes) -> None:
        word = decode_word(payload)
        if isinstance(word, Order):
            self._obey(word)
        elif word is not None and self._neighbours.hear(word, self._clock()) and not self._closed:
            for post in word.posts:
                self._meet(post)
        elif word is not None and word.gone:
            for show in self._far.values():
                if show.post.node == word.node:
                    show.heard_at = min(show.heard_at, self._clock() - _PATIENCE_S)
                    show.turn(silent=True)

    def _meet(self, post: Post) -> None:
        known, here, now_s = self._far.get(post.room), self._here.shows().get(post.room), self._clock()
        if here is not None:
            if post.after == here.id:
                self._hand_over(here)
            return  # else which of the two is on is decided in the database
        if known is not None and known.post.run == post.run:
            known.post, known.heard_at = post, now_s
        elif post.run not in self._done and (known is None or _succeeds(post, known.post)):
            self._follow(FarShow(post, self._here.ways, now_s, self._here.now_us))

    def _follow(self, show: FarShow) -> None:
        room, run = show.post.room, show.post.run
        before = self._following.pop(room, None)
        if before is not None:
            before.cancel()
        log.info("a show of another node", room=room, show=show.post.show, run=run)
        self._far[room] = show
        work = self._read(room, run, lambda entries: self._take(show, entries))
        self._following[room] = self._tasks.create_task(work, name=f"follow {room}")

    async def _take(self, show: FarShow, entries: Sequence[tuple[int, bytes]]) -> None:
        if entries:
            show.heard_at = self._clock()
        try:
            for _ in show.take(entries):
                await asyncio.sleep(0)
        except Exception as error:  # our mistake, in one show: the others go on
            context = {"message": f"what is relayed of {show.post.room} failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        if show.over:
            self._done.append(show.post.run)
            self._leave(show)

    def _look(self, show: FarShow, now_s: float) -> None:
        silent_s = now_s - show.heard_at
        if silent_s > self._here.grace_s:
            log.warning("the node of a show is silent", room=show.post.room, silent_s=round(silent_s))
            show.end()
            self._leave(show)
        else:
            show.turn(silent=silent_s > _PATIENCE_S)

    def _leave(self, show: FarShow) -> None:
        if self._far.get(show.post.room) is show:
            del self._far[show.post.room]
            self._following.pop(show.post.room).cancel()

    def _hand_over(self, show: Show) -> None:
        if show.on_air is not None:
            self._handed[show.room] = show.on_air, self._clock()
        show.hand_over()

    def _look_after(self, room: str, now_s: float) -> None:
        """Who listens waits for a show that has been handed over; it may never go on."""
        on_air, since_s = self._handed[room]
        here = self._here.shows().get(room)
        if (here is not None and here.on_air is not None) or self.far(room) is not None:
            del self._handed[room]
        elif now_s - since_s > _HANDED_S:
            del self._handed[room]
            self._here.ways.end(on_air)

    def _order(self, order: Order) -> None:
        self._broker.tell(_TOPIC, encode_word(order))

    def _obey(self, order: Order) -> None:
        show = self._here.shows().get(order.room)
        relayed = None if show is None else self._here.relay.run_of(show.room, show.id)
        if show is None or relayed is None or relayed[0] != order.run:
            return
        match order.what:
            case "end":
                show.end()
            case "yield":
                self._hand_over(show)
            case "title":
                for source in show.sources.values():
                    if source.admission.key_id == order.key_id:
                        source.title(order.artist, order.title, order.text)


def _succeeds(post: Post, known: Post) -> bool:
    """Whether another run of a room's show is the later one; clocks of nodes are only nearly the same."""
    if post.after == known.show or post.show == known.after:
        return post.after == known.show
    return known.since_us < post.since_us
