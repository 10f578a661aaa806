# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

from airflow_provider_wa.bulk.send_results import COLUMNS, SendCounts, as_result
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow


def test_a_result_tells_what_is_known() -> None:
    row = SendRow(key="k", row=1, given="+1 202", recipient="1202", state=SendState.INTENDED, message_id="ours")
    assert as_result(row) == {
        "input": "+1 202",
        "to": "1202",
        "status": "unknown",
        "message_id": None,
        "settled_at": None,
        "detail": "",
    }
    assert tuple(as_result(row)) == COLUMNS


def test_what_is_begun_and_what_nobody_knows_are_in_doubt() -> None:
    states = Counter({SendState.ACCEPTED: 1200, SendState.INTENDED: 1, SendState.UNKNOWN: 2, SendState.SKIPPED: 3})
    counts = SendCounts(states=states, total=1206)
    assert counts.to_dict() == {"total": 1206, "accepted": 1200, "skipped": 3, "failed": 0, "unknown": 3}
    assert (counts.done, counts.remark) == (1206, "1,200 accepted, 3 skipped, 3 unknown")


def test_the_log_counts_the_duplicates_among_the_skipped() -> None:
    counts = SendCounts(states=Counter({SendState.ACCEPTED: 2, SendState.SKIPPED: 1200}), total=1202, duplicates=1100)
    assert counts.remark == "2 accepted, 1,200 skipped (1,100 of the skipped are duplicates)"


def test_a_row_without_a_recipient_has_none() -> None:
    row = SendRow(key="k", row=1, given="nobody", recipient="", state=SendState.FAILED)
    assert as_result(row)["to"] is None


def test_what_is_left_for_later_is_not_done() -> None:
    counts = SendCounts(states=Counter({SendState.ACCEPTED: 1, SendState.DELAYED: 2}), total=3)
    assert (counts.done, counts.remark) == (1, "1 accepted, 2 left for later")
