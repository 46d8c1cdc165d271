"""What the API says and is told about the order of rooms."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import RowMapping

from chat.acts import Entry, Measure, Speakers
from chat.fields import MAX_PASSWORD_CHARS, RoomName
from chat.filters import MAX_FILTER_CHARS
from chat.names import MAX_NAME_CHARS
from chat.order import Order, Sanction
from chat.roles import Role
from chat.slash import MAX_FOR_MS, MAX_REASON_CHARS

_MAX_SUBJECT_CHARS = max(MAX_NAME_CHARS, 64)
Subject = Annotated[
    str,
    Meta(min_length=1, max_length=_MAX_SUBJECT_CHARS, description="A name that only one has here, or an id."),
]
Reason = Annotated[str, Meta(max_length=MAX_REASON_CHARS, description="In words; others see it.")]
ForMs = Annotated[
    Annotated[int, Meta(ge=1, le=MAX_FOR_MS)] | None, Meta(description="Milliseconds; null for good.")
]
MeasureName = Literal["ban", "mute", "shadow"]
GivenRole = Literal["owner", "moderator", "speaker", "listener"]


class NewRoom(msgspec.Struct, frozen=True):
    """A room to be made; the account that makes it owns it."""

    name: RoomName


class Policy(msgspec.Struct, frozen=True):
    """What goes in a room. `slow_ms` is the time between two messages of one person, 0 for none."""

    entry: Entry
    speakers: Speakers
    slow_ms: int
    hold: bool
    guest_links: bool


class Room(msgspec.Struct, frozen=True):
    """A room as far as its order is concerned. `role` is yours, null without a token."""

    name: str
    policy: Policy
    role: str | None


class PolicyEdit(msgspec.Struct, frozen=True):
    """What is to be changed; what is not in it stays."""

    entry: Entry | UnsetType = UNSET
    password: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD_CHARS)] | UnsetType | None,
        Meta(description='For `entry` "password".'),
    ] = UNSET
    speakers: Speakers | UnsetType = UNSET
    slow_ms: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    hold: bool | UnsetType = UNSET
    guest_links: bool | UnsetType = UNSET


class Member(msgspec.Struct, frozen=True):
    """Somebody who was given a role."""

    id: str
    name: str
    role: str
    at: int


class Members(msgspec.Struct, frozen=True):
    """All who were given a role, in that order."""

    items: list[Member]


class NewRole(msgspec.Struct, frozen=True):
    """The role to be given."""

    role: GivenRole


class NewMeasure(msgspec.Struct, frozen=True):
    """A measure to be taken; `subject` may also be a network such as 203.0.113.0/24."""

    subject: Subject
    measure: MeasureName = "ban"
    for_ms: ForMs = None
    reason: Reason = ""


class MeasureView(msgspec.Struct, frozen=True):
    """A measure in force. `until` is null for good."""

    id: str
    measure: str
    author_id: str | None
    name: str | None
    network: str | None
    until: int | None
    reason: str
    by_id: str
    by_name: str
    at: int


class Measures(msgspec.Struct, frozen=True):
    """All measures in force, in the order they were taken."""

    items: list[MeasureView]


class NewKick(msgspec.Struct, frozen=True):
    """Who is to be sent out, and may come back."""

    subject: Subject
    reason: Reason = ""


class NewFilter(msgspec.Struct, frozen=True):
    """A word, or several in a row, that nobody may send."""

    word: Annotated[str, Meta(min_length=1, max_length=MAX_FILTER_CHARS)]


class Filters(msgspec.Struct, frozen=True):
    """The words of the filter, folded: without case, accents and look-alikes.

    `written` has the same ones in the same order, as they were written first.
    """

    items: list[str]
    written: list[str]


class Held(msgspec.Struct, frozen=True):
    """A message that waits for a moderator."""

    id: str
    author_id: str
    author_name: str
    body: str
    at: int


class HeldMessages(msgspec.Struct, frozen=True):
    """All that wait, oldest first."""

    items: list[Held]


class NewReport(msgspec.Struct, frozen=True):
    """What the moderators are to know of: a message by its id, or a person."""

    subject: Subject
    reason: Reason = ""


class Report(msgspec.Struct, frozen=True):
    """What was reported. `body` is the message as it was then."""

    id: str
    message_id: str | None
    author_id: str | None
    name: str | None
    body: str
    reason: str
    by_id: str
    by_name: str
    at: int


class Reports(msgspec.Struct, frozen=True):
    """All that nobody has settled, oldest first."""

    items: list[Report]


class NewInvite(msgspec.Struct, frozen=True):
    """An invite to be made. Null is as long as invites usually last."""

    for_ms: ForMs = None
    role: Literal["speaker", "listener"] | None = None


class Invite(msgspec.Struct, frozen=True):
    """Lets in whoever has it. `token` is the `invite` of `join`, `path` the page of the room with it."""

    id: str
    token: str
    path: str
    role: str | None
    expires_at: int
    by_id: str
    by_name: str
    at: int


class Invites(msgspec.Struct, frozen=True):
    """All that are good, newest first."""

    items: list[Invite]


class AuditLine(msgspec.Struct, frozen=True):
    """Something that was done."""

    id: str
    act: str
    subject_id: str | None
    subject: str
    detail: str
    by_id: str
    by_name: str
    at: int


class AuditPage(msgspec.Struct, frozen=True):
    """What was done, newest first. `next` is the cursor of the next page, null on the last."""

    items: list[AuditLine]
    next: str | None


def view_policy(order: Order) -> Policy:
    """What everybody may know of a policy."""
    return Policy(**{name: getattr(order.policy, name) for name in Policy.__struct_fields__})


def view_measure(sanction: Sanction) -> MeasureView:
    """A measure, as moderators see it."""
    values: dict[str, Any] = {name: getattr(sanction, name) for name in MeasureView.__struct_fields__}
    values["measure"] = Measure(sanction.measure).value
    values["network"] = str(sanction.network) if sanction.network else None
    return MeasureView(**values)


def view_rows(kind: type[Any], rows: Any) -> list[Any]:
    """Rows whose columns are called like the fields."""
    return [kind(**{name: row[name] for name in kind.__struct_fields__}) for row in rows]


def view_members(rows: list[RowMapping]) -> Members:
    """Who was given which role."""
    return Members(
        [Member(row["author_id"], row["name"], Role(row["role"]).value, row["at"]) for row in rows]
    )
