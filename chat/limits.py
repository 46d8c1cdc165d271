"""How much is too much: one table of limits, and the token bucket."""

import math
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLimits:
    """Every limit of a connection, a room and the hub. Times in seconds, sizes in bytes."""

    messages_per_s: float = 10.0  # `send`, per connection, sustained
    messages_burst: int = 50  # ... and at once
    commands_per_s: float = 50.0  # every other frame, malformed ones too: each costs an answer
    commands_burst: int = 200

    accepts_per_s: float = 500.0  # handshakes of a node, beyond it 503; a drain spreads clients likewise
    accepts_burst: int = 250  # ... and at once
    max_connections: int = 50_000  # beyond it the handshake is answered 503
    max_rooms_per_connection: int = 50
    max_tracks_per_connection: int = 100
    max_members_per_room: int = 10_000  # connections
    max_frame_bytes: int = 65_536  # 4,000 characters, each escaped as a surrogate pair, are 48,000 bytes
    max_outbox_bytes: int = 1 << 20  # written and not read by the peer; more, and it is cut off

    max_sound_bytes: int = 1 << 17  # not read by the peer; more, and it misses sound until it has read all

    history_messages: int = 100  # in `joined` without a position
    history_bytes: int = 1 << 18  # ... and fewer, when they are longer than this
    resume_messages: int = 1000  # missed messages that are replayed; more, and there is a gap
    resume_bytes: int = 1 << 19  # a room keeps this much in memory; half an outbox, so that a replay fits

    reads_at_once: int = 16  # rooms of a node whose logs are being read; joins of others wait for their turn
    read_timeout_s: float = 10.0  # for the log to be read, the turn included; then who waits is turned away

    page_messages: int = 100  # in one answer to `history` or `search`; fewer beyond `history_bytes`

    body_chars: int = 4000  # of a message; the types of the protocol let no more in
    media_within_s: float = 21_600.0  # between now and the moment of a show that something was said at
    mentions_per_message: int = 20
    pins_per_room: int = 10
    reactions_per_message: int = 20  # different emojis
    reactions_per_person: int = 5  # ... of one person on one message
    reaction_people: int = 10  # named in a page, for each emoji; the count is always exact

    presence_interval_s: float = 0.1  # at most one `presence` per room in this time
    presence_names: int = 20  # named in one `presence`, each way; the count is always exact

    roster_people: int = 200  # are named to each other, node by node; where there are more, only the count
    roster_interval_s: float = 6.0  # a node says of each room that it is still there
    roster_expiry_s: float = 18.0  # ... and without a word for so long, its people are gone
    away_after_s: float = 600.0  # without a command
    typing_interval_s: float = 3.0  # at most one `typing` per person and room in this time
    typing_ttl_s: float = 6.0  # it is shown for so long

    people_write_s: float = 1.0  # who is here and how far they have read is written, and told, so often
    max_markers: int = 1000  # read markers of one person that a node keeps in mind
    directs_per_s: float = 0.2  # `direct`, per person and node, sustained
    directs_burst: int = 20  # ... and at once
    directs_listed: int = 100
    max_blocks: int = 500  # per person
    link_grace_s: float = 2.0  # the log is away for so long before anybody is told

    uplink_window_bytes: int = 1 << 18  # of a recording, sent and not acknowledged: 16 s at 128 kbit/s
    uplink_ack_s: float = 0.5  # what came of a recording is acknowledged so often
    uplink_hold_s: float = 120.0  # a recording whose connection broke may go on for so long
    max_uplinks: int = 1000  # recordings of a node, held ones too

    hello_timeout_s: float = 10.0
    ping_interval_s: float = 25.0  # shorter than the 30 to 60 s after which proxies drop a silent connection
    close_grace_s: float = 5.0  # for the peer to answer a close frame
    room_idle_s: float = 60.0  # a room without members stays in memory this long

    account_messages_per_s: float = 10.0  # of one person on all nodes; never less than `messages_per_s`
    account_messages_burst: int = 50  # ... and at once; never less than `messages_burst`
    network_messages_per_s: float = 50.0  # of all guests of one network on all nodes
    network_messages_burst: int = 250  # ... and at once
    handshakes_per_network_per_s: float = 20.0  # of one network, per node
    handshakes_per_network_burst: int = 500  # ... and at once: a school after a restart

    roles_per_room: int = 500  # people with a role
    rooms_per_owner: int = 50
    measures_per_room: int = 2000  # bans, mutes and shadow mutes in force
    ban_min_bits_v4: int = 16  # the largest network that may be banned; operators may more
    ban_min_bits_v6: int = 32
    filters_per_room: int = 200  # words
    max_slow_s: float = 3600.0  # slow mode
    held_per_room: int = 200  # messages that wait for a moderator
    held_per_author: int = 1
    held_ttl_s: float = 86_400.0  # ... so long
    reports_per_room: int = 500  # that nobody has settled
    reports_per_s: float = 0.1  # of one person
    reports_burst: int = 5
    invites_per_room: int = 500  # that have not expired
    invite_ttl_s: float = 7 * 86_400.0  # of one for which no time is given
    max_invite_ttl_s: float = 90 * 86_400.0
    password_tries_per_s: float = 0.1  # of one network
    password_tries_burst: int = 10
    order_reread_s: float = 30.0  # what every node does, heard or not
    orders_kept: int = 20_000  # rooms whose order is in memory
    people_ttl_s: float = 90 * 86_400.0  # the network of a guest is known so long

    comments_per_s: float = 1.0  # on tracks, per person with a token, sustained
    comments_burst: int = 20  # ... and at once
    comments_per_address_per_s: float = 5.0  # of all guests at one address, with a token or without
    comments_per_address_burst: int = 100
    comments_per_track: int = 10_000


class Rate:
    """A token bucket's measures; the bucket itself is one float that the caller keeps.

    That float is the time at which the bucket is full again: 0.0 for a bucket that was never used, so that a
    connection which has sent nothing keeps no object for it.
    """

    __slots__ = ("_depth_s", "_interval_s")

    def __init__(self, per_s: float, burst: int) -> None:
        """Args: `per_s` tokens are added a second, > 0; at most `burst`, >= 1, are kept."""
        self._interval_s = 1 / per_s
        self._depth_s = burst / per_s

    def take(self, full_at_s: float, now_s: float) -> tuple[float, int]:
        """Take one token.

        Args:
            full_at_s: what the last call returned, or 0.0.
            now_s: monotonic seconds.

        Returns:
            The bucket, and 0 if a token was taken, else the milliseconds, >= 1, until there is one.
        """
        taken = max(full_at_s, now_s) + self._interval_s
        # A microsecond of slack, because sums of floats are not exact and the wait is promised in
        # milliseconds.
        lacking_s = taken - now_s - self._depth_s - 1e-6
        if lacking_s <= 0:
            return taken, 0
        return full_at_s, max(1, math.ceil(lacking_s * 1000))


class Buckets:
    """A token bucket for each key, made when it is first used.

    Bound: `max_kept` buckets. Beyond it the one used longest ago is forgotten, which makes it full again: who
    can use more keys than that is held by nothing that counts keys.
    """

    def __init__(self, rate: Rate, max_kept: int) -> None:
        """Args: `max_kept` >= 1."""
        self._rate = rate
        self._max_kept = max_kept
        self._full_at_s: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, now_s: float) -> int:
        """Take one token of `key`'s bucket at monotonic time `now_s`.

        Returns:
            0, or the milliseconds, >= 1, until there is one.
        """
        full_at_s, retry_ms = self._rate.take(self._full_at_s.get(key, 0.0), now_s)
        self._full_at_s[key] = full_at_s
        self._full_at_s.move_to_end(key)
        if len(self._full_at_s) > self._max_kept:
            self._full_at_s.popitem(last=False)
        return retry_ms

    def __len__(self) -> int:
        return len(self._full_at_s)
