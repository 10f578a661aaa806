# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dedupe import DiskFirstRows, FirstRow
from airflow_provider_wa.bulk.send_facts import Facts, LookUp, owner
from airflow_provider_wa.bulk.send_results import Addressed, Identity
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState, Step
from airflow_provider_wa.store.sends import Recent, SendRow
from airflow_provider_wa.store.store import Store

ONE, OTHER_FORM, TWO = "525512345678", "5215512345678", "51987654321"
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CAP = Cap(1, timedelta(hours=1))


def message(to: str = ONE, row: int = 5, key: str = "a" * 64, **fields: Any) -> Addressed:
    return Addressed(row, f"+{to}", to, Text("hello"), key, **fields)


def stored(to: str = ONE, batch: str = "b", row: int = 5, state: SendState = SendState.ACCEPTED) -> SendRow:
    return SendRow(key="a" * 64, row=row, given=to, recipient=to, state=state, batch=batch, detail="as it was")


def step(facts: Facts) -> Step:
    return facts.step("b", further=False)


def test_both_forms_of_a_number_and_its_jid_are_one_owner() -> None:
    assert owner(ONE) == owner(OTHER_FORM) == owner(f"{OTHER_FORM}@s.whatsapp.net")
    assert owner(ONE) != owner(TWO) != owner("120363041234567890@g.us")
    assert owner(ONE) < 16**15


@pytest.mark.parametrize(
    ("facts", "expected", "reason"),
    [
        (Facts(message(), None), Step.SEND, ""),
        (Facts(message(), stored()), Step.KEEP, ""),
        (Facts(message(), stored(OTHER_FORM)), Step.KEEP, ""),
        (Facts(message(), stored(batch="x")), Step.REPORT_OTHER_BATCH, ""),
        (Facts(message(), None, FirstRow(2, owner(OTHER_FORM))), Step.SKIP_REPEATED, "same recipient as row 2"),
        (
            Facts(message(identity=Identity.MESSAGE), None, FirstRow(2, owner(ONE))),
            Step.SKIP_REPEATED,
            "same message to the same recipient as row 2",
        ),
        (
            Facts(message(identity=Identity.KEY, name="n"), None, FirstRow(2, owner(ONE))),
            Step.SKIP_REPEATED,
            "same idempotency_key as row 2",
        ),
        (
            Facts(message(identity=Identity.KEY, name="n"), None, FirstRow(2, owner(TWO))),
            Step.REFUSE_KEY,
            "idempotency_key 'n': row 2 has it for another recipient",
        ),
        (
            Facts(message(identity=Identity.KEY, name="n" * 99), stored(TWO, batch="x")),
            Step.REFUSE_KEY,
            f"idempotency_key '{'n' * 60}': an earlier message has it for another recipient",
        ),
        (Facts(message(), stored(TWO, state=SendState.FAILED)), Step.SEND, ""),
        (Facts(message(), None, suppressed=True), Step.SKIP_SUPPRESSED, "the recipient is suppressed"),
        (
            Facts(message(), None, capped=Recent(1, NOW)),
            Step.SKIP_CAPPED,
            "capped: 1 message in 1 hour, the last at 2026-03-01T12:00:00+00:00",
        ),
    ],
)
def test_each_step_that_sends_nothing_has_its_reason(facts: Facts, expected: Step, reason: str) -> None:
    assert step(facts) is expected
    assert facts.reason(expected, CAP) == reason


@pytest.mark.parametrize(
    ("identity", "places", "row", "state"),
    [
        (Identity.RECIPIENT, None, 1, SendState.ACCEPTED),
        (Identity.RECIPIENT, range(4, 7), 4, SendState.ACCEPTED),
        (Identity.RECIPIENT, range(4, 7), 1, SendState.SKIPPED),
        (Identity.MESSAGE, range(4, 7), 1, SendState.SKIPPED),
        (Identity.KEY, range(4, 7), 1, SendState.ACCEPTED),
    ],
)
def test_another_part_has_a_row_outside_of_this_one(
    identity: Identity, places: range | None, row: int, state: SendState
) -> None:
    found, detail = Facts(message(identity=identity), stored(batch="x", row=row)).elsewhere(places)
    assert found is state
    expected = (
        "row 1, which another part of the list has" if state is SendState.SKIPPED else "another task or run began"
    )
    assert expected in detail


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield store
    store.close()


def test_the_store_is_asked_once_for_many(store: Store) -> None:
    row = SendRow(key="k", row=1, given=ONE, recipient=ONE, state=SendState.INTENDED)
    store.sends.change([Intend(batch="b", conn_id="c", row=row)])
    store.suppressions.add([TWO])
    asked = [message(OTHER_FORM, 1, "1" * 64), message(TWO, 2, "2" * 64), message(ONE, 3, "1" * 64)]
    for cap, capped in ((CAP, 1), (Cap(2, CAP.period), None), (None, None)):
        known = LookUp.of(store, asked, cap)
        with DiskFirstRows() as seen:
            facts = [known.facts(each, seen) for each in asked]
        assert [each.before for each in facts] == [None, None, FirstRow(1, owner(ONE))]
        assert [each.suppressed for each in facts] == [False, True, False]
        assert [each.capped and each.capped.count for each in facts] == [capped, None, capped]
