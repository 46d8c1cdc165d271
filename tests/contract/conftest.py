"""What several contracts are held on."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.database import make_engine, open_database
from tests.support.postgres import find_binaries, running_postgres
from tests.support.redis import Redis, find_server, running_redis
from tests.support.redis_cluster import RedisCluster, running_cluster
from tests.support.s3 import running_s3


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL for the session; what a test leaves in it is the next one's to remove."""
    if find_binaries() is None:
        assert os.environ.get("CI") != "true", "postgresql is missing: run scripts/setup test"
        pytest.skip("postgresql is not installed")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)) as url:
            yield url


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One Redis for the session; who uses it empties it first."""
    if find_server() is None:
        assert os.environ.get("CI") != "true", "redis-server is missing: run scripts/setup test"
        pytest.skip("redis-server is not installed")
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Three masters for the session; who uses them empties them first."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """One S3 server for the session."""
    with running_s3() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database, which may have been used before."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'veza.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """On a database with nothing in its tables."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(drop_all)
    await engine.dispose()
    engine = await open_database(url)
    yield engine
    await engine.dispose()


def drop_all(connection: Connection) -> None:
    """Drop whatever tables there are."""
    found = sa.MetaData()
    found.reflect(connection)
    found.drop_all(connection)
