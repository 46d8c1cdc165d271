"""The engine, set up for how Veza writes."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from streamer import schema

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for the writer
    "PRAGMA synchronous=FULL",  # in WAL only FULL syncs at commit, and an acknowledged message is on disk
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is deleted is gone from the file, too, not just from its tables
    "PRAGMA busy_timeout=10000",  # ms that a second writer waits
)


class DatabaseUnusable(Exception):
    """The database can't be opened or migrated. One line, without the password."""


def make_engine(url: str) -> AsyncEngine:
    """An engine for `sqlite:///path` or `postgresql://...`, with the async driver put in."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"), pool_size=8)
        sa.event.listen(engine.sync_engine, "connect", _set_pragmas)
        return engine
    query = dict(parsed.query)
    if "sslmode" in query:  # libpq's word; asyncpg takes the same values as `ssl`
        query["ssl"] = query.pop("sslmode")
    parsed = parsed.set(drivername="postgresql+asyncpg", query=query)
    return create_async_engine(parsed, pool_size=8, max_overflow=8, pool_pre_ping=True, pool_timeout=10)


def make_twin(engine: AsyncEngine) -> sa.Engine | None:
    """A synchronous engine on the same SQLite file, set up the same way; None for another database."""
    if engine.dialect.name != "sqlite":
        return None
    twin = sa.create_engine(engine.url.set(drivername="sqlite"))
    sa.event.listen(twin, "connect", _set_pragmas)
    return twin


def execute_often(connection: sa.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement in the driver's own words, once for each row, past the layers that make and watch over
    statements: for one row they cost twice what SQLite does with it.

    Raises:
        DBAPIError: as `connection.execute` does.
    """
    driver: object = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        connection.exec_driver_sql(statement, list(rows))
        return
    try:
        driver.executemany(statement, rows)
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance(
            statement, rows, error, sqlite3.Error, dialect=connection.dialect
        ) from error


async def open_database(url: str) -> AsyncEngine:
    """Connect and bring the schema up to date.

    Raises:
        DatabaseUnusable: no such place, no permission, or a schema newer than this program.
    """
    engine = make_engine(url)
    try:
        # aiosqlite's thread goes on for a moment after a file that it can't open, and answers a loop that may
        # be closed by then.
        await asyncio.to_thread(_open_once, engine)
        async with engine.begin() as connection:
            await connection.run_sync(schema.bring_up_to_date)
    except Exception as error:
        await engine.dispose()
        shown = make_url(url).render_as_string(hide_password=True)
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise DatabaseUnusable(f"the database {shown} can't be used: {cause}") from error
    return engine


def _open_once(engine: AsyncEngine) -> None:
    """Raises sa.exc.DBAPIError where SQLite can't open its file."""
    twin = make_twin(engine)
    if twin is not None:
        with twin.connect():
            pass
        twin.dispose()


async def answers(engine: AsyncEngine, within_s: float = 2) -> bool:
    """Whether the database answers a query in time. Safe to cancel."""
    try:
        async with asyncio.timeout(within_s), engine.connect() as connection:
            await connection.execute(sa.select(1))
    except (OSError, TimeoutError, sa.exc.SQLAlchemyError):
        return False
    return True


def heed_cancel() -> None:
    """Raise the cancellation that an error of the database has taken the place of; for who goes on after one.

    SQLAlchemy rolls back on the way out of a transaction that is cancelled. If that fails too, as it does on
    a connection that was cut off in the middle, its error comes out, and the CancelledError is lost.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
