"""What somebody who looks after a room may ask for, whether in the chat line or over the API."""

from enum import Enum
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from chat.roles import Right, Role


class Measure(Enum):
    """What is taken against somebody; the value is what goes on the wire."""

    BAN = "ban"  # may not be here
    MUTE = "mute"  # may not speak
    SHADOW = "shadow"  # speaks, and nobody else hears it


Entry = Literal["open", "password", "invite", "members"]
Speakers = Literal["everyone", "accounts", "speakers"]


class Act(Struct, frozen=True):
    """One request. `subject` is a name, an id, or for a measure a network."""


class Take(Act, frozen=True):
    """Take a measure against somebody, in this room or `everywhere`; with `for_ms` of None for good."""

    measure: Measure
    subject: str
    for_ms: int | None = None
    reason: str = ""
    everywhere: bool = False


class Lift(Act, frozen=True):
    """Lift a measure."""

    measure: Measure
    subject: str
    everywhere: bool = False


class Kick(Act, frozen=True):
    """Send somebody out, who may come back."""

    subject: str
    reason: str = ""


class Appoint(Act, frozen=True):
    """Give somebody a role; with None take it away."""

    subject: str
    role: Role | None


class Change(Act, frozen=True):
    """Change what goes in this room; what is unset stays. Password: None takes it away."""

    entry: Entry | UnsetType = UNSET
    password: str | UnsetType | None = UNSET
    speakers: Speakers | UnsetType = UNSET
    slow_ms: int | UnsetType = UNSET
    hold: bool | UnsetType = UNSET
    guest_links: bool | UnsetType = UNSET


class Filter(Act, frozen=True):
    """Put a word into the filter, or take it out."""

    word: str
    add: bool = True


class Decide(Act, frozen=True):
    """Let held messages through, or not: one by its id, or all of somebody's."""

    subject: str
    approve: bool = True


class Report(Act, frozen=True):
    """Tell the moderators of a message, by its id, or of a person."""

    subject: str
    reason: str = ""


class Invite(Act, frozen=True):
    """Make a link that lets people in until it expires."""

    for_ms: int | None = None
    role: Role | None = None


class Revoke(Act, frozen=True):
    """No invite that was made until now lets anybody in any more; or only the one with `id` does not."""

    id: str | None = None


class Show(Act, frozen=True):
    """Ask how things are."""

    what: Literal["help", "bans", "roles", "policy", "filters", "held", "reports", "audit", "invites"]


AnyAct = Take | Lift | Kick | Appoint | Change | Filter | Decide | Report | Invite | Revoke | Show

_MEASURES = {Measure.BAN: Right.BAN, Measure.MUTE: Right.MUTE, Measure.SHADOW: Right.MUTE}
_SHOWN = {
    "bans": Right.BAN,
    "roles": Right.AUDIT,
    "filters": Right.FILTER,
    "held": Right.APPROVE,
    "reports": Right.APPROVE,
    "audit": Right.AUDIT,
    "invites": Right.INVITE,
}


def needed(act: AnyAct) -> Right | None:
    """The right that an act takes; None for what everybody may do."""
    match act:
        case Take(measure=measure) | Lift(measure=measure):
            return _MEASURES[measure]
        case Kick():
            return Right.KICK
        case Appoint(role=role):
            return Right.OWN if role is Role.OWNER else Right.ROLES
        case Change():
            only_slow = act == Change(slow_ms=act.slow_ms)
            return Right.SLOW if only_slow else Right.POLICY
        case Filter():
            return Right.FILTER
        case Decide():
            return Right.APPROVE
        case Invite() | Revoke():
            return Right.INVITE
        case Show(what=what):
            return _SHOWN.get(what)
    return None  # a report
