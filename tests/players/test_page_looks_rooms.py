"""Rooms in light, dark, wide, on a phone and a small one: axe finds nothing; pictures to look at."""

import pytest
from playwright.sync_api import Browser, expect

from tests.support.chromium import browsing
from tests.support.looks import LOOKS, look_at
from tests.support.server import Server
from tests.support.talking import come_in, come_in_as, give_role, order_room, say


@pytest.mark.parametrize("look", LOOKS)
def test_room(chromium: Browser, server: Server, look: str) -> None:
    room = f"studio-{look}"
    with (
        browsing(chromium, server.url, **LOOKS[look]) as (page, _),
        browsing(chromium, server.url) as (other, _),
    ):
        page.goto(f"/r/{room}")
        expect(page.get_by_label("What should people call you?")).to_be_visible()
        look_at(page, f"room-door-{look}")
        come_in(page, room, "ann")
        expect(page.get_by_text("Nobody has spoken")).to_be_visible()
        look_at(page, f"room-quiet-{look}")
        come_in(other, room, "Miloš")
        say(other, "The second half is where it opens up. Listen for the bass coming back in.")
        say(other, "around 0:29")
        expect(page.locator(".message-body")).to_have_count(2)
        say(page, "Oh. That is a different song from there on!")
        say(page, "Is the flac up as well?\nI would like to hear it on the big speakers.")
        expect(other.locator(".message-body")).to_have_count(4)
        other.context.close()
        expect(page.get_by_text("Miloš left")).to_be_visible()
        look_at(page, f"room-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_room_with_much_going_on(chromium: Browser, server: Server, track_id: str, look: str) -> None:
    room = f"busy-{look}"
    with (
        browsing(chromium, server.url, **LOOKS[look]) as (page, _),
        browsing(chromium, server.url) as (other, _),
    ):
        come_in(page, room, "ann")
        come_in(other, room, "Miloš")
        say(
            other,
            f"@ann, **this** is it: {server.url}/t/{track_id}?t=3 with `pan=mono` as in https://x.org/pan",
        )
        field = page.get_by_label("Write to")
        field.fill(
            "> with pan=mono\nIt is made of\n```\nsox -n out.wav synth 40 sine 100:4000 remix 1 2\n```"
        )
        field.press("Enter")
        first = page.locator(".message", has=page.locator(".moment"))
        first.hover()
        first.get_by_role("button", name="Pin", exact=True).click()
        expect(page.locator(".chat-pins")).to_be_visible()
        first.get_by_role("button", name="React", exact=True).click()
        look_at(page, f"room-palette-{look}")
        first.get_by_role("button", name="React with 🎉").click()
        expect(first.locator(".reaction")).to_have_count(1)
        first.get_by_role("button", name="Reply", exact=True).click()
        page.keyboard.type("hearing it now @mi")
        expect(page.get_by_role("option", name="Miloš")).to_be_visible()
        look_at(page, f"room-mention-{look}")
        page.keyboard.press("Escape")
        look_at(page, f"room-answer-{look}")
        page.keyboard.press("Enter")
        say(page, "and a slip")
        expect(page.locator(".message:not(.is-pending)")).to_have_count(4)
        page.get_by_label("Write to").press("ArrowUp")
        page.get_by_label("Write to").fill("and no slip")
        page.keyboard.press("Enter")
        expect(page.get_by_text("(edited)")).to_be_visible()
        look_at(page, f"room-busy-{look}")
        first.get_by_role("button", name="1 reply").click()
        expect(page.get_by_role("complementary", name="Thread").locator(".message")).to_have_count(2)
        look_at(page, f"room-thread-{look}")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Search in").click()
        page.get_by_label("Words to look for").fill("slip")
        expect(page.get_by_role("complementary").get_by_role("status")).to_have_text("1 message")
        look_at(page, f"room-search-{look}")
        page.keyboard.press("Escape")
        expect(page.get_by_label("Words to look for")).to_have_count(0)
        page.locator(".chat-pins").click()
        look_at(page, f"room-pins-{look}")
        page.keyboard.press("Escape")
        page.locator(".chat-count").click()
        expect(page.locator(".members li")).to_have_count(2)
        page.get_by_role("button", name="More about Miloš").click()
        expect(page.get_by_role("group", name="What to do about Miloš")).to_be_visible()
        look_at(page, f"room-members-{look}")


@pytest.mark.parametrize("look", ["light", "dark", "small"])
def test_people_of_a_room(chromium: Browser, server: Server, look: str) -> None:
    with (
        browsing(chromium, server.url, **LOOKS[look]) as (page, _),
        browsing(chromium, server.url) as (other, _),
    ):
        order_room(server, f"people-{look}", f"mona-{look}")
        come_in_as(page, server, f"people-{look}", f"mona-{look}")
        come_in(other, f"people-{look}", "Miloš")
        say(other, "May I come in?")
        expect(page.locator(".chat-notice")).to_be_visible()
        page.locator(".chat-count").click()
        page.get_by_role("button", name="More about Miloš").click()
        expect(page.get_by_role("region", name="Messages that wait for you")).to_be_visible()
        look_at(page, f"room-order-{look}")
        page.get_by_role("button", name="Talk with Miloš alone").click()
        expect(page.get_by_label("Write to Miloš")).to_be_visible()
        look_at(page, f"room-direct-{look}")
        page.get_by_role("button", name="People you talk with alone").click()
        expect(page.get_by_role("dialog").get_by_role("link")).to_be_visible()
        look_at(page, f"room-directs-{look}")
        page.goto("/")
        rooms = page.get_by_role("region", name="Rooms")
        expect(rooms.get_by_role("link", name="Miloš")).to_be_visible()
        look_at(page, f"home-directs-{look}")


@pytest.mark.parametrize("look", ["light", "dark", "small"])
def test_looking_after_a_room(chromium: Browser, server: Server, look: str) -> None:
    with browsing(chromium, server.url, **LOOKS[look]) as (page, _):
        give_role(server, f"host-{look}", f"olga-{look}", "owner")
        come_in_as(page, server, f"host-{look}", f"olga-{look}")
        page.get_by_role("button", name="Look after this room").click()
        goes = page.get_by_role("region", name="What goes in this room")
        goes.get_by_label("Whoever knows the password").check()
        expect(goes.get_by_label("Password of the room")).to_be_visible()
        look_at(page, f"room-host-{look}")
        page.locator("summary").first.click()
        page.locator("summary", has_text="Invite links").click()
        invites = page.get_by_role("region", name="Invite links")
        invites.get_by_role("button", name="Make a link").click()
        expect(invites.get_by_role("listitem")).to_have_count(1)
        invites.get_by_role("button", name="Make a link").click()
        expect(invites.get_by_role("listitem")).to_have_count(2)
        look_at(page, f"room-invites-{look}")
        page.locator("summary", has_text="Invite links").click()
        page.locator("summary", has_text="Unwanted words").click()
        filters = page.get_by_role("region", name="Unwanted words")
        for word in ("free crypto", "example.com", "casino"):
            filters.get_by_label("A word").fill(word)
            filters.get_by_role("button", name="Add").click()
            expect(filters.get_by_label("A word")).to_have_value("")
        expect(filters.get_by_role("listitem")).to_have_count(3)
        look_at(page, f"room-filters-{look}")
        page.locator("summary", has_text="Unwanted words").click()
        page.locator("summary", has_text="What was done").click()
        expect(page.get_by_role("region", name="What was done").get_by_role("listitem")).to_have_count(6)
        look_at(page, f"room-audit-{look}")
