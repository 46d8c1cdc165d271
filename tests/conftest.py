"""What holds for every test."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support import live_server, server
from tests.support.audio import ROOT
from tests.support.zygote import Forked, Zygote

# A deadline, and a complaint that making examples takes long, are tests of how busy the machine is.
settings.register_profile("veza", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("veza")

# Whoever says that nothing compiled is to be kept has every process of every test compile all of it anew, a
# quarter of what the start of a server takes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# With several processes, a file that takes long begins first, so that not all of them wait for it in the end.
# (`--no-loadscope-reorder` keeps this order; without, the files with the most tests would begin.)
_LONGEST_FIRST = (
    "test_page_looks.py",
    "test_page_upload.py",
    "test_kill.py",
    "test_page_looks_rooms.py",
    "test_redis_faults.py",
    "test_page_player.py",
    "test_page_loudness.py",
    "test_page_gapless.py",
    "test_page_talk.py",
    "test_page_chat.py",
    "test_tus_js_client.py",
    "test_firefox.py",
)


_zygotes: list[Zygote] = []


def fork_server(env: dict[str, str]) -> Forked:
    """Start a server without the price of its imports; a hundred of them are started."""
    if not _zygotes or not _zygotes[-1].lives:
        _zygotes.append(Zygote(ROOT))
    return _zygotes[-1].start(env)


server.launch = fork_server


@pytest.fixture(autouse=True)
def leave_no_show() -> Iterator[None]:
    """One whose source went with its test is waited for two minutes, each at a twentieth of a core."""
    yield
    for live in live_server.running:
        live.end_deserted()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
