# SPDX-License-Identifier: Apache-2.0
"""Whatever list was written: every row has its result, in order, or the list is refused before the first request.

Lists are written by Python's csv module in strict mode, and damaged by one byte anywhere. They go through both bulk
operators, a real store and a real vendor's flows, up to the sandbox's application; there is no socket.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.offline import Offline
from helpers.tasks import run_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_wa.bulk.files import read_rows
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.store import Store

PEOPLE = [
    (spelling.format(place), place)
    for place in range(1, 5)
    for spelling in ("+1 202 555 0{0}10", "(001) 202-555-0{0}10", "1.202.555.0{0}10")
]
"""Numbers as people write them, all on WhatsApp, each with the person whose it is."""

NOBODY = [(text, None) for text in ("", "n/a", "call me, later", 'the "old" one', "\t")]
"""Cells that are not numbers."""

CALM = "abz '\"\n"
WILD = CALM + ",;|\t\r =+-éÖ"
WIDE = WILD + "ß漢😀\u200b\u2028"
ENCODINGS = {"utf-8": WIDE, "utf-8-sig": WIDE, "utf-16": WIDE, "utf-32": WIDE, "cp1252": WILD}
"""Encodings with characters that they have."""

MESSAGE = "<{{ tag }}|{{ name | default('-') }}>"

EACH_TIME = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
THOROUGH = settings(EACH_TIME, max_examples=400)


# Between ends of "\n" Python's writer leaves a lone "\r" in a cell without quotes, and such a list is refused.
STYLES = [(end, quoting) for end in ("\n", "\r\n") for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)]


@dataclass(frozen=True)
class Row:
    """A row that was written; ``tag`` is different in each."""

    phone: str
    person: int | None
    name: str
    tag: str

    @property
    def given(self) -> str:
        return "" if self.phone.isspace() else self.phone

    @property
    def name_or_none(self) -> str | None:
        return None if not self.name or self.name.isspace() else self.name

    @property
    def text(self) -> str:
        """The row's message."""
        return f"<{self.tag}|{self.name_or_none or '-'}>"


@dataclass(frozen=True)
class Written:
    """A file and what was written into it; a record is a line of it, or several with line ends in quotes."""

    rows: tuple[Row, ...]
    records: tuple[bytes, ...]
    encoding: str
    delimiter: str

    @property
    def content(self) -> bytes:
        return b"".join(self.records)

    @property
    def text_format(self) -> dict[str, str]:
        return {"encoding": self.encoding} if self.encoding == "cp1252" else {}


@st.composite
def lists(draw: st.DrawFn, encodings: Sequence[str] = tuple(ENCODINGS), calm: bool = False) -> Written:
    """Lists in some encodings; ``calm`` ones have nobody twice, and no separators in cells."""
    encoding = draw(st.sampled_from(encodings))
    texts = st.text(CALM if calm else ENCODINGS[encoding], max_size=6)
    numbers = st.sampled_from(PEOPLE + NOBODY)
    cells = st.lists(st.tuples(numbers, texts), min_size=1, max_size=8, unique_by=_person if calm else None)
    rows = tuple(Row(phone, person, name, f"t{place}") for place, ((phone, person), name) in enumerate(draw(cells)))
    columns = draw(st.permutations(["phone", "name", "tag"]))
    line_end, quoting = draw(st.sampled_from(STYLES))
    dialect: dict[str, Any] = {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "quoting": csv.QUOTE_ALL if line_end == "\n" and any("\r" in row.name for row in rows) else quoting,
        "lineterminator": line_end,
        "strict": True,
    }
    header = [draw(st.sampled_from(["phone", "Phone", " PHONE "])) if name == "phone" else name for name in columns]
    blanks = st.sampled_from(["", "", "", " ", dialect["delimiter"] * 2])
    lines = [_line(header, **dialect)]
    for row in rows:
        blank = draw(blanks)
        lines.append(blank + dialect["lineterminator"] if blank else "")
        lines.append(_line([getattr(row, name) for name in columns], **dialect))
    if draw(st.booleans()):
        lines[-1] = lines[-1].removesuffix(dialect["lineterminator"])
    return Written(rows, _encoded(lines, encoding), encoding, dialect["delimiter"])


def _encoded(lines: Sequence[str], encoding: str) -> tuple[bytes, ...]:
    """Return the bytes of each line; a mark of the byte order stands in the first one alone."""
    encode = codecs.getincrementalencoder(encoding)().encode
    return tuple(encode(line) for line in lines)


def _person(cells: tuple[tuple[str, int | None], str]) -> object:
    (phone, person), _ = cells
    return person or phone


def _line(cells: Sequence[str], **dialect: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerow(cells)
    return text.getvalue()


class Operators:
    """Both bulk operators over files, each time a run of its own."""

    def __init__(self, offline: Offline, folder: Path) -> None:
        self.offline = offline
        self._folder = folder
        self._runs = itertools.count()

    def check(self, content: bytes, **arguments: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        output = str(self._folder / "checked.csv")
        summary = self._run(WaBulkCheckOperator, content, carry=["name", "tag"], output_path=output, **arguments)
        return summary, list(read_rows(Path(output), "input"))

    def send(self, content: bytes, **arguments: Any) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self._run(WaBulkSendOperator, content, message=MESSAGE, **arguments)["results"]
        return results

    def text_of(self, result: Mapping[str, Any]) -> str | None:
        """Return the text of a message that was accepted; None of any other."""
        if result["status"] != "accepted":
            return None
        text: str = self.offline.state.ledger.messages["wuzapi", result["message_id"]].content["text"]
        return text

    def _run(self, operator: type[Any], content: bytes, **arguments: Any) -> dict[str, Any]:
        path = self._folder / "list.csv"
        path.write_bytes(content)
        before, run = self.offline.requests, run_of(run_id=f"r{next(self._runs)}")
        made = operator(task_id="t", wa_conn_id="wuzapi_default", input_path=str(path), column="phone", **arguments)
        try:
            summary: dict[str, Any] = made.execute(run)
        except AirflowFailException:
            assert self.offline.requests == before, "a list is refused before the first request"
            raise
        return summary


@pytest.fixture
def operators(monkeypatch: pytest.MonkeyPatch, airflow_store: Store, tmp_path: Path) -> Iterator[Operators]:
    return Operators(Offline(monkeypatch), tmp_path)


def expected_of(written: Written) -> dict[str, Any]:
    """Return the results of a list: those of a check have a person's first row, those of a send have all rows."""
    checked, sent, seen = [], [], set()
    for row in written.rows:
        again = row.person in seen
        if row.person:
            seen.add(row.person)
        if not again:
            checked.append((row.given, row.name_or_none, row.tag))
        status = "failed" if row.person is None else "skipped" if again else "accepted"
        sent.append((row.given, status, row.text if status == "accepted" else None))
    return {"checked": checked, "duplicates": len(written.rows) - len(checked), "sent": sent}


def found_in(operators: Operators, written: Written) -> dict[str, Any]:
    summary, checked = operators.check(written.content, **written.text_format)
    sent = operators.send(written.content, **written.text_format)
    return {
        "checked": [_cells(row) for row in checked],
        "duplicates": summary["duplicates"],
        "sent": [(each["input"], each["status"], operators.text_of(each)) for each in sent],
    }


def _cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row.get("input", ""), row.get("name"), row.get("tag")


@dataclass(frozen=True)
class Damage:
    """A list, its content with one byte taken out, put in or replaced, and the rows that are not touched by that.

    :param fewest: the number of rows that are left at least: a row that is joined to the next one is one fewer.
        If the header is damaged, its names may stand over other cells: then no row is untouched, and all are counted.
    """

    written: Written
    content: bytes
    untouched: tuple[Row, ...]
    fewest: int


@st.composite
def damaged(draw: st.DrawFn) -> Damage:
    """Damaged lists: mostly where a cell or a row ends, and mostly by a byte that is lost."""
    written = draw(lists(("utf-8", "utf-8-sig", "cp1252"), calm=True))
    content = written.content
    ends_of_cells = [place for place, byte in enumerate(content) if byte in f'"\r\n{written.delimiter}'.encode()]
    place = draw(st.sampled_from(ends_of_cells) | st.integers(0, len(content) - 1))
    byte = draw(st.just(b"") | st.sampled_from([bytes([value]) for value in b'"\n\r\0\xff9,;\t']))
    after = place + draw(st.integers(0 if byte else 1, 1))
    ends = list(itertools.accumulate(map(len, written.records)))
    # Before each row there is a blank line, or nothing. A line end that is lost joins a row to the next one.
    untouched = tuple(
        row
        for number, row in enumerate(written.rows)
        if place > ends[0]
        and not ends[2 * number] - len(written.records[2 * number]) - 2 <= place < ends[2 * number + 2]
    )
    joins = content[place:after] in (b"\r", b"\n")
    return Damage(written, content[:place] + byte + content[after:], untouched, len(written.rows) - joins)


def losses(operators: Operators, damage: Damage) -> list[str]:
    """Return what a check and a send of a damaged list lose; a list that is refused loses nothing."""
    content, untouched = damage.content, damage.untouched
    how = {"delimiter": damage.written.delimiter, **damage.written.text_format}
    found: list[str] = []
    with suppress(AirflowFailException):
        _, checked = operators.check(content, **how)
        cells = [(row.given, row.name_or_none, row.tag) for row in untouched]
        found += ["a checked row"] * (len(checked) < damage.fewest)
        found += ["an untouched row of the check"] * (not _is_within(cells, map(_cells, checked)))
    with suppress(AirflowFailException):
        sent = operators.send(content, **how)
        texts = [row.text for row in untouched if row.person]
        found += ["a row of the send"] * (len(sent) < damage.fewest)
        found += ["an untouched row of the send"] * (
            not _is_within([row.given for row in untouched], (result["input"] for result in sent))
        )
        found += ["a message"] * (not _is_within(texts, map(operators.text_of, sent)))
    return found


def _is_within(some: Iterable[Any], all_of_them: Iterable[Any]) -> bool:
    """Return True if a sequence has all of another's items in their order."""
    rest = iter(all_of_them)
    return all(item in rest for item in some)


@EACH_TIME
@given(written=lists())
def test_each_row_of_a_list_has_its_result(operators: Operators, written: Written) -> None:
    assert found_in(operators, written) == expected_of(written)


@EACH_TIME
@given(damage=damaged())
def test_a_damaged_list_loses_no_row_or_is_refused(operators: Operators, damage: Damage) -> None:
    assert losses(operators, damage) == []


@pytest.mark.system
@THOROUGH
@given(written=lists())
def test_each_row_of_many_lists_has_its_result(operators: Operators, written: Written) -> None:
    assert found_in(operators, written) == expected_of(written)


@pytest.mark.system
@THOROUGH
@given(damage=damaged())
def test_many_damaged_lists_lose_no_row_or_are_refused(operators: Operators, damage: Damage) -> None:
    assert losses(operators, damage) == []
