"""Where frequent database work runs: one hop to a thread for SQLite, the async driver for PostgreSQL."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.database import make_twin

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseFailed(Exception):
    """The database refused; the text is its own, one line. The world's fault."""


class Lane:
    """Runs functions of a synchronous connection, each in one transaction.

    For SQLite that happens on threads of the lane's own, each with a connection that stays open. An
    asynchronous driver crosses between threads for every statement: measured here, 2.6 ms of CPU for a commit
    of one row, and 0.15 ms this way.
    """

    def __init__(self, engine: AsyncEngine, name: str, threads: int = 1) -> None:
        """Args: `threads` is how many functions run at the same time, with SQLite."""
        self._engine = engine
        self._twin: Engine | None = make_twin(engine)
        self._threads = ThreadPoolExecutor(threads, name) if self._twin else None
        self._open = local()  # .connection
        self._connections: list[Connection] = []

    async def run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`work(connection, *args)`, committed when it returns, rolled back when it raises.

        Raises:
            DatabaseFailed: also when nobody knows whether the commit took place.

        Cancelling it leaves the transaction to finish by itself.
        """

        def whole(connection: Connection) -> T:
            return work(connection, *args, **kwargs)

        try:
            if self._threads is None:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(whole)
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, whole)
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseFailed(str(getattr(error, "orig", None) or error).partition("\n")[0]) from error

    async def close(self) -> None:
        """Wait for what runs, then let go of the database; `run` must not be called any more."""
        if self._threads is not None and self._twin is not None:
            await asyncio.to_thread(self._threads.shutdown)
            for connection in self._connections:
                connection.close()
            self._twin.dispose()

    def _run(self, work: Callable[[Connection], T]) -> T:
        connection: Connection | None = getattr(self._open, "connection", None)
        if connection is None:
            assert self._twin is not None
            connection = self._open.connection = self._twin.connect()
            self._connections.append(connection)
        with connection.begin():
            return work(connection)
