# SPDX-License-Identifier: Apache-2.0
"""One long list in several parts, each for a task of its own, and their results in one file again.

check = WaBulkCheckOperator.partial(..., input_path=path, output_path="... {{ ti.map_index }} ...").expand(
    part=cut(path, 4)  # a @task that returns partition(path, 4)
)
join(check.output, "all.csv")  # a @task that returns merge(summaries, "all.csv")
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import IO, Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk import parquet
from airflow_provider_wa.bulk.files import prove
from airflow_provider_wa.bulk.formats import refuse_indivisible
from airflow_provider_wa.bulk.open_file import AnyPath
from airflow_provider_wa.bulk.output_files import opened_to_write
from airflow_provider_wa.bulk.spans import Span
from airflow_provider_wa.bulk.text import TextFormat
from airflow_provider_wa.paths import open_path


@dataclass(frozen=True)
class Part:
    """Some of a file's rows.

    :param first: the number of the first row, from 1.
    :param last: the number of the last one.
    :param of: how many parts the file is in: they share one rate limit.
    """

    first: int
    last: int
    of: int

    @staticmethod
    def read(value: Any) -> Part:
        """Return the part that an item of ``partition`` stands for.

        :raises BadInput: the value is something else.
        """
        known = value if isinstance(value, Mapping) else {}
        numbers = [known.get(name) for name in ("first", "last", "of")]
        whole = [number for number in numbers if type(number) is int]
        if len(whole) < len(numbers) or not (1 <= whole[0] <= whole[1] and whole[2] >= 1):
            raise BadInput(f"part: {value!r} is invalid; expected an item of what partition() returned")
        return Part(*whole)

    @property
    def span(self) -> Span:
        """The rows as a file's readers take them."""
        return self.first, self.last


def partition(
    input_path: str | AnyPath,
    parts: int,
    *,
    column: str = "phone",
    delimiter: str | None = None,
    encoding: str | None = None,
) -> list[dict[str, int]]:
    """Divide a file's rows evenly among tasks: ``[{"first": 1, "last": 25000, "of": 4}, ...]``.

    Each item is the ``part`` of one mapped task: ``.expand(part=...)``. A file of fewer rows has fewer parts.

    The whole file is read, so that a row that cannot be read is found before any task begins.

    :param input_path: a text or Parquet file, neither packed nor a workbook: a path or an ``ObjectStoragePath`` URI.
    :param column: as the operator takes it: a CSV file's separator is found by it.
    :param delimiter: as the operator takes it; give both the same.
    :param encoding: as the operator takes it; give both the same.
    :raises BadInput: no such file, no rows, a row that cannot be read, or less than one part.
    """
    if parts < 1:
        raise BadInput(f"parts: {parts} is less than 1")
    path = _path(input_path)
    refuse_indivisible(path)
    rows = prove(path, column, TextFormat(delimiter, encoding)).count
    if not rows:
        raise BadInput(f"there are no rows in {path}")
    parts = min(parts, rows)
    bounds = [rows * number // parts for number in range(parts + 1)]
    return [asdict(Part(before + 1, last, parts)) for before, last in pairwise(bounds)]


def merge(summaries: Iterable[Mapping[str, Any]], output_path: str | AnyPath) -> dict[str, Any]:
    """Put the results of all parts into one file, in the order of the parts, and add up their counts.

    Returns the counts, ``output`` (the path) and ``results`` (None), as a bulk operator does for the whole list.

    :param summaries: what the mapped tasks returned, each with an ``output``; the XComs of a mapped task, for instance.
    :param output_path: the file to write, with the suffix that the parts' files have. Replaced if it exists.
    :raises BadInput: a part has no file, the files are of several kinds, or ``output_path`` is one of them.
    """
    # A slice fetches all XComs in one call.
    known = list(summaries[:] if isinstance(summaries, Sequence) else summaries)
    outputs = [summary["output"] for summary in known if isinstance(summary, Mapping) and summary.get("output")]
    if not outputs or len(outputs) < len(known):
        raise BadInput("merge: what each part returned must have an output; give the parts an output_path")
    merged = str(output_path)
    if merged in map(str, outputs):
        raise BadInput(f"merge: {merged} is the file of a part")
    paths = [_path(output) for output in outputs]
    target = _path(output_path)
    suffix = target.suffix.lower()
    if other := next((path for path in paths if path.suffix.lower() != suffix), None):
        raise BadInput(f"merge: {other} is of another kind than {target}")
    if missing := next((path for path in paths if not path.exists()), None):
        raise BadInput(f"there is no file {missing}")
    with opened_to_write(target) as out:
        _JOINERS[suffix](paths, out)
    counts: Counter[str] = Counter()
    for summary in known:
        counts.update({name: value for name, value in summary.items() if type(value) is int})
    return {**counts, "output": merged, "results": None}


def _join_csv(paths: Sequence[AnyPath], out: IO[bytes]) -> None:
    head = None
    for path in paths:
        with path.open("rb") as file:
            own = file.readline()
            if head is None:
                head = own
                out.write(head)
            elif own != head:
                raise BadInput(f"merge: {path} has other columns than {paths[0]}")
            shutil.copyfileobj(file, out)


def _join_json_lines(paths: Sequence[AnyPath], out: IO[bytes]) -> None:
    for path in paths:
        with path.open("rb") as file:
            shutil.copyfileobj(file, out)


_JOINERS = {
    ".csv": _join_csv,
    ".tsv": _join_csv,
    ".jsonl": _join_json_lines,
    ".ndjson": _join_json_lines,
    ".parquet": parquet.join,
}


def _path(path: str | AnyPath) -> AnyPath:
    if not isinstance(path, str):
        return path
    opened: AnyPath = open_path(path)
    return opened
