"""A client that keeps to the rules of docs/protocol.md, and writes down all that it says and is told."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from chaos.history import Acked, Asked, Gap, Joined, Live, Out, Record, Refused, Said, Shown, View
from chaos.meddler import Meddler

_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 3.0
_PING_S = 2.0
_SILENCE_S = 8.0
_AGAIN_S = 0.5
_OPEN_TIMEOUT_S = 8.0
_MEDDLING, _LEAVING = 0.35, 0.05  # shares of what is done
_AS_NEW, _AWAY_S = 0.3, 4.0
_TWICE = 0.15  # of what is said, as by somebody who has lost the answer
_COMMANDS = {
    "message": "send",
    "line": "send",
    "edited": "edit",
    "deleted": "delete",
    "reacted": "react",
    "unreacted": "unreact",
}
_FINAL = frozenset(
    {"message_deleted", "message_unknown", "not_yours", "too_many_reactions", "invalid_field", "malformed"}
)


def read_entry(frame: dict[str, Any]) -> Shown:
    return Shown(
        *(frame["seq"], frame["id"], frame["nonce"], frame["author"]["id"], frame.get("body", "")),
        kind=frame["type"],
        emoji=frame.get("emoji", ""),
        reactions=tuple(sorted((one["emoji"], one["count"]) for one in frame.get("reactions", ()))),
    )


class Client:
    """Somebody in a few rooms, who talks, meddles with messages, goes and comes back, and whose line breaks.

    Attributes:
        unanswered: by nonce, what was said and not answered.
        here: rooms that it is in now.
        rooms: that it wants to be in.
        quiet: it says nothing on its own.
    """

    def __init__(
        self,
        name: str,
        ports: Callable[[], int],
        rooms: list[str],
        per_s: float,
        chance: random.Random,
        token: str = "",
    ) -> None:
        """Args:
        ports: chooses where to connect.
        per_s: about so many things are said or done a second.
        token: of an account; without one it is a guest.
        """
        self.name = name
        self.unanswered: dict[str, Said] = {}
        self.here: set[str] = set()
        self._ports = ports
        self.rooms = set(rooms)
        self._choice = rooms
        self._meddler = Meddler(rooms, chance)
        self._per_s = per_s
        self._chance = chance
        self._records: list[Record] = []
        self._author, self._token = "", token
        self._positions: dict[str, tuple[str, int]] = {}
        self._count = 0
        self._socket: ClientConnection | None = None
        self._heard_s = 0.0
        self._delay_s: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.quiet = False

    def view(self) -> View:
        return View(self.name, self._author, list(self._records))

    def position(self, room: str) -> tuple[str, int] | None:
        return self._positions.get(room) if room in self.here else None

    async def run(self) -> None:
        """Until it is cancelled."""
        attempts = 0
        talking = asyncio.create_task(self._talk())
        try:
            while True:
                try:
                    address = f"ws://127.0.0.1:{self._ports()}/ws"
                    async with asyncio.timeout(_OPEN_TIMEOUT_S):
                        socket = await connect(
                            address, ping_interval=None, compression=None, max_size=None, close_timeout=0.5
                        )
                    attempts = 0
                    await self._attend(socket)
                except (OSError, TimeoutError, InvalidHandshake, WebSocketException):
                    attempts += 1
                longest_s = min(_MAX_BACKOFF_S, _BACKOFF_S * 2**attempts)
                delay_s, self._delay_s = self._delay_s, None
                await asyncio.sleep(self._chance.random() * longest_s if delay_s is None else delay_s)
        finally:
            talking.cancel()
            for task in self._tasks:
                task.cancel()

    def say(self, room: str) -> None:
        """Say something new, now or when the room is entered."""
        nonce = self.next_nonce()
        self.begin(Said(room, nonce, f"{nonce} in {room}"))

    def act(self, room: str) -> None:
        """Say or do something."""
        if self._chance.random() < _MEDDLING:
            self.meddle(room)
        else:
            self.say(room)

    def meddle(self, room: str) -> None:
        """Do something to one of the last messages, if there is one that nothing is being done to."""
        busy = {said.id for said in self.unanswered.values()}
        wish = self._meddler.wish(room, self._author, busy)
        if wish is not None:
            kind, id, emoji = wish
            nonce = self.next_nonce()
            body = f"{nonce} instead" if kind == "edited" else ""
            self.begin(Said(room, nonce, body, kind, id, emoji))

    async def step_out(self, room: str) -> None:
        """Leave a room for a while, and come back to where it was, or as somebody new."""
        if room in self.here:
            await self._write("leave", room=room)

    def next_nonce(self) -> str:
        self._count += 1
        return f"{self.name}-{self._count}"

    def begin(self, said: Said) -> None:
        """Say something, again and again until it is answered."""
        self.unanswered[said.nonce] = said
        self._later(0, self._send, said.nonce)

    def break_off(self) -> None:
        """Lose the line."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _attend(self, socket: ClientConnection) -> None:
        self._socket = socket
        watching = asyncio.create_task(self._watch(socket))
        try:
            self._heard_s = asyncio.get_running_loop().time()
            hello = {"token": self._token} if self._token else {"name": self.name}
            await self._write("hello", **hello)
            for room in self._choice:
                await self._join(room)
            async for text in socket:
                self._heard_s = asyncio.get_running_loop().time()
                await self._take(json.loads(text))
        finally:
            watching.cancel()
            self._socket = None
            for room in self._choice:
                self._go(room)
            socket.transport.abort()

    async def _watch(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(_PING_S)
            if asyncio.get_running_loop().time() - self._heard_s > _SILENCE_S:
                socket.transport.abort()
                return
            await self._write("ping")

    async def _talk(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(self._per_s))
            if self.quiet:
                continue
            room = self._chance.choice(self._choice)
            if self._chance.random() < _LEAVING:
                await self.step_out(room)
            else:
                self.act(room)

    async def _write(self, type: str, **fields: Any) -> None:
        socket = self._socket
        if socket is not None:
            try:
                await socket.send(json.dumps({"type": type, **fields}))
            except WebSocketException:
                pass  # whoever reads finds out

    async def _join(self, room: str) -> None:
        epoch, seq = self._positions.get(room, (None, 0))
        self._records.append(Asked(room, epoch, seq))
        await self._write("join", room=room, **({} if epoch is None else {"epoch": epoch, "seq": seq}))

    async def _send(self, nonce: str) -> None:
        said = self.unanswered.get(nonce)
        if said is None or said.room not in self.here or self._socket is None:
            return
        fields = {"id": said.id, "body": said.body, "emoji": said.emoji}
        more = {name: value for name, value in fields.items() if value}
        for _ in range(2 if self._chance.random() < _TWICE else 1):
            self._records.append(said)
            await self._write(_COMMANDS[said.kind], room=said.room, nonce=nonce, **more)

    def _go(self, room: str) -> None:
        self.here.discard(room)
        self._records.append(Out(room))

    def _later(self, delay_s: float, work: Callable[..., Any], *arguments: Any) -> None:
        async def wait() -> None:
            socket = self._socket
            await asyncio.sleep(delay_s)
            if socket is self._socket:
                await work(*arguments)

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, frame: dict[str, Any]) -> None:
        kind, room = frame["type"], frame.get("room", "")
        if kind == "welcome":
            self._author, self._token = frame["id"], frame["token"]
        elif kind == "joined":
            shown = tuple(read_entry(message) for message in frame["messages"])
            self._records.append(Joined(room, frame["epoch"], frame["seq"], frame["recovered"], shown))
            self._positions[room] = (frame["epoch"], frame["seq"])
            self._meddler.see(room, shown)
            self.here.add(room)
            for nonce, said in list(self.unanswered.items()):
                if said.room == room:
                    await self._send(nonce)
        elif kind == "left":
            self._go(room)
            if self._chance.random() < _AS_NEW:
                self._positions.pop(room, None)
            self._later(self._chance.uniform(0, _AWAY_S), self._join, room)
        elif kind == "gap":
            self._records.append(Gap(room, frame["from_seq"], frame["to_seq"]))
        elif kind == "ack":
            self._records.append(Acked(room, frame["nonce"], frame["seq"], frame["id"]))
            self.unanswered.pop(frame["nonce"], None)
        elif kind == "notice" and "nonce" in frame:
            self._records.append(Acked(room, frame["nonce"], 0, ""))
            self.unanswered.pop(frame["nonce"], None)
        elif kind == "drain":
            self._delay_s = frame["reconnect_ms"] / 1000
        elif kind == "error":
            self._take_error(frame, room)
        elif "seq" in frame and room:
            entry = read_entry(frame)
            self._records.append(Live(room, entry))
            self._meddler.see(room, [entry])
            if room in self._positions:
                self._positions[room] = (self._positions[room][0], entry.seq)

    def _take_error(self, frame: dict[str, Any], room: str) -> None:
        again_s = frame.get("retry_ms", _AGAIN_S * 1000) / 1000
        nonce = frame.get("nonce")
        if nonce is not None and frame["code"] in _FINAL:
            self._records.append(Refused(room, nonce, frame["code"]))
            self.unanswered.pop(nonce, None)
        elif nonce is not None:
            self._later(again_s, self._send, nonce)
        elif frame["code"] in ("unavailable", "rate_limited") and room:
            self._go(room)
            self._later(again_s, self._join, room)
        elif frame["code"] == "token_refused":
            self._token = ""
