"""Rooms of the page for who looks after them: what goes there, invite links, filters, and what was done."""

from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect

from streamer.auth import account_id
from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_said
from tests.support.server import Server
from tests.support.talking import act_in, come_in, come_in_as, give_role, say
from tests.support.waiting import wait_until

DOOR, GOES, INVITES = "You are not in this room", "What goes in this room", "Invite links"
FILTERS, DONE = "Unwanted words and links", "What was done here"


def look_after(page: Page, room: str) -> Locator:
    """The dialog, opened with the keyboard."""
    page.get_by_role("button", name="Look after this room").press("Enter")
    return page.get_by_role("dialog", name=f"Look after #{room}")


def opened(dialog: Locator, name: str) -> Locator:
    """A section, opened with the keyboard."""
    dialog.locator("summary", has_text=name).press("Enter")
    return dialog.get_by_role("region", name=name)


def test_a_room_gets_a_password_and_nothing_typed_is_lost(chromium: Browser, server: Server) -> None:
    give_role(server, "den", "olga", "owner")
    with (
        browsing(chromium, server.url) as (olga, faults),
        browsing(chromium, server.url) as (bob, closed),
    ):
        closed.allowed.append("403")
        come_in_as(olga, server, "den", "olga")
        goes = look_after(olga, "den").get_by_role("region", name=GOES)
        expect(goes.get_by_label("Everybody").first).to_be_checked()
        goes.get_by_label("Everybody").first.press("ArrowDown")
        secret = goes.get_by_label("Password of the room")
        goes.get_by_label("Slow mode").select_option("One message in 30 seconds")
        faults.allowed.append("400")
        goes.get_by_role("button", name="Save").press("Enter")
        expect(goes.get_by_role("alert")).to_have_text("a room that asks for a password needs one")
        expect(goes.get_by_label("Whoever knows the password")).to_be_checked()
        expect(goes.get_by_label("Slow mode")).to_have_value("30000")
        assert secret.get_attribute("type") == "password"
        secret.fill("open sesame")
        secret.press("Enter")
        expect(goes.get_by_role("status")).to_have_text("It is so now.")
        expect(secret).to_have_value("")
        expect(goes).to_contain_text("Leave it empty to keep the one there is")
        goes.get_by_label("Hold the first message of newcomers").press("Space")
        goes.get_by_role("button", name="Save").press("Enter")
        expect(olga.get_by_text("hold is on")).to_be_attached()  # and the password stays
        come_in(bob, "elsewhere", "bob")
        bob.goto("/r/den")
        expect(bob.get_by_text(DOOR)).to_be_visible()
        bob.get_by_label("Password of the room").fill("open sesame")
        bob.keyboard.press("Enter")
        expect(bob.locator(".chat-count")).to_be_visible()


def test_an_invite_link_opens_the_door_until_it_is_revoked(chromium: Browser, server: Server) -> None:
    with (
        browsing(chromium, server.url) as (olga, _),
        browsing(chromium, server.url) as (bob, closed),
    ):
        closed.allowed.append("403")
        olga.context.grant_permissions(["clipboard-read", "clipboard-write"])
        give_role(server, "vault", "olga", "owner")
        come_in_as(olga, server, "vault", "olga")
        dialog = look_after(olga, "vault")
        dialog.get_by_label("Whoever has an invite link").check()
        dialog.get_by_role("button", name="Save").press("Enter")
        expect(olga.get_by_text("entry is invite")).to_be_attached()
        invites = opened(dialog, INVITES)
        invites.get_by_label("It is good").select_option("for an hour")
        invites.get_by_label("Who comes is").select_option("a speaker")
        invites.get_by_role("button", name="Make a link").press("Enter")
        copy = invites.get_by_role("button", name="Copy the link").first
        expect(copy).to_be_visible()
        note(olga, "dialog .sr[role=status]")
        copy.press("Enter")
        wait_until_said(olga, "dialog .sr[role=status]", "Copied")
        link = olga.evaluate("navigator.clipboard.readText()")
        assert link.startswith(f"{server.url}/r/vault?invite=")
        expect(invites.get_by_label("Your new link")).to_have_value(link)
        come_in(bob, "elsewhere", "bob")
        bob.goto("/r/vault")
        expect(bob.get_by_text(DOOR)).to_be_visible()
        bob.goto(link)
        expect(bob.locator(".chat-count")).to_be_visible()
        links = invites.get_by_role("listitem")
        expect(links).to_have_count(1)
        expect(links).to_contain_text("For speakers")
        invites.get_by_role("button", name="Make a link").press("Enter")
        expect(links).to_have_count(2)
        links.last.get_by_role("button", name="Revoke the link").press("Enter")
        expect(links).to_have_count(1)
        expect(invites.get_by_role("button", name="Make a link")).to_be_focused()
        expect(invites.get_by_label("Your new link")).not_to_have_value(link)
        bob.reload()
        expect(bob.get_by_text(DOOR)).to_be_visible()
        invites.get_by_role("button", name="Revoke all links").press("Enter")
        expect(links).to_have_count(0)
        expect(invites.get_by_label("Your new link")).to_have_count(0)


def test_a_moderator_finds_what_the_role_allows_while_it_lasts(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server.url) as (mona, _):
        come_in_as(mona, server, "attic", "mona")
        button = mona.get_by_role("button", name="Look after this room")
        expect(button).to_have_count(0)
        give_role(server, "attic", "mona", "moderator")
        dialog = look_after(mona, "attic")
        act_in(server, "POST", "attic/reports", {"subject": account_id("mona"), "reason": "noise"})
        expect(dialog.get_by_role("region", name="Reports")).to_contain_text("noise")
        slow = dialog.get_by_label("Slow mode")
        expect(slow).to_have_value("0")
        expect(dialog.get_by_role("radio")).to_have_count(0)
        slow.select_option("One message in 1 minute")
        dialog.get_by_role("button", name="Save").press("Enter")
        expect(dialog.get_by_role("status")).to_have_text("It is so now.")
        give_role(server, "attic", "mona", "listener")
        expect(dialog).to_have_count(0)
        expect(button).to_have_count(0)


def test_what_waits_is_as_it_was_asked_for_last(chromium: Browser, server: Server) -> None:
    """An answer that comes behind a newer one says nothing any more."""
    give_role(server, "late", "mona", "moderator")
    old: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if old:
            route.fallback()
        else:
            old.append((route, route.fetch()))

    with browsing(chromium, server.url) as (mona, _):
        mona.route("**/rooms/late/reports", hold)
        come_in_as(mona, server, "late", "mona")
        reports = look_after(mona, "late").get_by_role("region", name="Reports")
        wait_until(lambda: mona.evaluate("1") and old, "the reports are asked for")
        act_in(server, "POST", "late/reports", {"subject": account_id("mona"), "reason": "noise"})
        expect(reports).to_contain_text("noise")
        ((route, answer),) = old
        with mona.expect_event("requestfinished"):
            route.fulfill(response=answer)
        mona.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
        expect(reports).to_contain_text("noise")


def test_words_and_links_are_kept_out_until_they_may_be_sent_again(chromium: Browser, server: Server) -> None:
    give_role(server, "clean", "mona", "moderator")
    with (
        browsing(chromium, server.url) as (mona, faults),
        browsing(chromium, server.url) as (bob, _),
    ):
        come_in_as(mona, server, "clean", "mona")
        come_in(bob, "clean", "bob")
        filters = opened(look_after(mona, "clean"), FILTERS)
        expect(filters).to_contain_text("Nothing is filtered yet")
        field, words = filters.get_by_label("A word, several in a row"), filters.get_by_role("listitem")
        faults.allowed.append("400")
        field.fill("?!")
        field.press("Enter")
        expect(filters.get_by_role("alert")).to_contain_text("has no letter and no digit")
        expect(field).to_have_value("?!")
        field.fill("example.com/x")
        field.press("Enter")
        expect(field).to_have_value("")
        expect(words).to_have_text(["example.com/x"])
        field.fill("Spám")
        field.press("Enter")
        expect(words).to_have_text(["example.com/x", "Spám"])
        say(bob, "look at https://www.example.com/x")
        expect(bob.get_by_role("alert")).to_contain_text("example com")
        filters.get_by_role("button", name="Let “example.com/x” be sent again").press("Enter")
        expect(words).to_have_text(["Spám"])
        expect(field).to_be_focused()
        say(bob, "now it is example.com")
        expect(mona.locator(".message-body")).to_have_text(["now it is example.com"])


def test_what_was_done_is_read_page_by_page(chromium: Browser, server: Server) -> None:
    give_role(server, "deeds", "mona", "moderator")
    for number in range(32):
        act_in(server, "PATCH", "deeds/policy", {"slow_ms": number * 1000})
    with browsing(chromium, server.url) as (mona, _):
        come_in_as(mona, server, "deeds", "mona")
        dialog = look_after(mona, "deeds")
        done = opened(dialog, DONE)
        lines = done.get_by_role("listitem")
        expect(lines).to_have_count(30)
        expect(lines.first).to_contain_text("op changed what goes here")
        expect(lines.first).to_contain_text("slow mode is 31s")
        done.get_by_role("button", name="Show more").press("Enter")
        expect(lines).to_have_count(33)
        expect(lines.last).to_contain_text("changed the role of")
        expect(done.get_by_role("button", name="Show more")).to_have_count(0)
        dialog.get_by_label("Slow mode").select_option("One message in 5 seconds")
        dialog.get_by_role("button", name="Save").press("Enter")
        expect(dialog.get_by_role("status").first).to_have_text("It is so now.")
        dialog.locator("summary", has_text=DONE).press("Enter")
        expect(lines).to_have_count(0)
        dialog.locator("summary", has_text=DONE).press("Enter")
        expect(lines.first).to_contain_text("mona changed what goes here")
