"""`veza room`: a room in a terminal, or between pipes."""

import asyncio
import io
import os
import sys
from contextlib import aclosing, suppress
from time import monotonic
from typing import TYPE_CHECKING

from chat.client import ClientState
from chat.client_outbox import Frame, OutboxFull
from streamer.chat_client import ChatClient, socket_address
from streamer.stdin import stdin_lines
from streamer.transcript import Transcript, paint, safe

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

_TYPING_EVERY_S = 3.0
_TYPING_LASTS_S = 6.0
_LAST_WORDS_S = 30  # for what was written before the input ended to be acknowledged
_LAST_SIGHT_S = 2  # and to be seen
_MAX_WAITING = 100
_SENT_OUT = frozenset(("kicked", "banned", "direct_refused"))
_QUIT = frozenset(("/quit", "/exit"))


def visit(
    server: str,
    room: str,
    *,
    name: str | None,
    token: str | None,
    key: dict[str, str],
    follow: bool,
    colours: bool | None,
) -> int:
    """Be in a room until the input ends, or with `follow` until interrupted.

    Args:
        key: what the room asks for, `password` or `invite`.
        colours: None for as the terminal is.

    Returns:
        The exit code: 0, or 1 if the server or the room did not want us, or something written was not said.
    """
    try:
        address = socket_address(server)
    except ValueError as error:
        print(f"veza: {error}", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without our characters shows others
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    if colours is None:
        colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    async def main() -> int:
        visitor = _Visitor(address, room, name, token, colours)
        visitor.client.join(room, **key)
        return await _visit(visitor, follow)

    try:
        return asyncio.run(main())
    except KeyboardInterrupt:
        return 0


async def _visit(visitor: "_Visitor", follow: bool) -> int:
    async with asyncio.TaskGroup() as group:
        in_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        reading = group.create_task(visitor.converse() if in_terminal else visitor.read(follow))
        running = group.create_task(visitor.client.run())
        await asyncio.wait({reading, running, visitor.turned_away}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            await visitor.last_words()
        reading.cancel()
        running.cancel()
    return 1 if visitor.turned_away.done() or visitor.unsaid else 0


class _Visitor:
    """One person's terminal: what happens goes to standard output, what is written to the room."""

    def __init__(self, address: str, room: str, name: str | None, token: str | None, colours: bool) -> None:
        self.client = ChatClient(address, self._hear, name=name, token=token)
        self.turned_away: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._failed = 0
        self._room = room
        self._colours = colours
        self._transcript = Transcript(room)
        self._joined = False
        self._said = self._seen = 0  # the place of our last words, and of the last that came
        self._moved = asyncio.Event()  # something was acknowledged, or failed
        self._typing: dict[str, float] = {}
        self._typed_s = 0.0
        self._session: PromptSession[str] | None = None

    @property
    def unsaid(self) -> int:
        """How many of our words are not in the room."""
        return self._failed + self.client.pending

    async def read(self, follow: bool) -> None:
        """Say each line of standard input, as fast as they are acknowledged."""
        async with aclosing(stdin_lines()) as lines:
            async for line in lines:
                if line.strip() in _QUIT:
                    return
                while self.client.pending >= _MAX_WAITING:
                    await self._progress()
                self._say(line)
        while follow:
            await self._progress()

    async def converse(self) -> None:
        """Say what is typed in the terminal, below what is said; until the end of input or an interrupt."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout

        # Erased when it is sent, for it comes back as a message.
        session: PromptSession[str] = PromptSession(
            self._prompt, rprompt=self._typists, erase_when_done=True, reserve_space_for_menu=0
        )
        self._session = session
        session.default_buffer.on_text_changed += self._type
        with patch_stdout(raw=True):
            while True:
                try:
                    line = await session.prompt_async()
                except (EOFError, KeyboardInterrupt):
                    return
                if line.strip() in _QUIT:
                    return
                self._say(line)

    async def last_words(self) -> None:
        """Wait until everything is acknowledged, and shown, within reason."""
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                while self.client.pending and not self.turned_away.done():
                    await self._progress()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_SIGHT_S):
                    while self._seen < self._said:
                        await self._progress()
        except TimeoutError:
            self._print([[("bad", f"!     {self.client.pending} not acknowledged, and perhaps not said")]])

    async def _progress(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def _say(self, line: str) -> None:
        if not line.strip():
            return
        try:
            self.client.submit("send", self._room, body=line)
        except OutboxFull as error:
            self._print([[("bad", f"!     not sent: {error}")]])
        self._typed_s = 0.0

    def _hear(self, event: Frame) -> None:
        kind = event["type"]
        if kind in ("acked", "failed"):
            self._failed += kind == "failed"
            self._said = max(self._said, event["frame"].get("seq", 0))
        elif kind == "joined" and event["room"] == self._room:
            self._joined = True
        elif kind == "typing" and (who := event.get("author")):
            self._typing[safe(who["name"])] = monotonic() + _TYPING_LASTS_S
        elif kind == "message":
            self._typing.pop(safe(event["author"]["name"]), None)
        self._print(self._transcript.lines(event))
        if event.get("room") == self._room:
            self._seen = max(self._seen, event.get("seq", 0))
        self._moved.set()
        refused = kind == "error" and (not self._joined or event["code"] in _SENT_OUT)
        if (refused or self.client.state is ClientState.REFUSED) and not self.turned_away.done():
            self.turned_away.set_result(None)
        if self._session:
            self._session.app.invalidate()

    def _print(self, lines: list[list[tuple[str, str]]]) -> None:
        for line in lines:
            print(paint(line, self._colours))

    def _prompt(self) -> str:
        return f"{self._room}{'' if self.client.state is ClientState.ONLINE else ' (offline)'}> "

    def _typists(self) -> str:
        names = [name for name, until_s in self._typing.items() if until_s > monotonic()]
        return f"{', '.join(names[:3])} typing…" if names else ""

    def _type(self, _buffer: object) -> None:
        now_s = monotonic()
        if now_s - self._typed_s > _TYPING_EVERY_S and self._session and self._session.default_buffer.text:
            self._typed_s = now_s
            self.client.hint("typing", self._room)
