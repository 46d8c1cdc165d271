"""What there is in a database, object by object, in words that can be compared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_DEFAULT = re.compile(r" DEFAULT ('[^']*'|\([^)]*\)|\S+)")

_POSTGRESQL = (
    "SELECT concat_ws(' ', 'relation', relname, relkind) FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'",
    "SELECT concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod), "
    "CASE WHEN attnotnull THEN 'NOT NULL' END, 'COLLATE ' || collname, attidentity, attgenerated) "
    "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
    "LEFT JOIN pg_collation ON pg_collation.oid = attcollation "
    "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped",
    "SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) "
    "FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT 'extension ' || extname FROM pg_extension",
)
_POSTGRESQL_DEFAULTS = (
    "SELECT concat_ws('.', adrelid::regclass, attname), pg_get_expr(adbin, adrelid) FROM pg_attrdef "
    "JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum"
)


@dataclass
class Blueprint:
    """A schema.

    Attributes:
        objects: tables and what belongs to them, without the order of columns; a line each.
        defaults: of the database, by table and column.
        rows: how many there are, by table; tables without any are left out.
    """

    objects: set[str]
    defaults: dict[str, str]
    rows: dict[str, int] = field(default_factory=dict)


def draw(connection: Connection) -> Blueprint:
    """Look at everything there is in a database of SQLite or PostgreSQL."""
    on_sqlite = connection.dialect.name == "sqlite"
    found = _of_sqlite(connection) if on_sqlite else _of_postgresql(connection)
    names = sa.inspect(connection).get_table_names()
    if on_sqlite:  # not what FTS5 keeps for itself
        names = [*connection.scalars(sa.text("SELECT name FROM pragma_table_list WHERE type = 'table'"))]
    for name in names:
        if not name.startswith("sqlite_") and (
            rows := connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name)))
        ):
            found.rows[name] = rows
    return found


def _of_postgresql(connection: Connection) -> Blueprint:
    objects = {line for query in _POSTGRESQL for line in connection.scalars(sa.text(query))}
    defaults = connection.execute(sa.text(_POSTGRESQL_DEFAULTS))
    return Blueprint(objects, dict(tuple(row) for row in defaults))


def _of_sqlite(connection: Connection) -> Blueprint:
    found = Blueprint(set(), {})
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    for kind, name, sql in connection.execute(sa.text(query)):
        if kind != "table" or not sql.startswith("CREATE TABLE"):
            found.objects.add(sql)
            continue
        found.objects.add(f"table {name} {sql[sql.rindex(')') + 1 :].strip()}")
        for part in _parts(sql[sql.index("(") + 1 : sql.rindex(")")]):
            if default := _DEFAULT.search(part):
                found.defaults[f"{name}.{part.split()[0]}"] = default[1]
            found.objects.add(f"{name}: {_DEFAULT.sub('', part)}")
    return found


def _parts(body: str) -> Iterator[str]:
    """The columns and constraints of CREATE TABLE: what stands between commas outside of brackets."""
    depth = begin = 0
    for position, letter in enumerate(body + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield " ".join(body[begin:position].replace('"', "").split())
            begin = position + 1
