"""What a server loads before it listens: a start costs mostly imports."""

import subprocess
import sys

import pytest

from tests.support.audio import ROOT

PROGRAM = "import sys, streamer.launch; print(*sys.modules)"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "PIL",  # workers'
        "alembic",  # where there is something to migrate
        "asyncpg",  # where the database is PostgreSQL
        "av",  # workers'
        "click",  # the command's
        "numpy",  # workers'
        "obstore",  # where there is a store
        "prometheus_client",  # when metrics are asked for
        "sqlalchemy.dialects.postgresql",  # `postgresql_...=` in a table loads it
    ],
)
def test_a_start_does_not_load_what_it_may_not_need(loaded: set[str], module: str) -> None:
    assert "streamer.app" in loaded
    assert module not in loaded


def test_what_is_imported_is_no_concern_of_the_garbage_collector() -> None:
    program = """if True:
        import gc, streamer.__main__
        import streamer.launch
        streamer.launch.launch = lambda: 5 * (gc.isenabled() and gc.get_freeze_count() > 50_000)
        assert streamer.__main__.main() == 5
    """
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
