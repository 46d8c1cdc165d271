"""A new database and a migrated one have the same schema, on SQLite and on a real PostgreSQL."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import schema
from streamer.database import DatabaseUnusable, make_engine, open_database
from streamer.tables import messages
from tests.support.audio import ROOT
from tests.support.blueprint import Blueprint, draw


@pytest.fixture
async def empty(url: str) -> AsyncIterator[AsyncEngine]:
    """A database with nothing in it."""
    engine = make_engine(url)
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
    yield engine
    await engine.dispose()


async def blueprint(engine: AsyncEngine) -> Blueprint:
    async with engine.connect() as connection:
        return await connection.run_sync(draw)


async def run(engine: AsyncEngine, change: Callable[[Connection], None]) -> Blueprint:
    async with engine.begin() as connection:
        await connection.run_sync(change)
    return await blueprint(engine)


def down_to(revision: str) -> Callable[[Connection], None]:
    return lambda connection: command.downgrade(schema.migration_config(connection), revision)


async def reopened(engine: AsyncEngine, url: str) -> Blueprint:
    await (await open_database(url)).dispose()
    return await blueprint(engine)


async def test_both_ways_lead_to_the_same_schema(empty: AsyncEngine, url: str) -> None:
    """What this test says is missing belongs into streamer/tables.py, or into a migration."""
    migrated = await run(empty, schema.migrate)
    assert await run(empty, down_to("base")) != migrated
    made = await reopened(empty, url)
    assert sorted(made.objects - migrated.objects) == [], "only in a new database: no migration makes it"
    assert sorted(migrated.objects - made.objects) == [], "only in a migrated one: streamer.tables lacks it"
    assert made.rows == migrated.rows == {"alembic_version": 1}, "rows come with the program, or not at all"
    # What a migration needs to add a column that is NOT NULL may stay; the program gives every value itself.
    assert made.defaults.items() <= migrated.defaults.items()
    for column in migrated.defaults.keys() - made.defaults.keys():
        table, _, name = column.partition(".")
        described = [
            line for line in made.objects if f"{table}: {name} " in line or f"{table} {name} " in line
        ]
        assert any("NOT NULL" in line for line in described), f"{column} has a default for no reason"


async def test_the_migrations_go_back_and_forth(empty: AsyncEngine) -> None:
    made = await run(empty, schema.make)
    gone = await run(empty, down_to("base"))
    assert not [line for line in gone.objects if "alembic_version" not in line and "extension" not in line]
    migrated = await run(empty, schema.migrate)
    assert migrated.objects == made.objects
    await run(empty, down_to("base"))
    assert (await run(empty, schema.migrate)).objects == made.objects


async def test_an_old_database_is_migrated(empty: AsyncEngine, url: str) -> None:
    made = await run(empty, schema.make)
    await run(empty, down_to("0001"))
    assert (await reopened(empty, url)).objects == made.objects


def test_the_files_of_the_steps_say_in_which_order_they_come() -> None:
    script = ScriptDirectory.from_config(schema.migration_config())
    steps = list(script.walk_revisions())[::-1]
    assert [script.get_current_head()] == [schema.head()]
    assert [step.revision for step in steps] == [f"{number:04}" for number in range(1, len(steps) + 1)]
    assert all(step.module.__name__.startswith(f"v{step.revision}_") for step in steps)


async def test_a_schema_that_could_not_be_made_leaves_nothing(empty: AsyncEngine, url: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no more")

    before = await blueprint(empty)
    sa.event.listen(messages, "after_create", fail)
    try:
        with pytest.raises(DatabaseUnusable, match="no more"):
            await open_database(url)
    finally:
        sa.event.remove(messages, "after_create", fail)
    assert await blueprint(empty) == before
    assert "messages" in str(await reopened(empty, url))


async def test_those_that_open_a_new_database_at_once_all_succeed(empty: AsyncEngine, url: str) -> None:
    if empty.dialect.name == "sqlite":
        pytest.skip("one server has the data folder, and its SQLite, to itself")
    for opened in await asyncio.gather(*(open_database(url) for _ in range(4))):
        await opened.dispose()
    made = await blueprint(empty)
    await run(empty, down_to("0013"))
    for opened in await asyncio.gather(*(open_database(url) for _ in range(4))):
        await opened.dispose()
    assert (await blueprint(empty)).objects == made.objects
    assert made.rows == {"alembic_version": 1}


async def test_a_schema_from_the_future_is_refused(empty: AsyncEngine, url: str) -> None:
    await run(empty, schema.make)
    async with empty.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="9999"):
        await open_database(url)


def test_alembic_is_not_loaded_without_need(tmp_path: Any) -> None:
    program = """if True:
        import asyncio, sys
        from streamer.database import open_database
        async def twice(url):
            for _ in range(2):
                await (await open_database(url)).dispose()
        asyncio.run(twice(sys.argv[1]))
        assert "alembic" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path / 'db'}"], cwd=ROOT, check=True)
