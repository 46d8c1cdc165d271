"""What one does in a room of the page."""

import subprocess
import sys
from typing import Any

from playwright.sync_api import Page, expect

from streamer.auth import account_id
from tests.support.account import ask, token_of
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


def come_in_as(page: Page, server: Server, room: str, account: str) -> None:
    """With an account, that is with a token of the operator's."""
    page.add_init_script(
        f"localStorage['veza.token'] ??= '\"{token_of(server, account)}\"';"
        f"localStorage['veza.name'] ??= '\"{account}\"'"
    )
    page.goto(f"/r/{room}")
    expect(page.locator(".chat-count")).to_be_visible()


def give_role(server: Server, room: str, account: str, role: str) -> None:
    """As who runs the server."""
    act_in(server, "PUT", f"{room}/roles/{account_id(account)}", {"role": role})


def order_room(server: Server, room: str, moderator: str) -> None:
    """Have an account look after a room where each newcomer's first message waits."""
    give_role(server, room, moderator, "moderator")
    act_in(server, "PATCH", f"{room}/policy", {"hold": True})


def act_in(server: Server, method: str, target: str, body: dict[str, Any]) -> None:
    """As who runs the server. `target` is what follows `/api/v1/rooms/`."""
    reply = ask(server, method, f"/api/v1/rooms/{target}", token_of(server, "op", operator=True), body)
    assert reply.status < 300, reply.body
