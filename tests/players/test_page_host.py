"""Rooms of the page for who looks after them: what goes there, and invite links."""

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import browsing
from tests.support.server import Server
from tests.support.talking import come_in, come_in_as, give_role

DOOR, GOES, INVITES = "You are not in this room", "What goes in this room", "Invite links"


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


def test_an_invite_link_opens_the_door_until_links_are_revoked(chromium: Browser, server: Server) -> None:
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
        invites.get_by_role("button", name="Copy the link").press("Enter")
        expect(invites.get_by_role("button", name="Copied")).to_be_visible()
        link = olga.evaluate("navigator.clipboard.readText()")
        assert link.startswith(f"{server.url}/r/vault?invite=")
        expect(invites.get_by_label("Your new link")).to_have_value(link)
        come_in(bob, "elsewhere", "bob")
        bob.goto("/r/vault")
        expect(bob.get_by_text(DOOR)).to_be_visible()
        bob.goto(link)
        expect(bob.locator(".chat-count")).to_be_visible()
        invites.get_by_role("button", name="Revoke all links").press("Enter")
        expect(invites.get_by_role("status").last).to_contain_text("No link that was made until now")
        expect(invites.get_by_label("Your new link")).to_have_count(0)
        bob.reload()
        expect(bob.get_by_text(DOOR)).to_be_visible()


def test_a_moderator_finds_what_the_role_allows_while_it_lasts(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server.url) as (mona, _):
        come_in_as(mona, server, "attic", "mona")
        button = mona.get_by_role("button", name="Look after this room")
        expect(button).to_have_count(0)
        give_role(server, "attic", "mona", "moderator")
        dialog = look_after(mona, "attic")
        slow = dialog.get_by_label("Slow mode")
        expect(slow).to_have_value("0")
        expect(dialog.get_by_role("radio")).to_have_count(0)
        slow.select_option("One message in 1 minute")
        dialog.get_by_role("button", name="Save").press("Enter")
        expect(dialog.get_by_role("status")).to_have_text("It is so now.")
        give_role(server, "attic", "mona", "listener")
        expect(dialog).to_have_count(0)
        expect(button).to_have_count(0)
