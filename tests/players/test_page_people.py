"""People in rooms of the page: who they are, talking with one alone, blocking, and looking after a room."""

import re
from contextlib import ExitStack
from itertools import count

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import browsing
from tests.support.server import Server
from tests.support.talking import come_in, come_in_as, give_role, order_room, say

LISTS = re.compile("/rooms/rights/(held|reports|bans)$")


def about(page: Page, name: str) -> Locator:
    """What one may do about somebody, in the list of who is here."""
    page.locator(".chat-count").click()
    page.get_by_role("button", name=f"More about {name}").click()
    return page.get_by_role("group", name=f"What to do about {name}")


def talk_alone(page: Page, name: str) -> None:
    page.locator(".chat-count").click()
    page.get_by_role("button", name=f"Talk with {name} alone").click()
    expect(page.get_by_label(f"Write to {name}")).to_be_visible()


def test_a_direct_room_has_the_name_of_the_other_one(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "hall", "ann")
    come_in(bob, "hall", "bob")
    bob.goto("/")  # wherever one is
    expect(bob.get_by_role("heading", name="Rooms")).to_be_visible()
    expect(ann.locator(".chat-count")).to_contain_text("1 person here")
    bob.goto("/r/hall")
    expect(ann.locator(".chat-count")).to_contain_text("2 people here")
    talk_alone(ann, "bob")
    expect(ann.get_by_role("heading", level=1)).to_have_text("Bbob")
    expect(ann).to_have_title("bob · Veza")
    say(ann, "between us")
    bob.get_by_role("status").get_by_role("link", name="Go there").click()
    expect(bob.get_by_role("heading", level=1)).to_have_text("Aann")
    expect(bob.locator(".message-body")).to_have_text(["between us"])
    expect(bob.get_by_text("wants to talk with you alone")).to_have_count(0)


def test_what_one_says_to_another_alone_is_heard_of_wherever_one_is(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "found", "ann")
    come_in(bob, "found", "bob")
    talk_alone(ann, "bob")
    told = bob.get_by_role("status").filter(has=bob.get_by_role("link", name="Go there"))
    expect(told).to_contain_text("ann wants to talk with you alone")
    bob.goto("about:blank")
    expect(ann.locator(".chat-count")).to_contain_text("1 person here")
    say(ann, "are you *there*?")
    expect(ann.get_by_text("are you there?")).to_be_visible()
    bob.goto("/library")
    expect(told).to_contain_text("ann: are you there?")  # said while he was nowhere
    say(ann, "hello?")
    expect(told).to_contain_text("ann: hello?")
    expect(bob.get_by_role("link", name="Go there")).to_have_count(1)
    bob.goto("/r/found")
    meet = bob.get_by_role("button", name="People you talk with alone: something new")
    meet.focus()
    bob.keyboard.press("Enter")
    dialog = bob.get_by_role("dialog")
    expect(dialog.get_by_role("link")).to_have_text(re.compile("ann.*new"))
    dialog.get_by_role("link").click()
    expect(dialog).to_have_count(0)
    expect(bob.locator(".message-body")).to_have_text(["are you there?", "hello?"])
    bob.get_by_role("button", name="People you talk with alone").click()
    expect(dialog.get_by_role("link")).not_to_contain_text("new")  # it was read
    bob.goto("/")
    rooms = bob.get_by_role("region", name="Rooms")
    expect(rooms.get_by_role("link", name=re.compile("ann"))).to_be_visible()
    expect(rooms).not_to_contain_text("direct:")


def test_one_who_is_blocked_is_not_heard_until_unblocked(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "block", "ann")
    come_in(bob, "block", "bob")
    say(bob, "buy this")
    expect(ann.locator(".message-body")).to_have_text(["buy this"])
    talk_alone(ann, "bob")
    bob.get_by_role("link", name="Go there").click()
    expect(ann.locator(".chat-count")).to_contain_text("2 people here")
    about(ann, "bob").get_by_role("button", name="Block bob").click()
    for page in (ann, bob):
        expect(page.get_by_text("You are not in this room")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.goto("/r/block")
    expect(ann.get_by_text("From somebody you have blocked")).to_be_visible()
    expect(ann.locator(".message-body")).to_have_count(0)
    ann.get_by_role("button", name="Show it").click()
    expect(ann.locator(".message-body")).to_have_text(["buy this"])
    ann.reload()
    expect(ann.get_by_role("button", name="Show it")).to_be_visible()
    ann.get_by_role("button", name="People you talk with alone").click()
    ann.get_by_role("button", name="Unblock bob").click()
    ann.keyboard.press("Escape")
    expect(ann.locator(".message-body")).to_have_text(["buy this"])


def test_who_looks_after_a_room_does_so_from_the_list(two: tuple[Page, Page], server: Server) -> None:
    olga, bob = two
    give_role(server, "order", "olga", "owner")
    come_in_as(olga, server, "order", "olga")
    come_in(bob, "order", "bob")
    deeds = about(olga, "bob")
    people = olga.get_by_role("dialog").locator(".members > li")
    deeds.get_by_label("Role of bob").select_option("speaker")
    deeds.get_by_role("button", name="Give this role").click()
    expect(people.filter(has_text="bob").locator(".chip")).to_have_text(["speaker"])
    deeds.get_by_label("What to do about bob").select_option("mute")
    deeds.get_by_label("For how long").select_option("1h")
    deeds.get_by_label("Reason").fill("too   loud")
    deeds.get_by_label("Reason").press("Enter")
    expect(olga.get_by_role("dialog").get_by_role("status")).to_contain_text("bob is muted")
    say(bob, "may I?")
    expect(bob.get_by_role("alert")).to_contain_text("too loud")
    deeds.get_by_label("What to do about bob").select_option("kick")
    deeds.get_by_role("button", name="Do it").click()
    expect(bob.get_by_text("You are not in this room")).to_be_visible()
    expect(people).to_have_count(1)
    olga.keyboard.press("Escape")
    expect(olga.locator(".message.is-pending, .message.is-refused")).to_have_count(0)


def test_who_has_no_role_can_report_and_no_more(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "report", "ann")
    come_in(bob, "report", "bob")
    deeds = about(ann, "bob")
    expect(deeds.get_by_role("option")).to_have_text(["Report to the moderators"])
    deeds.get_by_label("Reason").fill("spam")
    deeds.get_by_role("button", name="Do it").click()
    expect(ann.get_by_role("dialog").get_by_role("status")).not_to_be_empty()


def test_a_role_that_is_given_or_taken_counts_at_once(two: tuple[Page, Page], server: Server) -> None:
    mona, bob = two
    come_in_as(mona, server, "rights", "mona")
    come_in(bob, "rights", "bob")
    expect(mona.locator(".chat-count")).to_contain_text("2 people here")
    deeds = about(mona, "bob")
    kinds = deeds.get_by_label("What to do about bob").get_by_role("option")
    expect(kinds).to_have_count(1)
    # What waits is asked for when she may see it, and again with the list that says so: else in vain.
    answers = count(1)
    with mona.expect_response(lambda answer: LISTS.search(answer.url) is not None and next(answers) == 6):
        give_role(server, "rights", "mona", "moderator")
        expect(kinds).to_have_count(6)
        people = mona.get_by_role("dialog").get_by_role("listitem")
        expect(people.filter(has_text="you").locator(".chip")).to_have_text(["you", "moderator"])
    give_role(server, "rights", "mona", "listener")
    expect(kinds).to_have_count(1)
    expect(people.filter(has_text="you").locator(".chip")).to_have_text(["you", "listener"])


def test_a_mention_is_completed_with_the_keyboard(chromium: Browser, server: Server) -> None:
    with ExitStack() as stack:
        names = ("ann", "bob the second", "Béla", "carl")
        pages = [stack.enter_context(browsing(chromium, server.url))[0] for _ in names]
        for page, name in zip(pages, names, strict=True):
            come_in(page, "mentions", name)
        ann, bob, bela, _ = pages
        field = ann.get_by_label("Write to")
        expect(ann.locator(".chat-count")).to_contain_text("4 people here")
        field.press_sequentially("hey @b")
        people = ann.get_by_role("listbox", name="People to mention").get_by_role("option")
        expect(people).to_have_count(2)
        expect(ann.get_by_text("2 people. The arrow keys choose")).to_be_attached()
        field.press("ArrowDown")
        chosen = ann.get_by_role("option", selected=True)
        expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
        field.press("Escape")
        expect(people).to_have_count(0)
        expect(field).to_have_value("hey @b")
        assert field.get_attribute("aria-activedescendant") is None
        field.press_sequentially("e")  # whatever its accents
        expect(people).to_have_text(["BBéla"])
        field.press("Tab")
        expect(field).to_have_value("hey @Béla ")
        field.press_sequentially("and @sec")
        expect(people).to_have_text(["Bbob the second"])
        field.press("Enter")
        expect(field).to_have_value('hey @Béla and @"bob the second" ')
        field.press("Enter")
        for page in (bob, bela):
            expect(page.locator(".message.is-for-me")).to_have_count(1)
        expect(ann.locator(".message.is-for-me")).to_have_count(0)


def test_one_is_away_until_one_does_something(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "away", "ann")
    come_in(bob, "away", "bob")
    bob.locator(".chat-count").click()
    person = bob.get_by_role("dialog").get_by_role("listitem").filter(has_text="ann")
    expect(person).not_to_contain_text("away")
    ann.locator(".chat-count").click()
    ann.get_by_role("button", name="Be away").click()
    expect(ann.get_by_role("dialog")).to_have_count(0)
    expect(ann.get_by_text("Others see you as away")).to_be_visible()
    expect(person).to_contain_text("away")
    ann.get_by_role("button", name="I am back").click()
    expect(person).not_to_contain_text("away")
    ann.locator(".chat-count").click()
    ann.get_by_role("button", name="Be away").click()
    expect(person).to_contain_text("away")
    bob.keyboard.press("Escape")
    say(bob, "still there?")
    expect(ann.locator(".message-body")).to_have_text(["still there?"])  # to see it is not to be back
    expect(ann.get_by_text("Others see you as away")).to_be_visible()
    say(ann, "yes")
    expect(ann.get_by_text("Others see you as away")).to_have_count(0)


def test_a_moderator_sees_what_waits_and_who_is_kept_out(two: tuple[Page, Page], server: Server) -> None:
    mona, bob = two
    order_room(server, "reviews", "mona")
    come_in_as(mona, server, "reviews", "mona")
    come_in(bob, "reviews", "bob")
    say(bob, "my first words")
    expect(mona.locator(".chat-notice")).to_be_visible()
    deeds = about(mona, "bob")
    waiting = mona.get_by_role("region", name="Messages that wait for you")
    expect(waiting.get_by_role("listitem")).to_contain_text("my first words")
    waiting.get_by_role("button", name="Let it through: bob").press("Enter")
    expect(waiting).to_have_count(0)
    expect(bob.locator(".message-body")).to_have_text(["my first words"])
    deeds.get_by_label("What to do about bob").select_option("ban")
    deeds.get_by_label("Reason").fill("enough")
    deeds.get_by_role("button", name="Do it").click()
    expect(bob.get_by_text("You are not in this room")).to_contain_text("enough")
    out = mona.get_by_role("region", name="Kept out or silent")
    expect(out.get_by_role("listitem")).to_contain_text("enough")
    out.get_by_role("button", name="Lift it: bob").click()
    expect(out).to_have_count(0)
    bob.get_by_role("button", name="Come in").click()
    expect(bob.get_by_text("You are not in this room")).to_have_count(0)
