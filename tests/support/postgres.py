"""A PostgreSQL of one's own, from Debian's package, in a temporary folder and on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package makes this user


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL installed, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return folders[-1] if folders else None


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """A fresh server for the length of a `with`; yields the URL of an empty database.

    Args:
        folder: empty, and reachable by others than its owner.
    """
    binaries = find_binaries()
    assert binaries is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = folder / "postgres"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, _USER)
    options = f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
    _run(binaries, "initdb", "-D", data, "-U", "veza", "-A", "trust", "-E", "UTF8", "--no-sync")
    _run(binaries, "pg_ctl", "-D", data, "-o", options, "-l", data / "log", "-w", "start")
    try:
        _run(binaries, "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "veza", "veza")
        yield f"postgresql://veza@127.0.0.1:{port}/veza"
    finally:
        _run(binaries, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _run(binaries: Path, program: str, *arguments: str | Path) -> None:
    become: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    command = [str(binaries / program), *(str(argument) for argument in arguments)]
    with open(os.devnull, "r+b") as nothing:  # a server that inherits a pipe would keep its reader waiting
        done = subprocess.run(
            command, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", timeout=60, **become
        )
    assert done.returncode == 0, f"{program} failed with {done.returncode}"
