"""A client of a Veza on asyncio: `chat.client` with a socket and a clock."""

import asyncio
import os
import secrets
from collections.abc import Callable
from random import SystemRandom
from time import monotonic
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from chat.client import ClientMachine, ClientState
from chat.client_effects import Answer, ClientEffect, Drop, Open, Tell, Write
from chat.client_outbox import Frame

_CLOSE_TIMEOUT_S = 2
_ABNORMAL, _TRY_AGAIN_LATER, _POLICY = 1006, 1013, 1008
_PASSING = frozenset({429, 500, 502, 503, 504})  # statuses that may be gone in a moment


class Refused(Exception):
    """The server did not do it. `code` is one of its error codes, "line_lost", "left" or "uncertain"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def socket_address(server: str) -> str:
    """Where the WebSocket of `server` is, an address with or without http.

    Raises:
        ValueError: it is no address of a server.
    """
    parts = urlsplit(server if "://" in server else f"http://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ValueError(f"{server!r} is not the address of a server, such as http://127.0.0.1:8080")
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/ws"


class ChatClient:
    """One person's line to a server. `run` keeps it; everything else may be called before and meanwhile.

    Args:
        url: `ws:` or `wss:` address of `/ws`.
        listen: is told every event in order: frames of the server's, and `status`, `acked`, `failed`,
            `token_refused` of the client's. It must not block.
    """

    def __init__(
        self,
        url: str,
        listen: Callable[[Frame], None],
        *,
        name: str | None = None,
        token: str | None = None,
    ) -> None:
        self._url = url
        self._listen = listen
        self._machine = ClientMachine(name, token, SystemRandom().random)
        self._changed = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._line: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Frame] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._settled: dict[str, asyncio.Future[Frame]] = {}
        self._busy = False

    @property
    def state(self) -> ClientState:
        return self._machine.state

    @property
    def pending(self) -> int:
        """How many commands are not acknowledged."""
        return len(self._machine.rooms.outbox)

    async def run(self) -> None:
        """Return when `close` was called, or the server closed the line for good.

        Cancelling closes the line; what was not acknowledged stays, and goes with the next `run`.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._do(self._machine.connect, monotonic())
                while self._machine.state not in (ClientState.IDLE, ClientState.REFUSED):
                    await self._pause()
                    self._do(self._machine.wake, monotonic())
        finally:
            self._group = None
            if self._machine.state is not ClientState.REFUSED:
                self._do(self._machine.close)

    def close(self) -> None:
        """End `run`."""
        self._do(self._machine.close)

    def join(self, room: str, **more: object) -> None:
        """Be in a room until `leave`, across any number of connections. `more` goes with each `join`."""
        self._do(self._machine.rooms.join, room, more)

    def leave(self, room: str) -> None:
        self._do(self._machine.rooms.leave, room)

    def submit(self, type: str, room: str, **fields: object) -> str:
        """Give a command with a nonce, and return that; `acked` or `failed` is told of it.

        Raises:
            OutboxFull: too many wait.
        """
        nonce = secrets.token_urlsafe(16)
        command = {"type": type, "room": room, "nonce": nonce, **fields}
        self._do(self._machine.rooms.submit, command, monotonic())
        return nonce

    async def command(self, type: str, room: str, **fields: object) -> Frame:
        """Give a command and return what acknowledged it: an `ack`, or the entry itself.

        Cancelling forgets only the answer; the command goes on.

        Raises:
            Refused: it failed.
            OutboxFull: too many wait.
        """
        nonce = self.submit(type, room, **fields)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._settled[nonce] = answer
        try:
            return await answer
        finally:
            del self._settled[nonce]

    async def say(self, room: str, body: str, **more: object) -> Frame:
        """`command` of a `send`."""
        return await self.command("send", room, body=body, **more)

    async def ask(self, type: str, answer: str | None = None, **fields: object) -> Frame:
        """Ask for what an event of type `answer` answers, that of the question if not given.

        Raises:
            Refused: the server refused, or the line broke.
        """
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[id(future)] = future
        self._do(self._machine.rooms.ask, id(future), {"type": type, **fields}, answer or type)
        try:
            return await future
        finally:
            self._answers.pop(id(future), None)

    def hint(self, type: str, room: str, **fields: object) -> None:
        """Say what is worth nothing later: `typing`, `read`."""
        self._do(self._machine.rooms.hint, {"type": type, "room": room, **fields})

    async def _pause(self) -> None:
        due_s = self._machine.due_s
        self._changed.clear()
        try:
            async with asyncio.timeout(None if due_s is None else max(0.0, due_s - monotonic())):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _do(self, tell: Callable[..., None], *args: object) -> None:
        """Tell the machine something, then do what it says; what that brings about waits for its turn."""
        tell(*args)
        if self._busy:
            return
        self._busy = True
        try:
            while effects := self._machine.take():
                for effect in effects:
                    self._carry_out(effect)
        finally:
            self._busy = False
        self._changed.set()

    def _carry_out(self, effect: ClientEffect) -> None:
        match effect:
            case Write():
                self._queue.put_nowait(effect.frame)
            case Tell():
                self._tell(effect.event)
            case Answer():
                self._answer(effect)
            case Open():
                assert self._group is not None, "connected by run"
                self._queue = asyncio.Queue()
                self._line = self._group.create_task(self._talk(self._queue))
            case Drop():
                assert self._line is not None, "what is dropped was opened"
                self._line.cancel()

    def _tell(self, event: Frame) -> None:
        if event["type"] in ("acked", "failed"):
            frame = event["frame"]
            future = self._settled.get(event["command"]["nonce"])
            if future and not future.done():
                if event["type"] == "acked":
                    future.set_result(frame)
                else:
                    future.set_exception(Refused(frame["code"], frame["message"]))
        self._listen(event)

    def _answer(self, answer: Answer) -> None:
        future = self._answers.pop(answer.id, None)
        if future is None or future.done():
            return
        if answer.error is not None:
            future.set_exception(Refused(answer.error["code"], answer.error["message"]))
        else:
            assert answer.frame is not None, "an answer or an error"
            future.set_result(answer.frame)

    async def _talk(self, queue: asyncio.Queue[Frame]) -> None:
        """One connection, from its handshake to its end."""
        code, reason, wait_s = _ABNORMAL, "", 0.0
        try:
            async with connect(
                self._url,
                compression=None,
                ping_interval=None,
                open_timeout=None,  # the machine has one
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=None,
            ) as socket:
                self._do(self._machine.opened, monotonic())
                code, reason = await self._exchange(socket, queue)
        except InvalidStatus as error:
            status = error.response.status_code
            passing = status in _PASSING
            code, reason = _TRY_AGAIN_LATER if passing else _POLICY, f"answered {status}"
            after = error.response.headers.get("Retry-After", "")
            wait_s = float(after) if passing and after.isdecimal() else 0.0
        except (OSError, InvalidHandshake, EOFError) as error:
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else str(error)
        self._do(self._machine.closed, code, reason, monotonic(), wait_s)

    async def _exchange(self, socket: ClientConnection, queue: asyncio.Queue[Frame]) -> tuple[int, str]:
        async with asyncio.TaskGroup() as pair:
            writing = pair.create_task(_write(socket, queue))
            try:
                while True:
                    text = await socket.recv()
                    if isinstance(text, str):
                        self._do(self._machine.received, msgspec.json.decode(text), monotonic())
            except ConnectionClosed:
                writing.cancel()
        return socket.close_code or _ABNORMAL, socket.close_reason or ""


async def _write(socket: ClientConnection, queue: asyncio.Queue[Frame]) -> None:
    try:
        while True:
            await socket.send(msgspec.json.encode(await queue.get()).decode())
    except ConnectionClosed:
        pass  # the reader hears of it, too
