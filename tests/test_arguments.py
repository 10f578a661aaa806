# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import as_moment, is_one_message, one_of, refuse_over_limit, sent_messages
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store


@pytest.mark.parametrize("value", ["wait", "skip"])
def test_one_of_a_few_words_is_taken(value: str) -> None:
    assert one_of("on_hold", value, ("wait", "skip")) == value


@pytest.mark.parametrize("value", ["", "Wait", "wait, skip"])
def test_another_word_is_refused_with_those_that_there_are(value: str) -> None:
    with pytest.raises(BadInput, match=f"on_hold: unknown value '{value}'; expected wait, skip or both"):
        one_of("on_hold", value, ("wait", "skip", "both"))


NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("", None),
        (NOON, NOON),
        (NOON.replace(tzinfo=None), NOON),
        ("2026-11-21T12:00:00", NOON),
        ("2026-11-21 17:00:00+05:00", NOON),
        ("2026-11-21", NOON.replace(hour=0)),
    ],
)
def test_a_moment_is_a_datetime_or_a_text_and_is_in_utc_without_a_zone(given: Any, expected: datetime | None) -> None:
    assert as_moment("since", given) == expected


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", 5])
def test_another_text_is_not_a_moment(given: Any) -> None:
    with pytest.raises(BadInput, match="since: not a date or time"):
        as_moment("since", given)


def test_a_thousand_results_go_into_an_xcom_and_no_more() -> None:
    refuse_over_limit(1000, "messages")
    with pytest.raises(BadInput, match="output_path: more than 1,000 messages do not fit into an XCom"):
        refuse_over_limit(1001, "messages")


ONE = {"message_id": "m1", "to": "34666666610"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("m1", {"m1": None}),
        (ONE, {"m1": "34666666610"}),
        (["m1", {"message_id": "m2", "to": "x"}, "m1"], {"m1": None, "m2": "x"}),
        (
            {
                "batch": "b",
                "results": [{**ONE, "status": "accepted"}, {"message_id": None, "to": "y", "status": "failed"}],
            },
            {"m1": "34666666610"},
        ),
    ],
)
def test_messages_are_known_by_what_their_senders_returned(given: Any, expected: dict[str, str | None]) -> None:
    assert sent_messages(given) == expected


def test_the_messages_of_a_bulk_send_that_went_to_a_file_are_in_the_store(airflow_store: Store) -> None:
    for number, state in enumerate((SendState.ACCEPTED, SendState.FAILED, SendState.UNKNOWN), 1):
        row = SendRow(
            key=f"k{number}", row=number, given="g", recipient=f"3466666661{number}", state=SendState.INTENDED
        )
        settle = Settle(key=row.key, state=state, message_id=f"m{number}")
        airflow_store.sends.change([Intend(batch="b", conn_id="c", row=row), settle])
    assert sent_messages({"batch": "b", "results": None}) == {"m1": "34666666611"}


def test_one_message_wants_one_answer_and_a_bulk_send_a_list() -> None:
    assert is_one_message("m1")
    assert is_one_message(ONE)
    assert not is_one_message({"batch": "b", "results": []})
    assert not is_one_message(["m1"])


@pytest.mark.parametrize("given", [None, 5, {"to": "x"}, [""], [None]])
def test_what_is_no_message_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="message_id"):
        sent_messages(given)
