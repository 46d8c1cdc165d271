"""What happens in a room, as lines for a terminal."""

import hashlib
import time
import unicodedata
from collections import OrderedDict
from typing import Any

Frame = dict[str, Any]
Span = tuple[str, str]
"""A style of `_STYLES`, or a person's colour, and text."""
Line = list[Span]

_KEPT = 1000  # messages that an edit, a reaction or a reply may speak of
_QUOTED_CHARS = 60
_INDENT = " " * 6
_RESET = "\x1b[0m"
_STYLES = {"quiet": "\x1b[2m", "bad": "\x1b[31m", "name": "\x1b[1m", "loud": "\x1b[7m", "body": ""}
# Of the 256 colours, those that are read on white and on black.
_PEOPLE = (31, 32, 35, 37, 66, 68, 70, 72, 97, 99, 130, 132, 133, 136, 161, 166, 167, 170, 172, 173)
_EVENTS = {
    "now_playing": "now playing:",
    "went_live": "live now:",
    "interrupted": "(the show goes on)",
    "back": "(the show goes on)",
    "ended": "the broadcast has ended",
}
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def safe(text: str) -> str:
    """Text that moves no cursor, changes no colour and turns no direction: what does is shown as a dot."""
    joiners = "\u200c\u200d"  # between letters of some scripts, and within emoji
    return "".join(
        char if char in joiners or unicodedata.category(char) not in _UNSAFE else "·"
        for char in text.replace("\t", "    ")
    )


def paint(line: Line, colours: bool) -> str:
    """A line as it is printed."""
    if not colours:
        return "".join(text for _, text in line)
    return "".join(f"{code}{text}{_RESET}" if (code := _code(style)) else text for style, text in line)


def _code(style: str) -> str:
    if not style.startswith("@"):
        return _STYLES[style]
    number = hashlib.blake2b(style.encode(), digest_size=2).digest()
    return f"\x1b[1;38;5;{_PEOPLE[int.from_bytes(number) % len(_PEOPLE)]}m"


class Transcript:
    """Turns the events of one room into lines. `me` is our id once welcomed."""

    def __init__(self, room: str) -> None:
        self.me = ""
        self._room = room
        self._seen: OrderedDict[str, tuple[str, str]] = OrderedDict()  # id -> who, what
        self._day = time.strftime("%x")
        self._entered = False
        self._offline = False

    def lines(self, event: Frame) -> list[Line]:
        """What is to be printed for an event; nothing for most kinds."""
        show = getattr(self, f"_show_{event['type']}", None)
        if show is None or event.get("room", self._room) != self._room:
            return []
        found: list[Line] = show(event)
        return found

    def _show_welcome(self, event: Frame) -> list[Line]:
        self.me = event["id"]
        return []

    def _show_status(self, event: Frame) -> list[Line]:
        state, reason = event["state"], safe(event.get("reason") or "no answer")
        if state == "offline" and not self._offline:
            self._offline = True
            return [_bad(f"the line is down ({reason}); what you write is kept, and sent when it is back")]
        if state == "refused":
            return [_bad(f"the server closed the line: {reason}")]
        return []

    def _show_joined(self, event: Frame) -> list[Line]:
        lines: list[Line] = []
        if not self._entered or self._offline:
            count = event["members"]
            people = "1 person" if count == 1 else f"{count} people"
            lines = [[("quiet", f"── {'back in ' * self._entered}{self._room}: {people} here")]]
        self._entered, self._offline = True, False
        for message in event["messages"]:
            lines += self.lines(message)
        return lines

    def _show_gap(self, event: Frame) -> list[Line]:
        count = event["to_seq"] - event["from_seq"] + 1
        return [_bad(f"{count} in between can't be had any more")] if count > 0 else []

    def _show_presence(self, event: Frame) -> list[Line]:
        lines = []
        for sign, what, people in (("→", "came", event["joined"]), ("←", "left", event["left"])):
            names = ", ".join(safe(person["name"]) for person in people if person["id"] != self.me)
            if names:
                lines.append([("quiet", f"{_INDENT}{sign} {names} {what}")])
        return lines

    def _show_message(self, event: Frame) -> list[Line]:
        author, body = event["author"], event.get("body") or ""
        self._keep(event["id"], author["name"], body)
        lines = self._new_day(event["at"])
        if reply := event.get("reply_to"):
            lines.append([("quiet", f"{_INDENT}┌ {self._quote(reply)}")])
        if "deleted_at" in event:
            return [*lines, [*_head(event), ("quiet", "(deleted)")]]
        mentioned = self.me and self.me in (_id(each) for each in event.get("mentions") or ())
        first, *rest = body.split("\n")
        lines.append([*_head(event), ("loud" if mentioned else "body", safe(first))])
        lines += [[("body", _INDENT + safe(line))] for line in rest]
        if "edited_at" in event:
            lines[-1].append(("quiet", " (edited)"))
        for reaction in event.get("reactions") or ():
            lines.append([("quiet", f"{_INDENT}{safe(reaction['emoji'])} {reaction['count']}")])
        return lines

    def _show_edited(self, event: Frame) -> list[Line]:
        name = event["author"]["name"]
        self._keep(event["id"], self._seen.get(event["id"], (name,))[0], event["body"])
        return [[("quiet", f"{_INDENT}✎ {safe(name)}: "), ("body", safe(event["body"]))]]

    def _show_deleted(self, event: Frame) -> list[Line]:
        return self._note(event, "deleted")

    def _show_reacted(self, event: Frame) -> list[Line]:
        return self._note(event, safe(event["emoji"]))

    def _show_pinned(self, event: Frame) -> list[Line]:
        return self._note(event, "pinned")

    def _show_unpinned(self, event: Frame) -> list[Line]:
        return self._note(event, "unpinned")

    def _show_system(self, event: Frame) -> list[Line]:
        fields = event.get("fields") or {}
        words = _EVENTS.get(event.get("event", ""), event.get("event", ""))
        text = event.get("body") or fields.get("text") or f"{words} {_title(fields)}".strip()
        return [[("quiet", f"{_INDENT}· {safe(text)}")]]

    def _show_notice(self, event: Frame) -> list[Line]:
        return [[("quiet", f"{_INDENT}{safe(line)}")] for line in event["text"].split("\n")]

    def _show_link(self, event: Frame) -> list[Line]:
        if event["up"]:
            return [[("quiet", f"{_INDENT}the server has its memory back")]]
        return [_bad("the server has lost touch with its memory; what you write waits")]

    def _show_failed(self, event: Frame) -> list[Line]:
        said = event["command"].get("body", event["command"]["type"])
        return [_bad(f"not done: {safe(event['frame']['message'])}: {_short(said)}")]

    def _show_error(self, event: Frame) -> list[Line]:
        return [_bad(safe(event["message"]))]

    def _note(self, event: Frame, what: str) -> list[Line]:
        who = safe(event["author"]["name"])
        return [[("quiet", f"{_INDENT}{who} {what}: {self._quote(event['id'])}")]]

    def _keep(self, id: str, name: str, body: str) -> None:
        self._seen[id] = name, body
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)

    def _quote(self, id: str | Frame) -> str:
        name, body = self._seen.get(_id(id), ("", "an earlier message"))
        return f"{safe(name)}: {_short(body)}" if name else body

    def _new_day(self, at_ms: int) -> list[Line]:
        day = time.strftime("%x", time.localtime(at_ms / 1000))
        if day == self._day:
            return []
        self._day = day
        return [[("quiet", f"── {day}")]]


def _head(event: Frame) -> Line:
    clock = time.strftime("%H:%M", time.localtime(event["at"] / 1000))
    author = event["author"]
    return [("quiet", f"{clock} "), (f"@{author['id']}", safe(author["name"])), ("body", " ")]


def _bad(text: str) -> Line:
    return [("bad", f"!     {text}")]


def _short(text: str) -> str:
    line = safe(" ".join(text.split()))
    return line if len(line) <= _QUOTED_CHARS else f"{line[:_QUOTED_CHARS]}…"


def _title(fields: Frame) -> str:
    track = fields.get("track")
    return str(fields.get("title") or (track.get("title") if isinstance(track, dict) else None) or "")


def _id(named: str | Frame) -> str:
    return named if isinstance(named, str) else str(named["id"])
