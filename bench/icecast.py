"""Icecast from Debian as a peer: on a free port of loopback, in a folder of its own."""

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peer import Peer, free_port, running_peer

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


@contextmanager
def icecast(folder: Path, clients: int) -> Iterator[Peer]:
    """Running, without a source."""
    program = shutil.which("icecast2")
    if program is None:
        raise SystemExit("icecast2 is missing: run scripts/setup bench")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    owner = ""
    if os.getuid() == 0:  # which it will not run as
        owner = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
        folder.chmod(0o755)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    config = folder / "icecast.xml"
    config.write_text(
        _CONFIG.format(clients=clients, password=PASSWORD, port=port, web=_WEB, folder=folder, owner=owner)
    )
    with running_peer([program, "-c", config], port) as peer:
        yield peer
