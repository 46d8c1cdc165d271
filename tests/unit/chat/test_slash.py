"""The chat line as a command line."""

import pytest

from chat.acts import (
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
    needed,
)
from chat.roles import Right, Role
from chat.slash import (
    MAX_FOR_MS,
    VERBS,
    SlashRefused,
    SlashUnknown,
    help_text,
    is_slash,
    literal,
    parse_slash,
    read_span,
    show_span,
)

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("/ban ann", Take(Measure.BAN, "ann")),
        ("/BAN ann 1h", Take(Measure.BAN, "ann", HOUR_MS)),
        ('/ban "ann b" 1h be  nice', Take(Measure.BAN, "ann b", HOUR_MS, "be  nice")),
        ("/ban @ann for spam", Take(Measure.BAN, "ann", None, "for spam")),
        ("/ban 8.8.8.0/24 2d", Take(Measure.BAN, "8.8.8.0/24", 48 * HOUR_MS)),
        ("/ban ann --everywhere 1h x", Take(Measure.BAN, "ann", HOUR_MS, "x", True)),
        ("/ban @", Take(Measure.BAN, "@")),
        ("/unban ann", Lift(Measure.BAN, "ann")),
        ("/unban ann --everywhere", Lift(Measure.BAN, "ann", True)),
        ("/mute ann 10m", Take(Measure.MUTE, "ann", 600_000)),
        ("/unmute ann", Lift(Measure.MUTE, "ann")),
        ("/shadow ann", Take(Measure.SHADOW, "ann")),
        ("/unshadow ann", Lift(Measure.SHADOW, "ann")),
        ("/kick ann enough", Kick("ann", "enough")),
        ("/slow 10s", Change(slow_ms=10_000)),
        ("/slow off", Change(slow_ms=0)),
        ("/role ann moderator", Appoint("ann", Role.MODERATOR)),
        ("/role ann none", Appoint("ann", None)),
        ("/policy members", Change(entry="members")),
        ("/policy password s3cret", Change(entry="password", password="s3cret")),
        ("/voice speakers", Change(speakers="speakers")),
        ("/hold on", Change(hold=True)),
        ("/links off", Change(guest_links=False)),
        ("/filter add buy now", Filter("buy now")),
        ("/filter remove heck", Filter("heck", False)),
        ("/filter list", Show("filters")),
        ("/approve ann", Decide("ann")),
        ("/reject ann", Decide("ann", False)),
        ("/invite", Invite()),
        ("/invite 1d speaker", Invite(24 * HOUR_MS, Role.SPEAKER)),
        ("/invite revoke", Revoke()),
        ("/invite revoke 01J", Revoke("01J")),
        ("/invites", Show("invites")),
        ("/report ann is rude", Report("ann", "is rude")),
        ("/help", Show("help")),
        ("/bans", Show("bans")),
        ("/roles", Show("roles")),
        ("/held", Show("held")),
        ("/reports", Show("reports")),
        ("/audit", Show("audit")),
    ],
)
def test_a_line_is_read(line: str, act: object) -> None:
    assert is_slash(line)
    assert parse_slash(line) == act


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/ban", "a name or an id is missing. It is written /ban NAME"),
        ('/ban ""', "a name or an id is missing"),
        ('/ban "ann', "a quote is opened"),
        ("/ban ann 11y", None),
        ("/ban ann 999999w", "longer than ten years"),
        (f"/ban ann {'x' * 201}", "201 characters, more than 200"),
        ("/slow", "a span of time such as 10s, or off, is missing"),
        ("/slow soon", "a span of time"),
        ("/slow 10s please", "please is too much"),
        ("/role ann king", "king is not owner or moderator"),
        ("/policy", "open or password or invite or members is missing"),
        ("/policy password", "a password is missing"),
        ("/filter add", "a word is missing"),
        ("/help me", "me is too much. It is written /help"),
    ],
)
def test_a_line_that_is_wrong_says_how_it_is_written(line: str, said: str | None) -> None:
    if said is None:
        assert parse_slash(line) == Take(Measure.BAN, "ann", None, "11y")
        return
    with pytest.raises(SlashRefused) as refused:
        parse_slash(line)
    assert said in str(refused.value)


def test_an_unknown_command_lists_what_there_is() -> None:
    assert is_slash("/dance") and is_slash("/dance with me")
    with pytest.raises(SlashUnknown, match="/help, /ban, /unban"):
        parse_slash("/dance")


def test_any_space_ends_a_word() -> None:
    assert parse_slash("/ban\u00a0x\ny") == Take(Measure.BAN, "x", None, "y")


@pytest.mark.parametrize("body", ["/", "/ ban ann", "/t/01ab?t=99", "/5", "/etc/passwd", "/?", "x /ban y"])
def test_what_looks_like_a_path_is_said_to_people(body: str) -> None:
    assert not is_slash(body) and literal(body) == body


def test_two_slashes_are_one_that_is_meant() -> None:
    assert not is_slash("//ban ann") and literal("//ban ann") == "/ban ann"
    assert not is_slash("hi /ban ann") and literal("hi //") == "hi //"


@pytest.mark.parametrize(
    ("text", "span_ms"),
    [
        ("90s", 90_000),
        ("1h30m", 5_400_000),
        ("2W", 1_209_600_000),
        ("250ms", 250),
        ("0s", 0),
        ("10", None),
        ("h", None),
    ],
)
def test_spans(text: str, span_ms: int | None) -> None:
    assert read_span(text) == span_ms
    if span_ms is not None:
        assert read_span(show_span(span_ms)) == span_ms


def test_the_longest_span_is_ten_years() -> None:
    assert read_span("3650d") == MAX_FOR_MS
    with pytest.raises(SlashRefused):
        read_span("3651d")


def test_help_shows_what_one_may_do() -> None:
    assert len(help_text(lambda act: True).splitlines()) == len(VERBS)
    for_all = help_text(lambda act: needed(act) is None)
    assert "/report NAME | ID [REASON]: tell the moderators" in for_all.splitlines()
    assert "/ban" not in for_all


def test_each_act_takes_its_right() -> None:
    rights = {name: needed(verb.example) for name, verb in VERBS.items()}
    assert rights["help"] is rights["report"] is None
    assert rights["ban"] is rights["unban"] is rights["bans"] is Right.BAN
    assert rights["mute"] is rights["shadow"] is Right.MUTE
    assert rights["slow"] is Right.SLOW and rights["policy"] is rights["hold"] is Right.POLICY
    assert needed(Change(slow_ms=1, hold=True)) is Right.POLICY
    assert needed(Appoint("ann", Role.OWNER)) is Right.OWN and rights["role"] is Right.ROLES
    assert needed(Revoke()) is rights["invite"] is Right.INVITE
    assert rights["kick"] is Right.KICK and rights["filter"] is Right.FILTER
    assert rights["approve"] is rights["held"] is Right.APPROVE and rights["audit"] is Right.AUDIT
