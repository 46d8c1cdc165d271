"""The order of one room: who may come in, who may speak, and what becomes of what they say."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from chat.acts import AnyAct, Entry, Measure, Speakers, needed
from chat.errors import ErrorCode
from chat.filters import WordFilter, has_link
from chat.networks import Network, NetworkSet
from chat.roles import EVERY_RIGHT, OPERATOR_RANK, RANKS, RIGHTS, Person, Right, Role

EVERYWHERE = ""  # the room of what holds in every room
_FREE_KINDS = frozenset({"deleted", "unreacted", "unpinned"})  # taking something back needs no voice


class Policy(Struct, frozen=True):
    """What goes in a room.

    Attributes:
        entry: who may come in: all, who knows the password, who has an invite, who has a role.
        speakers: who may speak: all, who has an account or a role, who is speaker or more.
        slow_ms: time between two messages of one person; 0 for none.
        hold: the first message of each newcomer waits for a moderator.
        guest_links: guests may send links.
        password_hash: of the password, in the shell's own form.
        invites: how often all invites were revoked.
    """

    entry: Entry = "open"
    speakers: Speakers = "everyone"
    slow_ms: int = 0
    hold: bool = False
    guest_links: bool = True
    password_hash: str | None = None
    invites: int = 0


class Sanction(Struct, frozen=True):
    """A measure in force, against an author, a network or both: the id of a guest is soon changed.

    Attributes:
        room: `EVERYWHERE` for all rooms.
        until: milliseconds since the epoch; None for good.
    """

    id: str
    room: str
    measure: Measure
    author_id: str | None
    name: str | None
    network: Network | None
    until: int | None
    reason: str
    by_id: str
    by_name: str
    at: int


class Refused(Struct, frozen=True):
    """No. `message` is for who asked; `until` is when it may be tried again, where that is known."""

    code: ErrorCode
    message: str


class Pass(Struct, frozen=True):
    """It may be said; `slow_ms` > 0: once in that time."""

    slow_ms: int = 0


class Shadowed(Struct, frozen=True):
    """It is to look as if it had been said."""

    slow_ms: int = 0


class Hold(Struct, frozen=True):
    """It waits for a moderator, if this is the first that the person says here."""


Verdict = Pass | Shadowed | Hold | Refused


class Order:
    """What holds in one room, as it was read last. Not changed: replaced.

    Attributes:
        room: its name, or `EVERYWHERE`.
        revision: grows with every change; 0 when nothing was ever ruled.
        roles: by author id, with the name at that time.
        revoked: ids of invites that are good for nothing, though the policy does not say so.
    """

    __slots__ = (
        "_by_author",
        "_networks",
        "_sanctions",
        "filter",
        "filters",
        "policy",
        "revision",
        "revoked",
        "roles",
        "room",
    )

    def __init__(
        self,
        room: str,
        revision: int = 0,
        policy: Policy | None = None,
        roles: Mapping[str, Role] | None = None,
        sanctions: Iterable[Sanction] = (),
        filters: Iterable[str] = (),
        revoked: Iterable[str] = (),
    ) -> None:
        self.room = room
        self.revision = revision
        self.policy = policy or Policy()
        self.roles = dict(roles or {})
        self.filters = tuple(filters)
        self.filter = WordFilter(self.filters)
        self.revoked = frozenset(revoked)
        self._sanctions = tuple(sanctions)
        self._by_author: dict[str, list[Sanction]] = {}
        for sanction in self._sanctions:
            if sanction.author_id is not None:
                self._by_author.setdefault(sanction.author_id, []).append(sanction)
        self._networks = NetworkSet(one.network for one in self._sanctions if one.network is not None)

    def role(self, person: Person) -> Role:
        """What somebody is here."""
        given = self.roles.get(person.id)
        return given or (Role.LISTENER if person.account else Role.GUEST)

    @property
    def ownerless(self) -> bool:
        """Nobody owns the room: there everybody may pin."""
        return Role.OWNER not in self.roles.values()

    def may(self, person: Person, right: Right) -> bool:
        rights = EVERY_RIGHT if person.operator else RIGHTS[self.role(person)]
        return right in rights

    def may_do(self, person: Person, act: AnyAct) -> bool:
        right = needed(act)
        return right is None or self.may(person, right)

    def rank(self, person: Person) -> int:
        """Who has a higher one rules; see `chat.roles`."""
        return OPERATOR_RANK if person.operator else RANKS[self.role(person)]

    def rank_of_id(self, author_id: str) -> int:
        """The rank that an id has by its role here; of operators, only their own connections know."""
        role = self.roles.get(author_id)
        return 0 if role is None else RANKS[role]

    def sanction(self, person: Person, measure: Measure, now_ms: int) -> Sanction | None:
        """The measure in force against somebody, by id, or for guests by network.

        Who has an account is known by it: a network is shared, and its ban must not lock moderators out.
        """
        if person.operator or not self._sanctions:
            return None
        found = self._by_author.get(person.id, ())
        if not person.account and self._networks.find(person.address) is not None:
            address = person.address
            within = (one for one in self._sanctions if one.network is not None and address in one.network)
            found = [*found, *within]
        for one in found:
            if one.measure is measure and (one.until is None or one.until > now_ms):
                return one
        return None

    def in_force(self, now_ms: int) -> list[Sanction]:
        """Every measure that has not run out, in the order it was taken."""
        return [one for one in self._sanctions if one.until is None or one.until > now_ms]


class Proof(Struct, frozen=True):
    """What somebody has brought along: the right password, an invite that is good."""

    password: bool = False
    invite: bool = False


def judge_entry(order: Order, general: Order, person: Person, proof: Proof, now_ms: int) -> Refused | None:
    """Whether somebody may come into a room.

    Args:
        general: what holds everywhere.
    """
    if person.operator:
        return None
    for which in (general, order):
        if ban := which.sanction(person, Measure.BAN, now_ms):
            return Refused(ErrorCode.BANNED, explain(ban, now_ms))
    entry = order.policy.entry
    if entry == "open" or person.id in order.roles or proof.invite:
        return None
    if entry == "password":
        if proof.password:
            return None
        return Refused(
            ErrorCode.PASSWORD_NEEDED, f"room {order.room} asks for a password, as `password` of join"
        )
    if entry == "invite":
        return Refused(ErrorCode.INVITE_NEEDED, f"room {order.room} asks for an invite, as `invite` of join")
    return Refused(ErrorCode.MEMBERS_ONLY, f"room {order.room} is for its members")


def judge_words(
    order: Order, general: Order, person: Person, kind: str, body: str | None, now_ms: int
) -> Verdict:
    """What becomes of something that somebody in a room says or does.

    Args:
        kind: of the entry of the log, `message`, `edited`, `reacted`, ...
        body: the text, if it has one.
    """
    if person.operator:
        return Pass()
    for measure, code in ((Measure.BAN, ErrorCode.BANNED), (Measure.MUTE, ErrorCode.MUTED)):
        found = general.sanction(person, measure, now_ms) or order.sanction(person, measure, now_ms)
        if found is not None and not (measure is Measure.MUTE and kind in _FREE_KINDS):
            return Refused(code, explain(found, now_ms))
    if kind in _FREE_KINDS:
        return Pass()
    if refused := _judge_voice(order, person) or _judge_body(order, person, body):
        return refused
    unbound = order.may(person, Right.UNBOUND)
    slow_ms = order.policy.slow_ms if kind == "message" and not unbound else 0
    shadow = general.sanction(person, Measure.SHADOW, now_ms) or order.sanction(
        person, Measure.SHADOW, now_ms
    )
    if shadow is not None:
        return Shadowed(slow_ms)
    if order.policy.hold and kind == "message" and not order.may(person, Right.TALK_ALWAYS):
        return Hold()
    return Pass(slow_ms)


def judge_act(order: Order, person: Person, act: AnyAct) -> Refused | None:
    """Whether somebody may ask for this at all. Against whom is judged by `judge_rank`."""
    if order.may_do(person, act):
        return None
    right = needed(act)
    assert right is not None
    able = [role.value for role in Role if right in RIGHTS[role]] or ["operator"]
    role = order.role(person).value
    return Refused(ErrorCode.FORBIDDEN, f"that takes a {able[-1]}, and you are {role} in {order.room}")


def judge_rank(order: Order, person: Person, author_id: str, *, account: bool) -> Refused | None:
    """Whether somebody may act on another. `account`: that id is an account's."""
    if person.operator:
        return None
    if author_id == person.id:
        return Refused(ErrorCode.FORBIDDEN, "not on yourself")
    if order.rank_of_id(author_id) >= order.rank(person):
        role = order.roles[author_id].value
        return Refused(ErrorCode.FORBIDDEN, f"not on somebody who is {role} here")
    return None


def explain(sanction: Sanction, now_ms: int) -> str:
    """A measure, for who meets it. The time is whole seconds, rounded up."""
    what = {Measure.BAN: "banned", Measure.MUTE: "muted", Measure.SHADOW: "muted"}[sanction.measure]
    where = f" in {sanction.room}" if sanction.room else ""
    left = "" if sanction.until is None else f" for another {-(-(sanction.until - now_ms) // 1000)} s"
    reason = f": {sanction.reason}" if sanction.reason else ""
    return f"you are {what}{where}{left}{reason}"


def _judge_voice(order: Order, person: Person) -> Refused | None:
    speakers = order.policy.speakers
    if speakers == "everyone" or order.may(person, Right.TALK_ALWAYS):
        return None
    if speakers == "accounts" and (person.account or person.id in order.roles):
        return None
    who = "speakers" if speakers == "speakers" else "people with an account"
    return Refused(ErrorCode.NOT_A_SPEAKER, f"in {order.room} only {who} may speak")


def _judge_body(order: Order, person: Person, body: str | None) -> Refused | None:
    if body is None or order.may(person, Right.UNBOUND):
        return None
    if word := order.filter.find(body):
        return Refused(ErrorCode.FILTERED, f"the message has a word that {order.room} does not want: {word}")
    if (
        not order.policy.guest_links
        and not person.account
        and person.id not in order.roles
        and has_link(body)
    ):
        return Refused(ErrorCode.FILTERED, f"guests may not send links in {order.room}")
    return None
