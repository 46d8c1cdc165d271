"""What one does in a room of the page."""

from playwright.sync_api import Page, expect


def come_in(page: Page, room: str, name: str) -> None:
    page.goto(f"/r/{room}")
    page.get_by_label("What should people call you?").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".chat-count")).to_be_visible()


def say(page: Page, body: str) -> None:
    page.get_by_label("Write to").fill(body)
    page.keyboard.press("Enter")
