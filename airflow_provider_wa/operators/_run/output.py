# SPDX-License-Identifier: Apache-2.0
"""Writes what operators found: rows to a file or into an XCom, a file's bytes to a path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.output_files import Write, row_writer
from airflow_provider_wa.paths import open_path


@contextmanager
def results_to(
    output_path: str | None, columns: Sequence[str], spreadsheet_safe: bool = False
) -> Iterator[tuple[Write, list[dict[str, Any]]]]:
    """Yield a function that writes rows, and a list. Without a path, the rows are added to the list, for XCom.

    :param spreadsheet_safe: as for ``row_writer``.
    :raises BadInput: the path is not writable.
    """
    results: list[dict[str, Any]] = []
    if output_path:
        with row_writer(open_path(output_path, "output_path"), columns, spreadsheet_safe) as write:
            yield write, results
    else:
        yield lambda row: results.append(dict(row)), results


def write_file(path: ObjectStoragePath, content: bytes) -> None:
    """Write a file, and the folders that it needs.

    :raises BadInput: the path is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(f"output_path: cannot write to {path}: {error.strerror or error}") from None
