"""`veza say`: says something in a room, and ends when it is on the server's disk."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from chat.client import ClientState
from chat.client_outbox import Frame
from streamer.chat_client import ChatClient, Refused, socket_address
from streamer.stdin import stdin_lines

SAID, REFUSED, UNSURE = 0, 1, 3


def say(
    server: str,
    room: str,
    text: str | None,
    *,
    name: str | None,
    token: str | None,
    key: dict[str, str],
    wait_s: int,
) -> int:
    """Say `text`, or each line of standard input if it is None. Returns the exit code.

    Args:
        key: what the room asks for, `password` or `invite`.
        wait_s: how long each may take to be acknowledged, over any number of connections.
    """
    try:
        address = socket_address(server)
    except ValueError as error:
        return _complain(str(error), REFUSED)

    async def main() -> int:
        speaker = _Speaker(address, room, name, token)
        speaker.client.join(room, **key)
        return await _say(speaker, text, wait_s)

    return asyncio.run(main())


async def _say(speaker: "_Speaker", text: str | None, wait_s: int) -> int:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(speaker.client.run())
        try:
            async with aclosing(_one(text) if text is not None else stdin_lines()) as bodies:
                async for body in bodies:
                    if body.strip() and (code := await speaker.say(body, wait_s)):
                        return code
            return SAID
        finally:
            running.cancel()


async def _one(text: str) -> AsyncGenerator[str]:
    yield text


class _Speaker:
    """A client that gives up where a person would: when the room, or the server, does not want it."""

    def __init__(self, address: str, room: str, name: str | None, token: str | None) -> None:
        self.client = ChatClient(address, self._hear, name=name, token=token)
        self._room = room
        self._why = "no answer"
        self._turned_away: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def say(self, body: str, wait_s: int) -> int:
        """Return once the message is acknowledged (0), refused, or `wait_s` have passed."""
        saying = asyncio.ensure_future(self.client.say(self._room, body))
        # Futures of different results, which are only waited for.
        ends: set[asyncio.Future[object]] = {saying, self._turned_away}  # type: ignore[arg-type]
        await asyncio.wait(ends, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        try:
            if saying.done():
                saying.result()
                return SAID
        except Refused as error:
            return _complain(f"not said: {error}", UNSURE if error.code == "uncertain" else REFUSED)
        finally:
            saying.cancel()
        if self._turned_away.done():
            return _complain(f"not said: {self._turned_away.result()}", REFUSED)
        return _complain(f"not acknowledged within {wait_s} s, and perhaps not said: {self._why}", UNSURE)

    def _hear(self, event: Frame) -> None:
        if event["type"] == "status" and event.get("reason"):
            self._why = event["reason"]
        refused = event["type"] == "error" or self.client.state is ClientState.REFUSED
        if refused and not self._turned_away.done():
            self._turned_away.set_result(event.get("message") or self._why)


def _complain(message: str, code: int) -> int:
    print(f"veza: {message}", file=sys.stderr)
    return code
