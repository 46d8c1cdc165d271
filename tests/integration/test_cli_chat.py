"""`veza say` and `veza room`, as a person or a script runs them."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.chat import client, eventually
from tests.support.server import Server, running_server, start_server
from tests.support.severing import severable
from tests.support.waiting import wait_until

# Not the script beside Python: it may belong to another checkout.
VEZA = (sys.executable, "-c", "from streamer.cli import main; main()")
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("cli_chat")) as server:
        yield server


def environ(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("VEZA_")} | more


def veza(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [*VEZA, *arguments]
    return subprocess.run(
        command, env=environ(), input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def history(server: Server, room: str) -> list[str]:
    """`name: body` of what has been said in a room."""

    async def look() -> list[str]:
        async with client(f"{server.url.replace('http', 'ws')}/ws", "historian") as someone:
            joined = await someone.join(room)
            return [f"{message['author']['name']}: {message['body']}" for message in joined["messages"]]

    return asyncio.run(look())


def test_it_says_what_it_is_given_and_each_line_of_its_input(server: Server) -> None:
    where = ("--server", server.url, "--name", "ann")
    done = veza("say", "say", "hello there", *where)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert veza("say", "say", *where, stdin="one\n\n  \ntwo").returncode == 0
    assert history(server, "say") == ["ann: hello there", "ann: one", "ann: two"]


def test_an_account_speaks_under_its_name(server: Server) -> None:
    token = subprocess.run(
        [*VEZA, "token", "radio"],
        env=environ(VEZA_DATA_DIR=str(server.data_dir)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert veza("say", "accounts", "hi", "--server", server.url, "--token", token).returncode == 0
    assert history(server, "accounts") == ["radio: hi"]
    done = veza("say", "accounts", "hi", "--server", server.url, "--token", "forged")
    assert done.returncode == 1 and "not said: " in done.stderr


def test_its_exit_code_says_what_became_of_it(server: Server) -> None:
    done = veza("say", "room", "x" * 5000, "--server", server.url)
    assert done.returncode == 1 and "4000" in done.stderr
    done = veza("say", "NO ROOM", "x", "--server", server.url)
    assert done.returncode == 1 and "NO ROOM" in done.stderr
    assert veza("say", "room", "x", "--server", "ftp://x").returncode == 1
    assert veza("say").returncode == 2
    done = veza("say", "room", "x", "--server", "http://127.0.0.1:1", "--wait", "1s")
    assert done.returncode == 3 and "Connection refused" in done.stderr


def test_a_killed_server_and_a_cut_line_make_it_wait_and_say_it_once(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        with severable(server.port) as line:
            process = subprocess.Popen(
                [*VEZA, "say", "r", "--server", line.url, "--name", "ann"],
                env=environ(),
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdin is not None
            process.stdin.write("one\n")
            process.stdin.flush()
            wait_until(lambda: history(server, "r") == ["ann: one"], "the first is said")
            line.cut()
            process.stdin.write("two\n")
            process.stdin.flush()
            server.stop(signal.SIGKILL)
            server = start_server(tmp_path / "data")
            line.target_port = server.port
            line.mend()
            _, errors = process.communicate("three\n", timeout=TIMEOUT_S)
            assert process.returncode == 0, errors
            assert history(server, "r") == ["ann: one", "ann: two", "ann: three"]
    finally:
        server.stop()


def test_between_pipes_a_room_is_plain_text(server: Server) -> None:
    assert veza("say", "pipe", "before \x1b[31mred", "--server", server.url, "--name", "bob").returncode == 1
    assert veza("say", "pipe", "before", "--server", server.url, "--name", "bob").returncode == 0
    done = veza("room", "pipe", "--server", server.url, "--name", "ann", stdin="one\ntwo\n/quit\n")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert lines[0] == "── pipe: 1 person here"
    assert [line[6:] for line in lines[1:4]] == ["bob before", "ann one", "ann two"]
    done = veza("room", "NO", "--server", server.url, stdin="lost\n")
    assert done.returncode == 1 and "NO" in done.stdout


def test_the_line_of_the_chat_gives_orders_and_a_door_may_ask_for_a_password(server: Server) -> None:
    command = [*VEZA, "token", "op", "--operator"]
    where = environ(VEZA_DATA_DIR=str(server.data_dir))
    token = subprocess.run(command, env=where, capture_output=True, text=True, check=True).stdout.strip()
    lines = "/help\n/policy password sesame\nwelcome\n/nosuch\n"
    done = veza("room", "den", "--server", server.url, "--token", token, stdin=lines)
    assert done.returncode == 1  # one line was not carried out
    for part in (
        "      /kick NAME",
        "entry is password",
        "op welcome",
        "!     not done: there is no command",
    ):
        assert part in done.stdout
    done = veza("say", "den", "hi", "--server", server.url)
    assert done.returncode == 1 and "asks for a password" in done.stderr
    assert veza("say", "den", "hi", "--server", server.url, "--password", "sesame").returncode == 0
    key = ("--password", "sesame", "--name", "bob")
    done = veza("room", "den", "--server", server.url, *key, stdin="me, too\n")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("bob me, too")


class Terminal:
    """A terminal of 80 by 24 with a program in it; `seen` is what the program has written."""

    def __init__(self, *arguments: str) -> None:
        self.seen = ""
        self._fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*VEZA, *arguments],
            env=environ(TERM="xterm-256color"),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return  # the program has ended
            if b"\x1b[6n" in data:
                os.write(self._fd, b"\x1b[1;1R")  # it asked where the cursor is
            self.seen += data.decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    someone = Terminal(*arguments)
    try:
        yield someone
    finally:
        someone.process.kill()
        someone.process.wait()


def test_what_comes_in_does_not_tear_what_is_being_typed(server: Server) -> None:
    with terminal("room", "tty", "--server", server.url, "--name", "ann") as ann:
        wait_until(lambda: "tty>" in ann.seen, f"the prompt is there: {ann.seen!r}", timeout_s=10)
        ann.type("half-a-")
        wait_until(lambda: "half-a-" in ann.seen, "it is echoed")
        assert veza("say", "tty", "interrupting", "--server", server.url, "--name", "bob").returncode == 0
        wait_until(lambda: "interrupting" in ann.seen, "it is shown")
        after = ann.seen.index("interrupting")
        wait_until(lambda: "half-a-" in ann.seen[after:], "the line is drawn again below")
        ann.type("thought\r")
        wait_until(lambda: "half-a-thought" in ann.seen[after:], "it comes back as a message")
        wait_until(
            lambda: history(server, "tty") == ["bob: interrupting", "ann: half-a-thought"], "it is said"
        )
        assert "\x1b[1;38;5;" in ann.seen  # names have colours

        async def look_in() -> None:
            async with client(f"{server.url.replace('http', 'ws')}/ws", "carol") as carol:
                await carol.join("tty")
                await eventually(lambda: "→ carol came" in ann.seen)

        asyncio.run(look_in())
        wait_until(lambda: "← carol left" in ann.seen, "people are seen leaving")
        ann.type("\x04")
        assert ann.process.wait(TIMEOUT_S) == 0
