# SPDX-License-Identifier: Apache-2.0
"""What a check and a send do with each list as people keep them: a line for each, from the first row to the last.

Both operators are the real ones, over a real store and a real vendor's flows, up to the sandbox's application.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.offline import Offline
from helpers.tasks import run_of

from airflow_provider_wa.bulk.files import read_rows
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.store import Store

LISTS = Path(__file__).parent / "lists"

SPAIN = {"default_region": "ES"}
COLOMBIA = {"default_region": "CO", "column": "telefono"}
HI, HOLA = "Hi {{ name }}", "Hola {{ nombre }}"
NO_NAME = "no value for column 'name'"


class Case(NamedTuple):
    """A list and what comes of it.

    :param source: what the public bug report was about.
    :param check: the first letters of the rows' statuses in their order: exists, invalid; empty if the list is refused
        before the first request.
    :param send: the same of the send: accepted, failed.
    :param said: a part of the first detail that a row of the send has, or of the error.
    :param text: one of the messages.
    """

    file: str
    source: str
    arguments: dict[str, Any]
    message: str
    check: str
    send: str
    said: str
    text: str


CASES = [
    Case(*case)
    for case in [
        ("blank.csv", "rows of separators, a second header", {}, HI, "eiei", "afaf", "is not a phone number", "Hi Ben"),
        ("co.csv", "numbers without a country code", COLOMBIA, HOLA, "e" * 6, "a" * 6, "", "Hola Zoe"),
        ("co.csv", "no region", {"column": "telefono"}, HOLA, "eiiiii", "afffff", "read as +32 (BE)", "Hola Ana"),
        ("cp.csv", "Windows-1252 far down", {}, HI, "", "", "line 1421, column 20: byte 0xe9 cannot be decoded", ""),
        ("cp.csv", "and named so", {"encoding": "cp1252"}, HI, "e" * 1421, "a" * 1421, "", "Hi Jos\u00e9"),
        ("dec.parquet", "a DECIMAL column", SPAIN, HI, "ee", "aa", "", "Hi Ben"),
        ("delim.csv", "more commas than separators in the header", {}, HI, "e", "a", "", "Hi Ana"),
        ("dup.csv", "a column that stands twice", {}, HI, "", "", "has 'phone' more than once", ""),
        ("excel.csv", "Excel's numbers", SPAIN, HI, "eeeieeeiieeii", "aaafaaaffaaff", "more than one number", "Hi Ali"),
        ("head.csv", "a line end in a header", {"column": "Phone\n(mobile)"}, HI, "ee", "aa", "", "Hi Ben"),
        ("headpart.csv", "another name with a line end", {}, "Hi {{ city }}", "ee", "aa", "", "Hi Cusco"),
        ("miss.csv", "an empty cell", {}, HI, "ee", "af", NO_NAME, "Hi Ana"),
        ("miss.jsonl", "null", {}, HI, "ee", "af", NO_NAME, "Hi Ana"),
        ("miss.parquet", "NULL", {}, HI, "ee", "af", NO_NAME, "Hi Ana"),
        ("nan.jsonl", "NaN, 1234.0", SPAIN, "{{ name }}: {{ order }}", "ee", "af", NO_NAME, "Ana: 1234"),
        ("nul.csv", "NUL characters", {}, HI, "", "", "line 2, column 20: a NUL character", ""),
        ("quote.csv", "a quote that nobody closes", {}, HI, "", "", 'line 3: a quote " is opened and not closed', ""),
        ("sci.jsonl", "numbers with an exponent", SPAIN, HI, "ieie", "fafa", "its last digits are lost", "Hi Leo"),
        ("sep.csv", "Excel's line sep=;", {"column": "Telefono"}, HOLA, "e", "a", "", "Hola Ana"),
        ("sparse.jsonl", "first rows lack a field", {}, HI, "ee", "fa", NO_NAME, "Hi Eva"),
        ("sparse.jsonl", "with an answer", {}, "Hi {{ name | default('you') }}", "ee", "aa", "", "Hi you"),
        ("tail2.csv", "rows of separators at the end", {}, HI, "eee", "aaa", "", "Hi N613"),
        ("ws.csv", "names with capitals and blanks", {}, HI, "e", "a", "", "Hi Ana"),
    ]
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}-{case.source}")
def test_what_comes_of_a_list(
    case: Case, monkeypatch: pytest.MonkeyPatch, airflow_store: Store, tmp_path: Path
) -> None:
    offline = Offline(monkeypatch)

    def rows_of(operator: type[Any], **more: Any) -> list[Any]:
        output = str(tmp_path / f"{operator.__name__}.jsonl")
        known = {"column": "phone", "input_path": str(LISTS / case.file), "output_path": output, **case.arguments}
        operator(task_id="t", wa_conn_id="wuzapi_default", **known, **more).execute(run_of(task_id=operator.__name__))
        return list(read_rows(Path(output), "status"))

    if not case.check:
        with pytest.raises(AirflowFailException, match=re.escape(case.said)):
            rows_of(WaBulkCheckOperator)
        with pytest.raises(AirflowFailException, match=re.escape(case.said)):
            rows_of(WaBulkSendOperator, message=case.message)
        assert offline.requests == 0
        return
    assert initials(rows_of(WaBulkCheckOperator)) == case.check
    sent = rows_of(WaBulkSendOperator, message=case.message)
    assert initials(sent) == case.send
    details = [row["detail"] for row in sent if row.get("detail")]
    assert case.said in details[0] if case.said else not details
    texts = [message.content["text"] for message in offline.state.ledger.messages.values()]
    assert case.text in texts
    assert len(texts) == case.send.count("a")


def test_each_list_has_its_line() -> None:
    assert {case.file for case in CASES} == {path.name for path in LISTS.iterdir()}


def initials(rows: list[Any]) -> str:
    """Return the first letters of the rows' statuses."""
    return "".join(row["status"][0] for row in rows)
