"""Starts servers for tests by forking a process that has imported theirs already.

A test process has one, for as long as it lives. A server that comes from there is `python -m streamer` in all
but what its imports and those of its helpers would have cost: nine tenths of its start. Nothing that is
imported may have begun to run before the fork: no thread, no event loop.
"""

import ctypes
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, NoReturn

from tests.support.understudy import Understudies

# The server, what it imports only when it starts, and what its workers do.
_PRELOAD = (
    "streamer.launch",
    "aiosqlite",
    "alembic.command",
    "asyncpg",
    "obstore",
    "redis.asyncio",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "streamer.worker_preload",
)
_HELPERS = ("multiprocessing.forkserver", "multiprocessing.resource_tracker")
_MAX_REQUEST_BYTES = 1 << 18
_ANSWER_TIMEOUT_S = 30
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Forked:
    """A process that the zygote started: of `subprocess.Popen`, what tests use.

    Attributes:
        stdout: what it says, on both of its outputs.
    """

    def __init__(self, status: socket.socket, stdout: IO[str]) -> None:
        self._status = status
        self.stdout = stdout
        self.returncode: int | None = None
        status.settimeout(_ANSWER_TIMEOUT_S)
        self.pid = int(status.recv(32))

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout_s: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._status.settimeout(timeout_s)
            try:
                said = self._status.recv(32)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("veza", timeout_s or 0) from None
            self._status.close()
            self.returncode = int(said) if said else -signal.SIGKILL  # the zygote is dead, and so are its own
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Zygote:
    """The process that is forked, as its test process sees it."""

    def __init__(self, folder: Path) -> None:
        """Args: `folder` is where servers are started."""
        self._control, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.zygote", str(its_end.fileno())],
                cwd=folder,
                pass_fds=[its_end.fileno()],
                stdin=subprocess.DEVNULL,
            )

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def start(self, env: Mapping[str, str]) -> Forked:
        """Start a server with these environment variables, and no others."""
        status, its_status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        said, its_stdout = os.pipe()
        try:
            request = json.dumps(dict(env)).encode()
            socket.send_fds(self._control, [request], [its_status.fileno(), its_stdout])
        finally:
            its_status.close()
            os.close(its_stdout)
        return Forked(status, open(said, encoding="utf-8", errors="replace"))


def main(control: socket.socket) -> None:
    """Fork a server for each request, and say what became of it; until nobody is there to ask."""
    gc.disable()
    for name in _PRELOAD:
        import_module(name)
    gc.freeze()
    gc.enable()
    assert len(os.listdir("/proc/self/task")) == 1, "what is imported has started a thread"
    running: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor that tells of its end
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    _bury(key.fd, *running.pop(key.fd))
                    continue
                request, descriptors, _, _ = socket.recv_fds(control, _MAX_REQUEST_BYTES, 2)
                if not request:
                    for pid, _ in running.values():
                        os.kill(pid, signal.SIGKILL)
                    return
                pid = os.fork()
                if pid == 0:
                    for end in (control, *(status for _, status in running.values())):
                        end.close()
                    selector.close()
                    _serve(json.loads(request), *descriptors)
                os.close(descriptors[1])
                status = socket.socket(fileno=descriptors[0])
                status.send(b"%d" % pid)
                ended = os.pidfd_open(pid)
                running[ended] = pid, status
                selector.register(ended, selectors.EVENT_READ)


def _bury(ended: int, pid: int, status: socket.socket) -> None:
    os.close(ended)
    _, how = os.waitpid(pid, 0)
    with status, suppress(OSError):  # nobody may want to know any more
        status.send(b"%d" % os.waitstatus_to_exitcode(how))


def _serve(env: Mapping[str, str], status: int, stdout: int) -> NoReturn:
    """Be the server, and end as it does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # no server outlives its tests
    os.close(status)
    for output in (1, 2):
        os.dup2(stdout, output)
    os.close(stdout)
    Understudies(*_HELPERS)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["streamer"]
    runpy.run_module("streamer", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        main(ours)
