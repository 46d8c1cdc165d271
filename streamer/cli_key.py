"""`veza key`: stream keys, straight in the database, whether the server runs or not."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import TypeVar

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chat.roles import Role
from streamer.auth import account_id
from streamer.database import DatabaseUnusable, open_database
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.live import key_rows
from streamer.live.key_rows import KeyRow
from streamer.live.keys import MAX_KEYS, draw_key, hash_key, make_key
from streamer.order_rows import TooMany, read_roles
from streamer.settings import Settings

T = TypeVar("T")


class KeyFailed(Exception):
    """It could not be done; the text says why."""


def make(settings: Settings, room: str, *, priority: int, label: str, name: str | None) -> str:
    """A new key. Args: `name`: of the account whose it is; None: the room's owner, or else nobody's.

    Raises:
        KeyFailed
    """

    def work(connection: Connection) -> str:
        person, person_name = _owner(connection, room)
        if name is not None:
            person, person_name = account_id(name), name
        now_ms = _now_ms()
        key, row = draw_key(
            room=room,
            person=person,
            person_name=person_name,
            label=label,
            priority=priority,
            id=new_id(now_ms, os.urandom(ENTROPY_BYTES)),
            now_ms=now_ms,
            ttl_ms=None,
            entropy=os.urandom,
        )
        key_rows.add_key(connection, row, MAX_KEYS)
        return key

    return _run(settings, work)


def rows(settings: Settings, room: str) -> list[KeyRow]:
    """The keys of a room that are good. Raises KeyFailed."""
    return _run(settings, lambda connection: key_rows.read_keys(connection, room, _now_ms()))


def rotate(settings: Settings, room: str, id: str) -> str:
    """Another secret for a key. Raises KeyFailed."""
    key = make_key(os.urandom)

    def work(connection: Connection) -> bool:
        return key_rows.rotate_key(connection, room, id, hash_key(key))

    if not _run(settings, work):
        raise KeyFailed(f"{room} has no stream key {id}")
    return key


def revoke(settings: Settings, room: str, id: str) -> None:
    """Let a key be good no more; a server that runs notices within seconds. Raises KeyFailed."""
    if not _run(settings, lambda connection: key_rows.remove_key(connection, room, id)):
        raise KeyFailed(f"{room} has no stream key {id}")


def show(found: list[KeyRow]) -> None:
    """Print keys, one a line."""
    for row in found:
        whose = row.person_name or "(nobody's)"
        label = f"  {row.label}" if row.label else ""
        click.echo(f"{row.id}  priority {row.priority}  {whose}{label}")


def _owner(connection: Connection, room: str) -> tuple[str, str]:
    for row in read_roles(connection, room):
        if row["role"] == Role.OWNER.value:
            return row["author_id"], row["name"]
    return "", ""


def _run(settings: Settings, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        settings.data_path.mkdir(parents=True, exist_ok=True)
        engine = await open_database(settings.effective_database_url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except TooMany as error:
        raise KeyFailed(str(error)) from None
    except (DatabaseUnusable, OSError, SQLAlchemyError) as error:
        raise KeyFailed(str(getattr(error, "orig", None) or error).partition("\n")[0]) from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
