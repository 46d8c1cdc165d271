"""What one does in a room of the page."""

import subprocess
import sys

from playwright.sync_api import Page, expect

from tests.support.server import Server


def come_in(page: Page, room: str, name: str) -> None:
    page.goto(f"/r/{room}")
    page.get_by_label("What should people call you?").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".chat-count")).to_be_visible()


def say(page: Page, body: str) -> None:
    page.get_by_label("Write to").fill(body)
    page.keyboard.press("Enter")


def fill_room(server: Server, room: str, count: int) -> None:
    """Have somebody else say a lot."""
    said = "\n".join(f"line {number}." for number in range(count))
    veza = (sys.executable, "-c", "from streamer.cli import main; main()")
    command = [*veza, "say", room, "--server", server.url, "--name", "talker"]
    subprocess.run(command, input=said, text=True, check=True)
