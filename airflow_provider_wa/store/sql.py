# SPDX-License-Identifier: Apache-2.0
"""The SQL that SQLite and PostgreSQL need in the same form: one upsert, one pager, and texts that both take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Insert,
    Row,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy import column as sql_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from airflow_provider_wa.store.database import Database

T = TypeVar("T")

PARAMETERS = 500
"""Maximum values in one statement."""

CHUNK = 500
"""Rows that a pager reads in one transaction."""

DIALECTS: Mapping[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
"""SQLAlchemy's modules of the databases, by the dialect's name."""

Changed = Callable[[Any], Mapping[str, Any]]
"""The columns that an upsert replaces, each with its value, made from the row that was to be inserted."""


def upsert(
    table: Table,
    changed: Changed | None,
    *,
    key: Sequence[str] = (),
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    returning: Sequence[ColumnElement[Any]] = (),
    values: Callable[[str], Mapping[str, ColumnElement[Any]]] | None = None,
) -> dict[str, Insert]:
    """Return the statement, by the dialect's name, that inserts a row or changes the one that has its key.

    Make it once: SQLAlchemy then finds what it has compiled without looking into it.

    :param changed: what to change; None leaves the row that is there alone.
    :param key: the columns of a unique index; the primary key by default.
    :param where: change only rows for which this holds.
    :param values: returns the columns of the rows to insert, for a dialect's name; by default one row is bound.
    """
    statements = {}
    for name, dialect in DIALECTS.items():
        statement = dialect.insert(table)
        if values is not None:
            new_rows = values(name)
            # Without a WHERE clause SQLite would parse ON CONFLICT as a part of the SELECT.
            statement = statement.from_select(list(new_rows), select(*new_rows.values()).where(true()))
        index = list(key or table.primary_key.columns.keys())
        if changed is None:
            statement = statement.on_conflict_do_nothing(index_elements=index)
        else:
            new = statement.excluded
            condition = where(new) if where else None
            statement = statement.on_conflict_do_update(index_elements=index, set_=changed(new), where=condition)
        statements[name] = statement.returning(*returning) if returning else statement
    return statements


def replacing(table: Table, *, but: Collection[str] = ()) -> Changed:
    """Return the change that replaces all of a row's columns but its key and these."""
    names = [column.name for column in table.columns if not column.primary_key and column.name not in but]
    return lambda new: {name: new[name] for name in names}


def joined_texts(
    dialect: str,
    text: ColumnElement[str],
    *others: ColumnElement[str],
    order: ColumnElement[Any],
    where: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """Return a statement for one row: all values of ``text`` as an ordered JSON array, those of others with commas."""
    if dialect == "postgresql":
        array = cast(func.json_agg(postgresql.aggregate_order_by(text, order)), Text)
        return select(array, *(func.string_agg(other, literal(",")) for other in others)).where(*where)
    named = [other.label(f"other_{number}") for number, other in enumerate(others)]
    ordered = select(text.label("text"), *named).where(*where).order_by(order).subquery()
    return select(func.json_group_array(ordered.c.text), *(func.group_concat(ordered.c[each.name]) for each in named))


def pages(
    database: Database,
    statement: Select[Any],
    key: Sequence[ColumnElement[Any]],
    make: Callable[[Row[Any]], T],
    *,
    after: Sequence[Any] = (),
    limit: int | None = None,
) -> Iterator[T]:
    """Yield what ``make`` makes of a statement's rows, in the order of ``key``.

    They are read in parts, each in a transaction of its own, so that nobody waits for the reader.

    :param key: columns of the statement that together are unique in it; attributes of what is made have their names.
    :param after: only rows behind the one with this key. A condition of the statement must not say so: of two lower
        bounds SQLite searches for one and reads on to the other, so that each part would read all parts before it.
    :param limit: maximum rows.
    """
    ordered, left, last = statement.order_by(*key), limit, after
    while left is None or left > 0:
        size = CHUNK if left is None else min(left, CHUNK)
        part_of = ordered.where(_behind(key, last)) if last else ordered
        with database.reading() as connection:
            part = list(map(make, connection.execute(part_of.limit(size))))
        yield from part
        if len(part) < size:
            return
        last = [getattr(part[-1], column.name) for column in key]
        left = None if left is None else left - len(part)


def _behind(key: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    if len(key) == 1:
        return key[0] > last[0]  # type: ignore[no-any-return]
    return tuple_(*key) > tuple_(*map(literal, last))


def distinct(connection: Connection, column: Column[str]) -> Iterator[str]:
    """Yield the values of the first column of an index, each found by one look-up in the index."""
    last = ""
    while (found := connection.execute(select(func.min(column)).where(column > last)).scalar()) is not None:
        yield found
        last = found


def listed(name: str, columns: Sequence[Column[Any]], dialect: str) -> dict[str, ColumnElement[Any]]:
    """Return columns, by name, of rows that are bound as one parameter, a list of dicts.

    A statement over them accepts any number of rows: its text stays the same, and the rows are bound as one JSON value.

    :param name: the parameter.
    :param columns: columns of texts, whole numbers and JSON.
    """
    rows = bindparam(name, type_=JSON)
    if dialect == "sqlite":
        each = func.json_each(rows).table_valued("value").alias(name)
        return {
            column.name: func.json_extract(each.c.value, literal_column(f"'$.{column.name}'")) for column in columns
        }
    known = [sql_column(column.name, _listed_type(column)) for column in columns]
    table = func.json_to_recordset(cast(rows, JSON)).table_valued(*known).render_derived(name, with_types=True)
    return dict(table.c.items())


def _listed_type(column: Column[Any]) -> type[TypeEngine[Any]]:
    # Without lengths, which only the table needs.
    if isinstance(column.type, JSON):
        return JSON
    return Text if isinstance(column.type, String) else BigInteger


def clean(value: str) -> str:
    """Return a text as every database takes it: without NUL and halves of surrogate pairs."""
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def cleaned(value: str | None, length: int | None = None) -> str | None:
    """Clean a text that may be missing, and cut it to ``length``; None for an empty one."""
    return clean(value)[:length] or None if value else None


def cleaners(table: Table) -> Mapping[str, Callable[[Any], Any]]:
    """Return, by column, the function that makes a text fit; columns of other types are not in it."""
    found: dict[str, Callable[[Any], Any]] = {}
    for column in table.columns:
        if isinstance(column.type, (String, Text)):
            found[column.name] = _cleaner(column.type.length, nullable=bool(column.nullable))
    return found


def _cleaner(length: int | None, *, nullable: bool) -> Callable[[Any], Any]:
    if nullable:
        return lambda value: cleaned(value, length)
    return clean if length is None else lambda value: clean(value)[:length]
