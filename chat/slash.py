"""The chat line as a command line: `/ban "ann b" 1h be nice`, read into an act."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat.acts import (
    AnyAct,
    Appoint,
    Change,
    Decide,
    Filter,
    Invite,
    Kick,
    Lift,
    Measure,
    Report,
    Revoke,
    Show,
    Take,
)
from chat.roles import Role

MAX_REASON_CHARS = 200
MAX_FOR_MS = 10 * 365 * 86_400_000

_COMMAND = re.compile(r"/[A-Za-z]+(?=\s|$)")
_TOKEN = re.compile(r'\s*(?:"([^"]*)"|(\S+))')
_SPAN = re.compile(r"(?:\d{1,6}(?:ms|[smhdw]))+", re.IGNORECASE)
_PIECE = re.compile(r"(\d+)(ms|[smhdw])", re.IGNORECASE)
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_SWITCH = {"on": True, "yes": True, "off": False, "no": False}


class SlashRefused(ValueError):
    """The line can't be carried out. The message is for its author: what is wrong, and how it is written."""


class SlashUnknown(SlashRefused):
    """There is no such command. The message lists those there are."""


def is_slash(body: str) -> bool:
    """Whether a message is meant for the server: its first word is a slash and letters, and no path.

    `//` begins a message with one slash.
    """
    return _COMMAND.match(body) is not None


def literal(body: str) -> str:
    """The message that people get of one that is not for the server."""
    return body[1:] if body.startswith("//") else body


def parse_slash(body: str) -> AnyAct:
    """Read a line that `is_slash`.

    Raises:
        SlashUnknown, SlashRefused
    """
    line = _Line(body[1:])
    name = line.word().lower()
    verb = VERBS.get(name)
    if verb is None:
        known = ", ".join(f"/{known}" for known in VERBS)
        shown = name[:40]
        raise SlashUnknown(
            f"there is no command /{shown}; there are {known}. To begin a message with a slash, write two"
        )
    try:
        act = verb.read(line)
        line.end()
    except SlashRefused as error:
        raise SlashRefused(f"{error}. It is written /{name} {verb.usage}".rstrip()) from None
    return act


def read_span(text: str) -> int | None:
    """Milliseconds of `90s`, `1h30m`, `2w`; None for what is no span of time.

    Raises:
        SlashRefused: longer than `MAX_FOR_MS`.
    """
    if not _SPAN.fullmatch(text):
        return None
    span_ms = sum(int(count) * _UNIT_MS[unit.lower()] for count, unit in _PIECE.findall(text))
    if span_ms > MAX_FOR_MS:
        raise SlashRefused(f"{text} is longer than ten years; leave it out for good")
    return span_ms


def show_span(span_ms: int) -> str:
    """A span of time for people, exact: `1h30m`."""
    shown = ""
    for unit, unit_ms in sorted(_UNIT_MS.items(), key=lambda item: -item[1]):
        count, span_ms = divmod(span_ms, unit_ms)
        shown += f"{count}{unit}" if count else ""
    return shown or "0s"


def help_text(may: Callable[[AnyAct], bool]) -> str:
    """A line for each command that somebody may use. `may` judges an example of it."""
    lines = [f"/{name} {verb.usage}".rstrip() + f": {verb.meaning}" for name, verb in VERBS.items()]
    return "\n".join(line for line, verb in zip(lines, VERBS.values(), strict=True) if may(verb.example))


class _Line:
    """Words, one after the other; names with spaces stand in quotes."""

    def __init__(self, text: str) -> None:
        self._rest = text

    def word(self, lacking: str = "") -> str:
        """The next word. Raises SlashRefused if there is none, and `lacking` names what it would be."""
        found = _TOKEN.match(self._rest)
        if found is None:
            if lacking:
                raise SlashRefused(f"{lacking} is missing")
            return ""
        if found[2] is not None and found[2].startswith('"'):
            raise SlashRefused("a quote is opened and not closed")
        self._rest = self._rest[found.end() :]
        word = found[1] if found[1] is not None else found[2]
        if lacking and not word.strip():
            raise SlashRefused(f"{lacking} is missing")
        return word.strip()

    def subject(self) -> str:
        return self.word("a name or an id").removeprefix("@") or "@"

    def span(self) -> int | None:
        """The next word if it is a span of time, else None, and the word stays."""
        before = self._rest
        span_ms = read_span(self.word())
        if span_ms is None:
            self._rest = before
        return span_ms

    def flag(self, name: str) -> bool:
        """Whether the next word is this one."""
        before = self._rest
        if self.word().lower() == name:
            return True
        self._rest = before
        return False

    def choice(self, *choices: str) -> str:
        word = self.word(" or ".join(choices)).lower()
        if word not in choices:
            raise SlashRefused(f"{word[:40]} is not {' or '.join(choices)}")
        return word

    def rest(self) -> str:
        """All that is left, as it was written."""
        rest, self._rest = self._rest.strip(), ""
        if len(rest) > MAX_REASON_CHARS:
            raise SlashRefused(f"the reason has {len(rest)} characters, more than {MAX_REASON_CHARS}")
        return rest

    def end(self) -> None:
        if self._rest.strip():
            raise SlashRefused(f"{self._rest.strip()[:40]} is too much")


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: how it is written, what it does, and an act such as it makes."""

    usage: str
    meaning: str
    example: AnyAct
    read: Callable[[_Line], AnyAct]


def _take(measure: Measure, name: str, meaning: str) -> dict[str, Verb]:
    def take(line: _Line) -> AnyAct:
        subject, everywhere = line.subject(), line.flag("--everywhere")
        span_ms = line.span()
        return Take(measure, subject, span_ms, line.rest(), everywhere)

    def lift(line: _Line) -> AnyAct:
        return Lift(measure, line.subject(), line.flag("--everywhere"))

    usage = "NAME [--everywhere] [1h] [REASON]"
    return {
        name: Verb(usage, meaning, Take(measure, ""), take),
        f"un{name}": Verb("NAME [--everywhere]", f"lift that of /{name}", Lift(measure, ""), lift),
    }


def _slow(line: _Line) -> AnyAct:
    if line.flag("off"):
        return Change(slow_ms=0)
    span_ms = line.span()
    if span_ms is None:
        raise SlashRefused("a span of time such as 10s, or off, is missing")
    return Change(slow_ms=span_ms)


def _role(line: _Line) -> AnyAct:
    subject = line.subject()
    role = line.choice("owner", "moderator", "speaker", "listener", "none")
    return Appoint(subject, None if role == "none" else Role(role))


def _policy(line: _Line) -> AnyAct:
    entry: Any = line.choice("open", "password", "invite", "members")
    if entry == "password":
        return Change(entry=entry, password=line.word("a password"))
    return Change(entry=entry)


def _voice(line: _Line) -> AnyAct:
    speakers: Any = line.choice("everyone", "accounts", "speakers")
    return Change(speakers=speakers)


def _switch(line: _Line) -> bool:
    return _SWITCH[line.choice("on", "off")]


def _filters(line: _Line) -> AnyAct:
    action = line.choice("add", "remove", "list")
    return (
        Show("filters") if action == "list" else Filter(line.rest() or line.word("a word"), action == "add")
    )


def _invite(line: _Line) -> AnyAct:
    if line.flag("revoke"):
        return Revoke(line.word() or None)
    span_ms = line.span()
    return Invite(span_ms, Role.SPEAKER if line.flag("speaker") else None)


def _show(what: Any) -> Callable[[_Line], AnyAct]:
    return lambda line: Show(what)


VERBS: dict[str, Verb] = {
    "help": Verb("", "what one may say here", Show("help"), _show("help")),
    **_take(Measure.BAN, "ban", "keep somebody, or a network, out"),
    **_take(Measure.MUTE, "mute", "let somebody listen only"),
    **_take(Measure.SHADOW, "shadow", "let nobody else see what somebody says"),
    "kick": Verb(
        "NAME [REASON]", "send somebody out", Kick(""), lambda line: Kick(line.subject(), line.rest())
    ),
    "slow": Verb("10s | off", "one message per person in that time", Change(slow_ms=0), _slow),
    "role": Verb(
        "NAME owner | moderator | speaker | listener | none", "give a role", Appoint("", None), _role
    ),
    "policy": Verb(
        "open | password SECRET | invite | members", "who may come in", Change(entry="open"), _policy
    ),
    "voice": Verb("everyone | accounts | speakers", "who may speak", Change(speakers="everyone"), _voice),
    "hold": Verb(
        "on | off",
        "let a moderator see each newcomer's first message",
        Change(hold=True),
        lambda line: Change(hold=_switch(line)),
    ),
    "links": Verb(
        "on | off",
        "whether guests may send links",
        Change(guest_links=True),
        lambda line: Change(guest_links=_switch(line)),
    ),
    "filter": Verb("add WORD | remove WORD | list", "words nobody may send", Filter(""), _filters),
    "approve": Verb(
        "NAME | ID", "let held messages through", Decide(""), lambda line: Decide(line.subject())
    ),
    "reject": Verb(
        "NAME | ID", "throw held messages away", Decide(""), lambda line: Decide(line.subject(), False)
    ),
    "invite": Verb("[1d] [speaker] | revoke [ID]", "make a link into this room", Invite(), _invite),
    "report": Verb(
        "NAME | ID [REASON]",
        "tell the moderators",
        Report(""),
        lambda line: Report(line.subject(), line.rest()),
    ),
    "bans": Verb("", "who is banned or muted", Show("bans"), _show("bans")),
    "roles": Verb("", "who has which role", Show("roles"), _show("roles")),
    "invites": Verb("", "which invites are good", Show("invites"), _show("invites")),
    "held": Verb("", "messages that wait for approval", Show("held"), _show("held")),
    "reports": Verb("", "what was reported", Show("reports"), _show("reports")),
    "audit": Verb("", "what was done here", Show("audit"), _show("audit")),
}
