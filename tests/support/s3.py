"""An S3 server on this machine (moto), and a gate before it that a test can close, jam and count at."""

import http.client
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.request import Request, urlopen

START_TIMEOUT_S = 60
BUCKET = "veza-test"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "hush-hush-secret-key",
    "AWS_REGION": "us-east-1",
}

#: What is done to a request: a status, or "drop" it, "cut" the answer in half, "stall" until `release`.
Fault = str | None


@contextmanager
def running_s3() -> Iterator[str]:
    """An S3 server in a process of its own, with `BUCKET` in it. Yields its URL."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.s3"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    timer = threading.Timer(START_TIMEOUT_S, process.kill)
    timer.start()
    try:
        with process.stdout:
            url = process.stdout.readline().strip()
        timer.cancel()
        assert url, "the S3 server did not come up"
        with urlopen(Request(f"{url}/{BUCKET}", method="PUT")) as made:
            assert made.status == 200
        yield url
    finally:
        timer.cancel()
        process.kill()
        process.wait()


class Gate:
    """Passes requests on to `url`, and keeps a list of them: method, path, Range field.

    `judge` is asked about each, with method and path; what it returns is done to the request instead.
    """

    def __init__(self, url: str) -> None:
        self.judge: Callable[[str, str], Fault] = lambda method, path: None
        self.seen: list[tuple[str, str, str | None]] = []
        self._target = url.removeprefix("http://")
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def shut(self, fault: Fault = "drop") -> None:
        """From now on this happens to every request."""
        self.judge = lambda method, path: fault

    def open(self) -> None:
        """From now on all is well."""
        self.judge = lambda method, path: None
        self.release()

    def release(self) -> None:
        """What stalls goes on."""
        self._released.set()
        self._released = threading.Event()

    def gets(self, ending: str = "") -> list[tuple[str, str | None]]:
        """The objects that were asked for, with their ranges; lists are not among them."""
        found = [(path, span) for method, path, span in self.seen if method == "GET" and "?" not in path]
        return [(path, span) for path, span in found if path.endswith(ending)]

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: "_Handler") -> None:
        method, path = handler.command, handler.path
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.seen.append((method, path, handler.headers.get("Range")))
        fault = self.judge(method, path)
        if fault == "stall":
            self._released.wait()
            fault = None
        if fault == "drop":
            handler.close_connection = True
            return
        if fault is not None and fault.isdigit():
            self._say(handler, int(fault), [], b"<Error><Code>Scripted</Code></Error>")
            return
        status, headers, answered = self._pass_on(method, path, dict(handler.headers.items()), body)
        self._say(handler, status, headers, answered, cut=fault == "cut")

    def _pass_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._target, timeout=30)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    def _say(
        self,
        handler: "_Handler",
        status: int,
        headers: list[tuple[str, str]],
        body: bytes,
        *,
        cut: bool = False,
    ) -> None:
        handler.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # of a HEAD too
            elif name.lower() not in ("transfer-encoding", "connection"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    gate: Gate

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        self.server.gate.answer(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Moto(Protocol):
    """What is used of it."""

    def start(self) -> None: ...

    def get_host_and_port(self) -> tuple[str, int]: ...


def _serve() -> None:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server: _Moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve()
