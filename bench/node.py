"""Servers on Node as peers: `ws`, and Socket.IO, each in a process of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).with_name("peers")


@dataclass(frozen=True)
class Peer:
    """A server, and how its clients talk.

    Attributes:
        path: where its WebSockets are.
        hello: what a client sends first.
        speech: a client's frame that has everybody hear a text, around that text.
    """

    name: str
    program: str
    path: str
    hello: tuple[bytes, ...]
    speech: tuple[str, str]


WS = Peer("Node.js ws 8", "ws.mjs", "/", (), ("", ""))
# Engine.IO protocol 4, Socket.IO protocol 5: 40 connects, 42 is an event.
SOCKET_IO = Peer(
    "Socket.IO 4", "socketio.mjs", "/socket.io/?EIO=4&transport=websocket", (b"40",), ('42["say","', '"]')
)
NODE_PEERS = (WS, SOCKET_IO)


@dataclass(frozen=True)
class Node:
    peer: Peer
    pid: int
    port: int


@contextmanager
def node(peer: Peer) -> Iterator[Node]:
    """Run it, on a free port of loopback."""
    program = shutil.which("node")
    if program is None or not (PEERS / "node_modules").is_dir():
        raise SystemExit(f"{peer.name} is missing: run scripts/setup bench")
    process = subprocess.Popen([program, str(PEERS / peer.program)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Node(peer, process.pid, int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
