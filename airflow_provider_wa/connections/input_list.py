# SPDX-License-Identifier: Apache-2.0
"""The list of a bulk operator: a list or an XCom, a file or a part of it, a query."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseHook

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.bulk.columns import Columns, Keys
from airflow_provider_wa.bulk.files import columns_of, prove, read_column, read_rows
from airflow_provider_wa.bulk.formats import Names, Proof
from airflow_provider_wa.bulk.partition import Part
from airflow_provider_wa.bulk.text import TextFormat
from airflow_provider_wa.bulk.values import full
from airflow_provider_wa.paths import open_path

ROWS_AT_ONCE = 2000
"""Number of rows of a query in memory at once, as far as the database's driver lets them wait in the server."""


class QueryFailed(WaError):
    """A database that cannot be reached, or has broken off an answer. Retry."""

    retry = Retry.LATER


class InputList:
    """A list of numbers or recipients. Each call of ``values`` and ``rows`` reads it from its beginning.

    :param items: a list, the XComs of a mapped task, a single number or text, or the text of a Python list: a
        template renders an XCom's list as such a text, unless the DAG renders native objects.
    :param input_path: instead, a file (``.csv``, ``.xlsx`` ...): a path or an ``ObjectStoragePath`` URI.
    :param sql: instead, a query for the database of ``sql_conn_id``: a connection of any type whose hook is a
        ``DbApiHook`` of ``apache-airflow-providers-common-sql``. A retry that continues by position needs the rows in
        the same order again: let the query have an ORDER BY.
    :param part: a part of ``input_path``: an item of what ``bulk.partition.partition`` returned.
    :param delimiter: separator of a CSV file; found by itself if not named.
    :param encoding: encoding of a text file without a byte order mark; UTF-8 if not named.
    :param items_name: the name of the argument ``items`` in messages.
    :raises BadInput: no list or several lists are given, or arguments that do not go together.
    """

    def __init__(
        self,
        *,
        items: Any = None,
        input_path: str | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        part: Any = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        items_name: str = "numbers",
    ) -> None:
        given = [value for value in (items, input_path, sql) if value is not None]
        if len(given) != 1:
            found = "none" if not given else f"{len(given)} of them"
            raise BadInput(f"{items_name}: give exactly one of {items_name}, input_path and sql; got {found}")
        if (sql is None) != (sql_conn_id is None):
            raise BadInput("sql: give sql and sql_conn_id together; got only one of them")
        if part is not None and input_path is None:
            raise BadInput("part: there is no file to take a part of; give input_path as well")
        self._items_name = items_name
        self._items = None if items is None else _listed(items, items_name)
        self._input_path = input_path
        self._sql = sql
        self._sql_conn_id = sql_conn_id
        self._part = None if part is None else Part.read(part)
        self._text = TextFormat(delimiter, encoding)
        self._proof: Proof | None = None
        self._query_columns: Columns | None = None

    @property
    def first(self) -> int:
        """Place of the first item in the whole list, from 1."""
        return self._part.first if self._part else 1

    @property
    def parts(self) -> int:
        """Number of tasks among which the whole list is divided."""
        return self._part.of if self._part else 1

    @property
    def total(self) -> int | None:
        """Number of items; None for a query, and for a file that was not proved."""
        if self._items is not None:
            return len(self._items)
        if self._part:
            return self._part.last - self._part.first + 1
        return self._proof.count if self._proof else None

    def prove(self, column: str) -> None:
        """Read a file to its end, so that a mistake anywhere in it is found before anything is spent.

        The parts of a file are not proved one by one: ``partition`` has read all of it.

        :raises BadInput: a row cannot be read; the error names its line.
        :raises FileFailed: the file cannot be read, or not to its end.
        """
        if self._input_path is not None and self._part is None:
            self._proof = prove(open_path(self._input_path), column, self._text)

    def values(self, column: str) -> Iterator[Any]:
        """Return one value for each row: that of the column, where rows have columns, or of a query's only column.

        A missing value is the empty text. Whole numbers are integers.

        :raises BadInput: no such file, a wrong query, or no row has the column; found before the first value.
        :raises FileFailed: the file cannot be read, or not to its end.
        :raises QueryFailed: the database cannot be asked, or fails on the way.
        :raises AirflowNotFoundException: there is no connection ``sql_conn_id``.
        """
        if self._items is not None:
            return map(self._keys(column).value, self._mappings(column))
        if self._input_path is not None:
            return read_column(open_path(self._input_path), column, self._span, self._text)
        columns, rows = self._queried(column)
        return (columns.value(row) for row in rows)

    def rows(self, column: str) -> Iterator[Mapping[str, Any]]:
        """Return each row by column, with only the values that are not missing; a plain value has ``column`` alone.

        :raises BadInput: as for ``values``.
        """
        if self._items is not None:
            return map(self._keys(column).row, self._mappings(column))
        if self._input_path is not None:
            return read_rows(open_path(self._input_path), column, self._span, self._text)
        columns, rows = self._queried(column)
        return (columns.row(row) for row in rows)

    def names(self, column: str) -> list[str]:
        """Return all names that some row of the list may have; of a part, all names of the file.

        :raises BadInput: as for ``values``.
        """
        return list(self._columns(column).names)

    def repeated(self, column: str) -> frozenset[str]:
        """Return the names of several columns each: rows leave them out, since it is not clear which column is meant.

        :raises BadInput: as for ``values``.
        """
        return self._columns(column).repeated

    @property
    def _span(self) -> tuple[int, int] | None:
        return self._part.span if self._part else None

    def _columns(self, column: str) -> Names:
        if self._items is not None:
            return Names(self._keys(column).named(_union(self._mappings(column))) or [column])
        if self._input_path is not None:
            return columns_of(open_path(self._input_path), column, self._text, self._proof)
        columns = self._query_columns or self._queried(column)[0]
        return Names(columns.names, columns.repeated)

    def _keys(self, column: str) -> Keys:
        return Keys.of(self._mappings(column), column, "the list")

    def _mappings(self, column: str) -> Iterator[Mapping[Any, Any]]:
        assert self._items is not None
        return (item if isinstance(item, Mapping) else {column: item} for item in self._items)

    def _queried(self, column: str) -> tuple[Columns, Iterator[Sequence[Any]]]:
        """Return the columns of a query, and its rows."""
        assert self._sql is not None
        assert self._sql_conn_id is not None
        answer = _query(_database_hook(self._sql_conn_id), self._sql)
        found: list[str] = next(answer)
        names = [column] if len(found) == 1 else found
        self._query_columns = Columns.of(names, column, "the query")
        return self._query_columns, answer


def _union(rows: Iterable[Mapping[Any, Any]]) -> list[Any]:
    return list({name: None for row in rows for name in row})


def _query(hook: Any, sql: str) -> Iterator[Any]:
    """Yield the names of the columns, then the rows. Closing it ends the query, and closes its connection."""
    with _database_errors():
        connection = closing(hook.get_conn())
    # A cursor with a name leaves the rows in PostgreSQL's server; a plain one brings all at once. Drivers of other
    # databases decide for themselves.
    options = {"name": "wa_list"} if getattr(hook, "conn_type", None) == "postgres" else {}
    with connection as database, closing(database.cursor(**options)) as cursor:
        with _database_errors():
            cursor.execute(sql)
            # PostgreSQL names the columns with the first rows only.
            rows = cursor.fetchmany(ROWS_AT_ONCE)
        described = cursor.description or ()
        found = [column[0] for column in described]
        kinds = [_SHORT_FLOATS.get((getattr(hook, "conn_type", ""), column[1]), "") for column in described]
        yield found
        while rows:
            # A connection may be set to give its rows as dicts.
            listed = ([row[name] for name in found] if isinstance(row, Mapping) else row for row in rows)
            yield from ([*map(full, row, kinds)] for row in listed) if any(kinds) else listed
            with _database_errors():
                rows = cursor.fetchmany(ROWS_AT_ONCE)


_SHORT_FLOATS = {("postgres", 700): "float4", ("mysql", 4): "mysql float"}
"""Column types that lose digits of numbers, with their names in ``values.full``, by connection and driver code."""


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Every driver has these classes (PEP 249), each of its own.
        wrong = any(base.__name__ == "ProgrammingError" for base in type(error).__mro__)
        kind = BadInput if wrong else QueryFailed
        raise kind(f"sql: {type(error).__name__}: {str(error).strip()}") from error


def _database_hook(conn_id: str) -> Any:
    connection = BaseHook.get_connection(conn_id)
    try:
        from airflow.providers.common.sql.hooks.sql import DbApiHook  # noqa: PLC0415 - may be missing

        hook = connection.get_hook()
    except (ImportError, AirflowException) as error:
        raise BadInput(
            f"sql_conn_id: connection {conn_id!r} of type {connection.conn_type!r} needs the Airflow provider of that "
            f"database ({error})"
        ) from None
    if not isinstance(hook, DbApiHook):
        raise BadInput(
            f"sql_conn_id: connection {conn_id!r} has the type {connection.conn_type!r}; expected a SQL database"
        )
    return hook


def _listed(items: Any, name: str) -> list[Any]:
    if isinstance(items, str) and items.lstrip().startswith("["):
        try:
            items = ast.literal_eval(items.strip())
        except (ValueError, SyntaxError):
            raise BadInput(
                f"{name}: the text begins like a list, but cannot be read as one; give the task's output itself, or "
                "set render_template_as_native_obj=True in the DAG"
            ) from None
    if isinstance(items, (str, int)):
        return [items]
    if hasattr(items, "columns") and hasattr(items, "to_dict"):  # a data frame, which iterates over its columns' names
        raise BadInput(f"{name}: expected a list, got {type(items).__name__}; give its to_dict('records')")
    if not isinstance(items, Iterable) or isinstance(items, (bytes, Mapping)):
        raise BadInput(f"{name}: expected a list, got {type(items).__name__}")
    # The XComs of a mapped task give all at once for a slice.
    return list(items[:] if isinstance(items, Sequence) else items)
