# SPDX-License-Identifier: Apache-2.0
"""Base of the bulk operators: the list, the results, the call rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_wa.arguments import results_in
from airflow_provider_wa.operators.base import WaOperator


class WaListOperator(WaOperator):
    """Base of the operators that process a list. It is in an argument of the subclass, ``input_path`` or ``sql``.

    :param input_path: a file, as a path or an ``ObjectStoragePath`` URI (templated): a table (``.csv``, ``.tsv``,
        ``.txt``, ``.parquet``, ``.xlsx``) or JSON Lines (``.jsonl``, ``.ndjson``); text may be packed (``.csv.gz``).
    :param sql: a query (templated), over ``sql_conn_id``. Give it an ORDER BY: a retry continues by position.
    :param sql_conn_id: any connection to a database that Airflow has a hook for (templated).
    :param column: the column that holds the number or JID (templated).
    :param part: a part of ``input_path``, as ``partition()`` returns them, for ``.expand(part=...)`` (templated). The
        parts share the call rate.
    :param delimiter: separator of a CSV file, for example ``";"``. By default the separator in a first line ``sep=;``,
        or else the one with which ``column`` is found in the header (templated).
    :param encoding: encoding of a text file without a byte order mark, for example ``"cp1252"`` for many files of
        Excel; UTF-8 by default (templated).
    :param output_path: path or URI of the results, ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson`` or ``.parquet``
        (templated). Replaced if it exists. Required for more than 1,000 rows.
    :param spreadsheet_safe: in ``.csv`` and ``.tsv`` results, put an apostrophe before texts that a spreadsheet would
        run as formulas. They begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return.
    :param concurrency: maximum number of calls at once.
    :param rate_limit: maximum call rate, for example ``"10/s"``; the connection's by default.
    :param default_region: country of numbers without + and country code, such as ``"PE"``; the connection's by default
        (templated).
    :param country_column: column with the country of each row's number, as a code of two letters, for a list with
        several countries. For an empty cell ``default_region`` is used (templated).
    :param international_without_plus: True: digits that are not a number of their region begin with a country code.
        False: digits without +, 00 and a region are invalid. By default they are taken to begin with a country code,
        which ``detail`` and the log then name.
    :param max_invalid: maximum number of invalid numbers, or their maximum share: ``20``, ``0.1`` or ``"10%"``. With
        more, the task fails before anything is sent or paid for; the whole list is read for that (templated).
    :param deferrable: wait in the triggerer, without a worker slot. ``[operators] default_deferrable`` by default.
    """

    items: ClassVar[str]
    """Name of the subclass's own argument: a list, the XCom that holds one, or the output of a bulk operator."""

    template_fields: Sequence[str] = (
        "wa_conn_id",
        "input_path",
        "sql",
        "sql_conn_id",
        "column",
        "part",
        "delimiter",
        "encoding",
        "output_path",
        "default_region",
        "country_column",
        "max_invalid",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}

    def __init__(
        self,
        *,
        input_path: str | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        column: str = "phone",
        part: Any = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        output_path: str | None = None,
        concurrency: int | None = None,
        rate_limit: str | None = None,
        default_region: str | None = None,
        country_column: str | None = None,
        international_without_plus: bool | None = None,
        max_invalid: float | str | None = None,
        deferrable: bool | None = None,
        spreadsheet_safe: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_path = input_path
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.column = column
        self.part = part
        self.delimiter = delimiter
        self.encoding = encoding
        self.output_path = output_path
        self.concurrency = concurrency
        self.rate_limit = rate_limit
        self.default_region = default_region
        self.country_column = country_column
        self.international_without_plus = international_without_plus
        self.max_invalid = max_invalid
        self.spreadsheet_safe = spreadsheet_safe
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )

    @property
    def list_arguments(self) -> dict[str, Any]:
        """The arguments of this class by name, for the runner; ``items`` is the subclass's own."""
        items, path = getattr(self, self.items), self.input_path
        if path is None:
            items, path = results_in(items)
        return {
            "items": items,
            "input_path": path,
            "sql": self.sql,
            "sql_conn_id": self.sql_conn_id,
            "column": self.column,
            "part": self.part,
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "output_path": self.output_path,
            "concurrency": self.concurrency,
            "rate_limit": self.rate_limit,
            "default_region": self.default_region,
            "country_column": self.country_column,
            "international_without_plus": self.international_without_plus,
            "max_invalid": self.max_invalid,
            "deferrable": self.deferrable,
        }
