"""Timed comments: judged, kept, and shown to those who watch the track."""

import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chat import events
from chat.events import encode_event
from chat.limits import Buckets, ChatLimits, Rate
from chat.networks import Address
from chat.order import Refused, Shadowed, judge_words
from chat.roles import Person
from streamer.auth import Identity
from streamer.comment import Comment, Commenter, CommentPage, NewComment, cursor_after, read_cursor
from streamer.library import Library
from streamer.margin import Margin
from streamer.orders import Orders
from streamer.problems import (
    CommentRefused,
    CommentsFull,
    CommentUnknown,
    PartMissing,
    RateLimited,
    RequestInvalid,
)
from streamer.track import State, TrackRecord

NAMELESS = "guest"
# Players round, and their clocks run on for a moment: what is said at the end belongs to the end.
_OVERRUN_MS = 1000
# At 200 bytes each, far below what a minute of any other traffic takes.
_MAX_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sent a request.

    Attributes:
        identity: of the token; None without one.
        address: the request came from; None where that is not known.
    """

    identity: Identity | None
    address: Address | None

    @property
    def person(self) -> Person:
        """As the order of rooms knows them: without a token a guest, whom only bans of networks concern."""
        who = self.identity
        if who is None:
            return Person("", NAMELESS, address=self.address)
        return Person(who.id, who.name, not who.guest, who.operator, self.address)

    def wrote(self, comment: Comment) -> bool:
        """Whether the comment is this person's own; nobody can say that without a token."""
        return self.identity is not None and comment.author.id == self.identity.id


class Comments:
    """What is said about moments of tracks. Belongs to one event loop.

    Bounds: `comments_per_track`; `comments_per_s` a person and `comments_per_address_per_s` all guests of an
    address, counted in at most 20,000 buckets each.
    """

    def __init__(
        self,
        library: Library,
        margin: Margin,
        orders: Orders,
        limits: ChatLimits,
        tell: Callable[[str, bytes], None],
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
        make_id: Callable[[], str],
    ) -> None:
        """Args: `tell` sends a frame to those who watch a track."""
        self._library = library
        self._margin = margin
        self._orders = orders
        self._limits = limits
        self._tell = tell
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s
        self._make_id = make_id
        self._people = Buckets(Rate(limits.comments_per_s, limits.comments_burst), _MAX_BUCKETS)
        self._addresses = Buckets(
            Rate(limits.comments_per_address_per_s, limits.comments_per_address_burst), _MAX_BUCKETS
        )
        self.events_total: Counter[str] = Counter()

    async def add(self, track_id: str, new: NewComment, speaker: Speaker) -> Comment:
        """Keep a comment, then show it.

        Raises:
            TrackUnknown, PartMissing: there is nothing to comment on.
            RequestInvalid: a moment that the track does not have.
            CommentRefused: the order of all rooms, or of the room it is a recording of, is against it.
            RateLimited, CommentsFull: too much.
        """
        record = await self._library.get(track_id)
        at_ms = _moment(record, new.at_ms)
        self._check_rate(speaker)
        comment = Comment(
            id=self._make_id(),
            track=track_id,
            at_ms=at_ms,
            body=new.body,
            author=_sign(new, speaker.identity),
            created_at=self._now_ms(),
        )
        if await self._is_shadowed(record, new.body, speaker):
            return comment
        if not await self._margin.insert(comment, self._limits.comments_per_track):
            await self._library.get(track_id)  # deleted meanwhile?
            raise CommentsFull(f"the track has {self._limits.comments_per_track} comments, no more fit")
        self.events_total["stored"] += 1
        self._tell(track_id, encode_event(events.Comment(msgspec.Raw(msgspec.json.encode(comment)))))
        return comment

    async def track(self, track_id: str) -> TrackRecord:
        """The track. Raises TrackUnknown."""
        return await self._library.get(track_id)

    async def page(self, track_id: str, *, limit: int, cursor: str | None) -> CommentPage:
        """Comments in the order of the track.

        Raises:
            TrackUnknown: there is none.
        """
        await self._library.get(track_id)
        after = None if cursor is None else read_cursor(cursor)
        found = await self._margin.page(track_id, limit=limit + 1, after=after)
        more = cursor_after(found[limit - 1]) if len(found) > limit else None
        return CommentPage(found[:limit], more)

    async def get(self, track_id: str, comment_id: str) -> Comment:
        """One comment.

        Raises:
            TrackUnknown, CommentUnknown
        """
        await self._library.get(track_id)
        comment = await self._margin.get(track_id, comment_id)
        if comment is None:
            raise CommentUnknown(f"the track has no comment {comment_id[:40]}")
        return comment

    async def delete(self, comment: Comment) -> None:
        """Remove a comment, then tell.

        Raises:
            CommentUnknown: another was quicker.
        """
        if not await self._margin.delete(comment.id):
            raise CommentUnknown(f"the track has no comment {comment.id} any more")
        self.events_total["deleted"] += 1
        self._tell(comment.track, encode_event(events.Uncomment(comment.track, comment.id)))

    async def _is_shadowed(self, record: TrackRecord, body: str, speaker: Speaker) -> bool:
        """Whether it is to look as if the comment had been kept. Raises CommentRefused."""
        general = self._orders.general
        order = general if record.room is None else await self._orders.load(record.room)
        verdict = judge_words(order, general, speaker.person, "comment", body, self._now_ms())
        if isinstance(verdict, Refused):
            self.events_total["refused"] += 1
            raise CommentRefused(verdict.message)
        return isinstance(verdict, Shadowed)

    def _check_rate(self, speaker: Speaker) -> None:
        now_s, identity = self._monotonic_s(), speaker.identity
        retry_ms = 0
        if identity is None or identity.guest:  # anyone can be any number of guests
            retry_ms = self._addresses.take(network_of(str(speaker.address or "")), now_s)
        if identity is not None and not retry_ms:
            retry_ms = self._people.take(identity.id, now_s)
        if retry_ms:
            self.events_total["rate_limited"] += 1
            raise RateLimited(f"too many comments at once; the next one in {retry_ms} ms", retry_ms)


def network_of(address: str) -> str:
    """What one household or server has at least: an IPv4 address, or 64 bits of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def _moment(record: TrackRecord, at_ms: int) -> int:
    """Where in the track the comment belongs.

    Raises:
        PartMissing, RequestInvalid: nowhere.
    """
    if record.state is State.FAILED:
        raise PartMissing(record.reason or "the track has failed")
    end_ms = max(record.duration_ms or 0, record.packaged_ms)
    if at_ms > end_ms + _OVERRUN_MS:
        so_far = "" if record.state is State.READY else " so far"
        raise RequestInvalid(f"at_ms is {at_ms}, and the track has {end_ms} ms{so_far}")
    return min(at_ms, end_ms)


def _sign(new: NewComment, identity: Identity | None) -> Commenter:
    if identity is None:
        return Commenter(None, new.name or NAMELESS)
    name = new.name if identity.guest and new.name else identity.name
    return Commenter(identity.id, name)
