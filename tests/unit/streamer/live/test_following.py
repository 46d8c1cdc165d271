"""A shelf that follows that of another node gives the same bytes, and waits for what is listed there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from hls.live import ChunkCut, OnAir
from streamer.live.beats import Post
from streamer.live.far import FarShow, WaysOut
from streamer.live.outlet import Deaf, Title
from streamer.live.relayed import Bill, Joint, Message, Over, Packer, Renewed, Titled, Turned
from streamer.live.shelf import LiveShelf
from streamer.resource import Denial, Resource
from streamer.waiting import Waiting
from tests.support.clock import Clock, started
from tests.support.live import AAC, LOW, MP3, STARTS_AT_US, Listener, chunk, head_of, live_shelf, on_air, part

BASE = "/hls/live/lobby/"
FIRST = STARTS_AT_US // 3_840_000
POST = Post("lobby", "show1", "a-1", 1, True, (), (), b"")
PATHS = ("index.m3u8", "aac128.m3u8", "aac64.m3u8")


def get(shelf: LiveShelf, path: str) -> Resource | Denial | Waiting:
    found = shelf.find(head_of(BASE + path), Listener())
    assert isinstance(found, Resource | Denial | Waiting)
    return found


def given(found: object) -> Resource:
    assert isinstance(found, Resource), found
    return found


class Ear(Deaf):
    """Notes what an outlet is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.chunks: list[ChunkCut] = []

    def started(self, show: OnAir) -> None:
        self.told.append("started")

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        self.chunks.append(chunk)

    def renewed(self, show: OnAir) -> None:
        self.told.append("renewed")

    def titled(self, show: OnAir, title: Title) -> None:
        self.told.append(title.text)

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        self.told.append("away" if interrupted else "back")

    def ended(self, show: OnAir) -> None:
        self.told.append("ended")


@dataclass
class Pair:
    """The shelf of a show's node, what is relayed of it, and another node."""

    clock: Clock
    shelf: LiveShelf
    far: FarShow
    there: LiveShelf
    ear: Ear
    show: OnAir = field(default_factory=on_air)
    packer: Packer = field(default_factory=Packer)
    entries: list[tuple[int, bytes]] = field(default_factory=list)
    parts: int = 0
    title: Title | None = None

    def say(self, *messages: Message) -> None:
        self.entries.append((len(self.entries) + 1, self.packer.pack(messages)))

    def join(self) -> None:
        places = self.shelf.places("lobby")
        assert places is not None
        titles = () if self.title is None else (self.title,)
        self.say(Joint(self.show, Bill("Show", "u1", "Ann"), places, titles, False, 5))

    def begin(self) -> None:
        self.shelf.started(self.show)
        self.join()

    def go_on(self, parts: int = 1) -> None:
        for _ in range(parts):
            for rendition in (AAC, LOW):
                cut = part(self.parts, rendition)
                self.shelf.part(self.show, cut)
                self.say(chunk(3 * self.parts, rendition), cut)
            self.say(ChunkCut(MP3.name, self.parts * 15_360, chunk(self.parts, MP3).units))
            self.parts += 1
            if self.parts % 12 == 0:
                self.join()

    def renew(self) -> None:
        self.show = on_air(starts_at_us=STARTS_AT_US + 1_000_000_000)
        self.shelf.renewed(self.show)
        self.say(Renewed(self.show))
        self.parts = -(-self.parts // 12) * 12  # another encoder begins another segment

    def entitle(self, text: str) -> None:
        self.title = Title(1, self.show.time_us(self.parts * 15_360), text)
        self.shelf.titled(self.show, self.title)
        self.say(Titled(self.title))

    def take(self) -> None:
        last = self.far._last
        self.receive([entry for entry in self.entries if entry[0] > last])

    def receive(self, entries: Sequence[tuple[int, bytes]]) -> None:
        for _ in self.far.take(entries):
            pass

    def same(self) -> None:
        for path in PATHS:
            assert given(get(self.shelf, path)) == given(get(self.there, path)), path


def pair() -> Pair:
    clock, wheel = started()
    there, ear = live_shelf(wheel), Ear()
    far = FarShow(POST, WaysOut(there, (ear,)), 0.0, lambda: 7)
    made = Pair(clock, live_shelf(wheel), far, there, ear)
    made.begin()
    return made


def test_who_follows_from_the_beginning_lists_the_same() -> None:
    two = pair()
    for number in range(34):
        two.go_on()
        if number == 3:
            two.entitle("a song")
        if number == 17:
            two.renew()
            continue
        two.take()
        two.same()
    assert two.ear.told == ["started", "a song", "renewed"]
    assert len(two.ear.chunks) == 3 * 33  # what came in one go with sound of much later is not for them
    assert two.far.on_air == two.show and two.far.title == two.title
    assert two.far.parts == 40


@pytest.mark.parametrize("renewed_at", [5, 30, 300])
def test_who_comes_late_lists_the_same(renewed_at: int) -> None:
    two = pair()
    for number in range(400):
        two.go_on()
        if number == renewed_at:
            two.renew()
        if number == 250:
            two.entitle("a song")
    # What Redis has still: whole segments, more than are listed.
    joints = [place for place in range(len(two.entries)) if b"Joint" in two.entries[place][1]]
    begin = joints[-22]
    turns = sum(1 for _ in two.far.take(two.entries[begin:]))
    assert turns > 5
    two.same()
    two.go_on(20)
    two.take()
    two.same()
    for path in (f"aac128/{FIRST + 33}.m4s", f"aac64/{FIRST + 34}.2.m4s"):
        assert given(get(two.shelf, path)) == given(get(two.there, path))
    assert two.far.bill.name == "Show"
    assert two.far.since_us == 5
    # Older sound than two seconds is not for who hears chunks.
    late = 20 * 3
    assert late <= len(two.ear.chunks) < late + 3 * 8


def test_where_something_is_missing_it_goes_on_with_the_next_segment() -> None:
    two = pair()
    two.go_on(14)
    two.take()
    two.go_on(1)
    two.entries[-1] = (0, b"")  # this one never comes
    lost = [entry for entry in two.entries if entry[0]]
    two.receive([entry for entry in lost if entry[0] > two.far._last])
    two.go_on(3)
    two.take()
    assert two.far.parts == 15
    two.go_on(6)
    two.take()
    two.go_on(2)
    two.take()
    playlist = given(get(two.there, "aac128.m3u8"))
    assert isinstance(playlist.body, bytes)
    assert f"#EXT-X-MEDIA-SEQUENCE:{FIRST + 2}\n" in playlist.body.decode()
    assert two.ear.told == ["started", "started"]


def test_what_is_not_understood_is_missing() -> None:
    two = pair()
    two.go_on(2)
    two.entries.append((len(two.entries) + 1, b"of another version"))
    two.take()
    assert two.far.parts == 2
    two.go_on(1)
    two.take()
    assert two.far.parts == 2


def test_it_is_interrupted_by_its_source_or_its_node() -> None:
    two = pair()
    two.far.turn(silent=True)  # of which nothing is known yet
    two.far.turn(silent=False)
    two.go_on()
    two.take()
    two.say(Turned(True, 9))
    two.take()
    assert (two.far.interrupted, two.far.since_us) == (True, 9)
    two.far.turn(silent=True)
    two.say(Turned(False, 10))
    two.take()
    assert two.far.interrupted
    two.far.turn(silent=False)
    assert (two.far.interrupted, two.far.since_us) == (False, 7)
    assert two.ear.told == ["started", "away", "back"]


def test_the_end_is_the_same_too() -> None:
    two = pair()
    two.go_on(15)
    two.shelf.ended(two.show)
    two.say(Over())
    two.take()
    two.same()
    assert two.far.over
    two.far.end()
    two.far.turn(silent=True)
    two.say(chunk(99))
    two.take()
    assert two.ear.told == ["started", "ended"]


def test_what_the_node_of_the_show_lists_already_is_waited_for() -> None:
    two = pair()
    two.go_on(13)
    two.take()
    names = [f"aac128/{FIRST + 1}.3.m4s", f"aac128/{FIRST + 1}.m4s", f"aac128/{FIRST + 2}.0.m4s"]
    awaited = {name: get(two.there, name) for name in names}
    far_ahead = get(two.there, f"aac128.m3u8?_HLS_msn={FIRST + 5}&_HLS_part=0")
    new_init = get(two.there, f"aac128/init{FIRST + 1}.mp4")
    assert all(isinstance(found, Waiting) for found in [*awaited.values(), far_ahead, new_init])
    assert get(two.there, names[0]) is awaited[names[0]]
    for name in (
        "x.m4s",
        f"{FIRST + 1}.0.5.m4s",
        f"{FIRST + 1}.12.m4s",
        f"{FIRST + 20}.m4s",
        f"{FIRST}.99.m4s",
    ):
        found = get(two.there, f"aac128/{name}")
        assert isinstance(found, Denial) and found.status == 404, name
    found = get(two.there, f"aac128.m3u8?_HLS_msn={FIRST + 12}")
    assert isinstance(found, Denial) and found.status == 400
    two.go_on(12)
    two.take()
    for name, waiting in awaited.items():
        assert isinstance(waiting, Waiting)
        assert waiting._found == get(two.shelf, name)
    assert isinstance(new_init, Waiting) and new_init._found is None
    two.shelf.ended(two.show)
    two.say(Over())
    two.take()
    assert isinstance(new_init._found, Denial) and new_init._found.status == 404
    found = get(two.there, f"aac128/{FIRST + 3}.m4s")
    assert isinstance(found, Denial)


def test_no_more_is_waited_for_than_is_bounded() -> None:
    two = pair()
    two.go_on(13)
    two.take()
    found = [
        get(two.there, f"aac128/{FIRST + 1 + segment}.{number}.m4s")
        for segment in range(1, 5)
        for number in range(12)
    ]
    assert sum(isinstance(one, Waiting) for one in found) == 32
    assert {one.status for one in found if isinstance(one, Denial)} == {503}
    two.clock.advance(13)
    late = found[0]
    assert isinstance(late, Waiting) and isinstance(late._found, Denial) and late._found.status == 503


def test_what_is_caught_up_with_is_not_fetched_before_it_is_whole() -> None:
    two = pair()
    two.go_on(14)
    two.take()
    before = given(get(two.there, "aac128.m3u8"))
    two.say()  # this one never comes
    two.entries[-1] = (0, b"")
    two.go_on(300)
    fetched = []
    for _ in two.far.take([entry for entry in two.entries if entry[0] > 50]):
        fetched.append(given(get(two.there, "aac128.m3u8")))
        assert given(get(two.there, f"aac128/{FIRST}.m4s")).body
    assert len(fetched) > 4
    assert set(fetched) == {before}
    two.same()
    two.go_on()
    two.take()
    two.same()
