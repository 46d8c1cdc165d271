"""Icecast from Debian as a peer: on a free port of loopback, in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 10
PASSWORD = "bench"
_WEB = Path("/usr/share/icecast2")
_CONFIG = """<icecast>
  <limits><clients>{clients}</clients><sources>2</sources><queue-size>524288</queue-size>
    <burst-size>32000</burst-size><source-timeout>30</source-timeout></limits>
  <authentication><source-password>{password}</source-password><admin-user>a</admin-user>
    <admin-password>{password}</admin-password></authentication>
  <hostname>localhost</hostname>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>0</fileserve>
  <paths><basedir>{web}</basedir><logdir>{folder}</logdir><webroot>{web}/web</webroot>
    <adminroot>{web}/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>1</loglevel></logging>
  <security><chroot>0</chroot>{owner}</security>
</icecast>
"""


@dataclass(frozen=True)
class Icecast:
    pid: int
    port: int


@contextmanager
def icecast(folder: Path, clients: int) -> Iterator[Icecast]:
    """Running, without a source."""
    program = shutil.which("icecast2")
    if program is None:
        raise SystemExit("icecast2 is missing: run scripts/setup bench")
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    owner = ""
    if os.getuid() == 0:  # which it will not run as
        owner = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
        folder.chmod(0o755)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    config = folder / "icecast.xml"
    config.write_text(
        _CONFIG.format(clients=clients, password=PASSWORD, port=port, web=_WEB, folder=folder, owner=owner)
    )
    process = subprocess.Popen(
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_open(port)
        yield Icecast(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"icecast2 does not listen on port {port}") from None
            time.sleep(0.05)
