"""The line from `veza live` to the server: PUT /live/ROOM in chunks, until there is no more."""

import contextlib
import http.client
import json
import select
import socket
import ssl
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import SplitResult, quote, urlencode, urlsplit

_TIMEOUT_S = 10.0
# What was sent and never confirmed: the line is dead, however long the kernel would go on trying.
_UNCONFIRMED_MS = 5_000
_MAX_ANSWER_BYTES = 65_536
#: Statuses that may be gone in a moment.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class LineBroken(Exception):
    """No answer, or one that says to come back: trying again may help."""


class Unwanted(Exception):
    """The server has said why it does not want this source, and trying again would not help."""


class LiveLine:
    """One connection after the other to the same room."""

    def __init__(self, server: str, room: str, key: str, media_type: str, name: str) -> None:
        """Raises ValueError: `server` is no address."""
        self._parts: SplitResult = urlsplit(server if "://" in server else f"http://{server}")
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise ValueError(f"{server!r} is not the address of a server, such as http://127.0.0.1:8080")
        self._base = self._parts.path.rstrip("/")
        self._mount = f"/live/{quote(room, safe='')}"
        self._media_type = media_type
        self._name = name
        self._bearer = f"Bearer {key}"
        self._socket: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"{self._parts.scheme}://{self._parts.netloc}{self._base}"

    def connect(self) -> None:
        """Begin to send. Returns when the server wants to hear.

        Raises:
            LineBroken, Unwanted
        """
        self.close()
        with self._blaming_line():
            self._socket = self._open()
            fields = {
                "Host": self._parts.netloc,
                "Authorization": self._bearer,
                "User-Agent": "veza live",
                "Content-Type": self._media_type,
                "Transfer-Encoding": "chunked",
                "Expect": "100-continue",
                "Connection": "close",
                "ice-name": " ".join(self._name.split()),
            }
            lines = [
                f"PUT {self._base}{self._mount} HTTP/1.1",
                *(f"{k}: {v}" for k, v in fields.items() if v),
            ]
            self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
            status, detail = self._receive()
        if status != 100:
            self._refuse(status, detail)

    def send(self, data: bytes) -> None:
        """Send what is not empty.

        Raises:
            LineBroken, Unwanted
        """
        assert self._socket is not None
        with self._blaming_line():
            if select.select([self._socket], [], [], 0)[0]:
                self._judge_answer()
            try:
                self._socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))
            except ConnectionError:
                self._judge_answer()  # it was said why, perhaps
                raise

    def end(self) -> None:
        """Say that this was all, and wait until the server has heard it. Raises as `send`."""
        assert self._socket is not None
        with self._blaming_line():
            self._socket.sendall(b"0\r\n\r\n")
            status, detail = self._receive()
        self.close()
        if status != 200:
            self._refuse(status, detail)

    def announce(self, artist: str, title: str) -> None:
        """Say what plays; a line that is broken will be noticed by those who send sound."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=_TIMEOUT_S)
        words = {"artist": artist, "title": title}
        fields = {"mode": "updinfo", "mount": self._mount, "charset": "UTF-8"}
        query = urlencode(fields | {name: text for name, text in words.items() if text})
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            headers = {"Authorization": self._bearer}
            connection.request("GET", f"{self._base}/admin/metadata?{query}", headers=headers)
            connection.getresponse().read(_MAX_ANSWER_BYTES)

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        host = self._parts.hostname
        assert host is not None
        port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
        plain = socket.create_connection((host, port), _TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNCONFIRMED_MS)
        if self._parts.scheme == "http":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)

    def _judge_answer(self) -> None:
        """Something came while we send: in TLS it may be nothing of the server's own."""
        assert self._socket is not None
        self._socket.settimeout(0.2)
        try:
            status, detail = self._receive()
        except TimeoutError:
            return
        finally:
            self._socket.settimeout(_TIMEOUT_S)
        self._refuse(status, detail)

    def _refuse(self, status: int, detail: str) -> NoReturn:
        self.close()
        if status in _PASSING:
            raise LineBroken(detail)
        raise Unwanted(detail)

    def _receive(self) -> tuple[int, str]:
        """The status of an answer, and what it says of a problem."""
        assert self._socket is not None
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _MAX_ANSWER_BYTES:
            more = self._socket.recv(4096)
            if not more:
                raise ConnectionResetError("the server has closed the line")
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].split(b" ", 2)
        if len(words) < 2 or not words[1].isdigit():
            raise ConnectionResetError("what answers is no web server")
        status = int(words[1])
        with contextlib.suppress(OSError):
            while status >= 400 and len(body) < _MAX_ANSWER_BYTES and (more := self._socket.recv(4096)):
                body += more
        return status, _detail(body) or f"the server answers {status}"

    @contextlib.contextmanager
    def _blaming_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.close()
            raise LineBroken(f"no line to {self.address}: {error.strerror or error}") from None


def _detail(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""
