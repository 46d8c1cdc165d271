"""Who may do what in a room, in one table.

Everyone has one role in a room: the one that was given there, else `listener` with an account and `guest`
without. An operator, whose token says so, rules every room, also those that nobody owns.
"""

from enum import Enum, auto

from msgspec import Struct

from chat.networks import Address


class Role(Enum):
    """From the highest to the lowest; the value is what goes on the wire."""

    OWNER = "owner"
    MODERATOR = "moderator"
    SPEAKER = "speaker"
    LISTENER = "listener"
    GUEST = "guest"


class Right(Enum):
    """What a role lets one do, besides listening."""

    TALK_ALWAYS = auto()  # whatever the policy says of who may speak
    UNBOUND = auto()  # no slow mode, no filter, no hold
    DELETE = auto()  # messages of others
    PIN = auto()
    KICK = auto()
    MUTE = auto()  # shadow mute, too
    BAN = auto()
    SLOW = auto()
    FILTER = auto()
    APPROVE = auto()  # held messages, and reports
    AUDIT = auto()
    INVITE = auto()
    LIVE = auto()  # stream keys, and whose show ends
    POLICY = auto()
    ROLES = auto()  # only below one's own
    OWN = auto()  # the role of owner, which its owner can hand on


_SPEAKER = frozenset({Right.TALK_ALWAYS})
_MODERATOR = _SPEAKER | {
    *(Right.UNBOUND, Right.DELETE, Right.PIN, Right.KICK, Right.MUTE, Right.BAN, Right.SLOW, Right.FILTER),
    *(Right.APPROVE, Right.AUDIT, Right.INVITE, Right.LIVE),
}
_OWNER = _MODERATOR | {Right.POLICY, Right.ROLES, Right.OWN}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: _OWNER,
    Role.MODERATOR: _MODERATOR,
    Role.SPEAKER: _SPEAKER,
    Role.LISTENER: frozenset(),
    Role.GUEST: frozenset(),
}
EVERY_RIGHT = frozenset(Right)

RANKS: dict[Role, int] = {
    Role.OWNER: 4,
    Role.MODERATOR: 3,
    Role.SPEAKER: 2,
    Role.LISTENER: 1,
    Role.GUEST: 0,
}
OPERATOR_RANK = 5

#: What can be given. Everyone who has been given a role is a member of the room.
GIVEN = (Role.OWNER, Role.MODERATOR, Role.SPEAKER, Role.LISTENER)
#: A guest's token may be lost or shared; more than a voice needs an account.
FOR_GUESTS = (Role.SPEAKER, Role.LISTENER)


class Person(Struct, frozen=True):
    """Somebody as far as rules are concerned.

    Attributes:
        id: of the author.
        account: the id was given by the operator, in a token; not a guest's.
        operator: runs this server.
        address: where the connection comes from; None where that is not known.
    """

    id: str
    name: str
    account: bool = False
    operator: bool = False
    address: Address | None = None
