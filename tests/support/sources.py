"""Sources of live shows: real programs, and a socket that sends when it is told."""

import base64
import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def program(command: list[str], stdin: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that is ended with the `with`."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
        process = subprocess.Popen(
            command, stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/tmp"
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def ffmpeg(url: str, *output: str, seconds: float = 300, sound: str = "sine=frequency=440") -> list[str]:
    """FFmpeg, playing a tone at -21 dBFS to an address."""
    tone = f"{sound}:sample_rate=44100"
    input = ["-re", "-f", "lavfi", "-i", tone, "-t", str(seconds), "-ac", "2", "-metadata", "title=Tone"]
    return ["ffmpeg", "-nostdin", "-v", "error", *input, *output, url]


def icecast(port: int, room: str, key: str) -> str:
    return f"icecast://source:{key}@127.0.0.1:{port}/live/{room}"


class Socket:
    """A source that says what it is told, when it is told."""

    def __init__(
        self, port: int, room: str, key: str, line: str = "SOURCE /live/{} ICE/1.0", kind: str = "audio/mpeg"
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        basic = base64.b64encode(f"source:{key}".encode()).decode()
        head = [
            line.format(room),
            "Host: x",
            f"Authorization: Basic {basic}",
            f"Content-Type: {kind}",
            "",
            "",
        ]
        self._socket.sendall("\r\n".join(head).encode())
        self._playing: threading.Thread | None = None
        self._stop = threading.Event()

    def status(self) -> int:
        """Of the answer, and 0 when there is none but the end."""
        answer = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n\r\n" not in answer and (more := self._socket.recv(4096)):
                answer += more
        return int(answer.split()[1]) if answer else 0

    def play(self, data: bytes, bytes_per_s: float) -> None:
        """Send it over and over, paced, until `pause` or the end of the line."""
        self._stop.clear()

        def run() -> None:
            begun_s, sent = time.monotonic(), 0
            with contextlib.suppress(OSError):
                while not self._stop.wait(0.02):
                    due = int((time.monotonic() - begun_s) * bytes_per_s)
                    while sent < due:
                        place = sent % len(data)
                        piece = data[place : place + due - sent]
                        self._socket.sendall(piece)
                        sent += len(piece)

        self._playing = threading.Thread(target=run, daemon=True)
        self._playing.start()

    def pause(self) -> None:
        self._stop.set()
        if self._playing is not None:
            self._playing.join()

    def ended(self) -> bool:
        """Waits until the server has closed."""
        with contextlib.suppress(ConnectionError):
            while self._socket.recv(4096):
                pass
        return True

    def answer(self) -> str:
        """All that the server says until it closes."""
        said = b""
        with contextlib.suppress(ConnectionError):
            while more := self._socket.recv(4096):
                said += more
        return said.decode()

    def close(self) -> None:
        self.pause()
        self._socket.close()
