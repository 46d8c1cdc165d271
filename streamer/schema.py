"""How a database gets its schema: a new one at once, an old one migrated.

A step counts on both ways: it is written as a migration for the databases that exist, and into
`streamer.tables` for those that don't yet. `tests/contract/test_schema.py` holds the two to the same end.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from streamer import tables_live, tables_log, tables_order, tables_people
from streamer.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

# Tables of other files are made, too.
assert tables_log.message_words.metadata is tables_order.audit.metadata is metadata
assert tables_people.persons.metadata is tables_live.shows.metadata is metadata

# Any number will do, as long as every Veza asks for the same: one node makes or migrates, the others wait.
_LOCK = 0x76657A61

_MIGRATIONS = Path(__file__).parent / "migrations"
_STEP = re.compile(r"v(\d{4})_\w+\.py")

# As Alembic itself makes it, which says in it how far a database has come.
_stamps = sa.MetaData()
_stamp = sa.Table(
    "alembic_version",
    _stamps,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def bring_up_to_date(connection: Connection) -> None:
    """Give the database the schema that this program works with, if it has another or none.

    In the one transaction of `connection`, which the caller begins and commits. Several nodes may do so on
    one PostgreSQL at the same time.

    Raises:
        alembic.util.CommandError: the schema is newer than this program.
        sqlalchemy.exc.SQLAlchemyError: it can't be made; the transaction must be rolled back.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    found, newest = revision(connection), head()
    if found == newest:
        return
    if on_sqlite:
        # The driver begins a transaction before it writes rows, but not before it makes a table.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    if found is None:
        make(connection)
    else:
        migrate(connection)


def head() -> str:
    """The newest revision. A file of a step is named by it, so that nothing need be imported to know."""
    steps = (_STEP.fullmatch(name) for name in os.listdir(_MIGRATIONS / "versions"))
    return max(step[1] for step in steps if step)


def revision(connection: Connection) -> str | None:
    """How far the database has come, or None if it is new."""
    if not sa.inspect(connection).has_table(_stamp.name):
        return None
    return connection.scalar(sa.select(_stamp.c.version_num))


def make(connection: Connection) -> None:
    """Make everything in a database that has nothing yet, and note that no migration is to be run."""
    metadata.create_all(connection, checkfirst=False)
    _stamps.create_all(connection)
    connection.execute(sa.insert(_stamp).values(version_num=head()))


def migrate(connection: Connection) -> None:
    """Run the migrations that the database has not seen."""
    from alembic import command  # a database is migrated once in a long while, and this takes time to load

    command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, without a file: the scripts lie in the package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", os.fspath(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
