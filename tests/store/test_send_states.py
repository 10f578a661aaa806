# SPDX-License-Identifier: Apache-2.0
"""All cases of the send machine. The steps are those of the code before there was a table, recorded case by case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.store.send_states import (
    IN_DOUBT,
    MAY_HAVE_GONE_OUT,
    NOT_SENT,
    PROVEN,
    REPLACED_BY_INTENT,
    REPLACED_BY_NOTE,
    REPLACED_BY_OUTCOME,
    TOO_EARLY,
    Evidence,
    SendState,
    Step,
    as_reported,
    elsewhere,
    held,
    next_step,
    outcome,
    stands,
)

FLAGS = (False, True)
SHORT = {
    "send": Step.SEND,
    "again": Step.SEND_AGAIN,
    "keep": Step.KEEP,
    "ask": Step.RECONCILE,
    "other": Step.REPORT_OTHER_BATCH,
    "suppr": Step.SKIP_SUPPRESSED,
    "twice": Step.SKIP_REPEATED,
    "key": Step.REFUSE_KEY,
    "cap": Step.SKIP_CAPPED,
}

# Columns: plain, suppressed, repeated, repeated and suppressed.
STEPS = """
-         ours   first    send  suppr twice twice
-         ours   further  send  suppr twice twice
-         other  first    send  suppr twice twice
-         other  further  send  suppr twice twice
intended  ours   first    ask   ask   twice twice
intended  ours   further  ask   ask   twice twice
intended  other  first    other other twice twice
intended  other  further  other other twice twice
accepted  ours   first    keep  keep  twice twice
accepted  ours   further  keep  keep  twice twice
accepted  other  first    other other twice twice
accepted  other  further  other other twice twice
unknown   ours   first    ask   ask   twice twice
unknown   ours   further  ask   ask   twice twice
unknown   other  first    other other twice twice
unknown   other  further  other other twice twice
failed    ours   first    send  suppr twice twice
failed    ours   further  keep  keep  twice twice
failed    other  first    send  suppr twice twice
failed    other  further  keep  keep  twice twice
delayed   ours   first    send  suppr twice twice
delayed   ours   further  send  suppr twice twice
delayed   other  first    send  suppr twice twice
delayed   other  further  send  suppr twice twice
skipped   ours   first    send  suppr twice twice
skipped   ours   further  keep  keep  twice twice
skipped   other  first    send  suppr twice twice
skipped   other  further  keep  keep  twice twice
"""

# Once the vendor was asked about a message that was in doubt, by what its state is then. Columns: plain, suppressed;
# then the same of a message that may be repeated.
AFTER_RECONCILING = """
intended  ours   first    keep  keep  again keep
intended  ours   further  keep  keep  again keep
accepted  ours   first    keep  keep  keep  keep
accepted  ours   further  keep  keep  keep  keep
unknown   ours   first    keep  keep  again keep
unknown   ours   further  keep  keep  again keep
failed    ours   first    send  suppr send  suppr
failed    ours   further  keep  keep  keep  keep
delayed   ours   first    send  suppr send  suppr
delayed   ours   further  send  suppr send  suppr
skipped   ours   first    send  suppr send  suppr
skipped   ours   further  keep  keep  keep  keep
intended  other  first    other other other other
intended  other  further  other other other other
accepted  other  first    other other other other
accepted  other  further  other other other other
unknown   other  first    other other other other
unknown   other  further  other other other other
"""


# The same of a recipient who has got as many messages as a person may get. That says nothing of what has gone out, or
# may have: a repeat is no further message.
CAPPED = """
-         ours   first    cap   suppr twice twice
-         ours   further  cap   suppr twice twice
-         other  first    cap   suppr twice twice
-         other  further  cap   suppr twice twice
intended  ours   first    ask   ask   twice twice
intended  ours   further  ask   ask   twice twice
intended  other  first    other other twice twice
intended  other  further  other other twice twice
accepted  ours   first    keep  keep  twice twice
accepted  ours   further  keep  keep  twice twice
accepted  other  first    other other twice twice
accepted  other  further  other other twice twice
unknown   ours   first    ask   ask   twice twice
unknown   ours   further  ask   ask   twice twice
unknown   other  first    other other twice twice
unknown   other  further  other other twice twice
failed    ours   first    cap   suppr twice twice
failed    ours   further  keep  keep  twice twice
failed    other  first    cap   suppr twice twice
failed    other  further  keep  keep  twice twice
delayed   ours   first    cap   suppr twice twice
delayed   ours   further  cap   suppr twice twice
delayed   other  first    cap   suppr twice twice
delayed   other  further  cap   suppr twice twice
skipped   ours   first    cap   suppr twice twice
skipped   ours   further  keep  keep  twice twice
skipped   other  first    cap   suppr twice twice
skipped   other  further  keep  keep  twice twice
"""

CAPPED_AFTER_RECONCILING = """
intended  ours   first    keep  keep  again keep
intended  ours   further  keep  keep  again keep
accepted  ours   first    keep  keep  keep  keep
accepted  ours   further  keep  keep  keep  keep
unknown   ours   first    keep  keep  again keep
unknown   ours   further  keep  keep  again keep
failed    ours   first    cap   suppr cap   suppr
failed    ours   further  keep  keep  keep  keep
delayed   ours   first    cap   suppr cap   suppr
delayed   ours   further  cap   suppr cap   suppr
skipped   ours   first    cap   suppr cap   suppr
skipped   ours   further  keep  keep  keep  keep
"""

# The same where another recipient has the key: in the list before (the columns of what is repeated), or in the store,
# where only a message that may have gone out keeps its key.
ANOTHER = """
-         ours   first    send  suppr key   key
-         ours   further  send  suppr key   key
-         other  first    send  suppr key   key
-         other  further  send  suppr key   key
intended  ours   first    key   key   key   key
intended  ours   further  key   key   key   key
intended  other  first    key   key   key   key
intended  other  further  key   key   key   key
accepted  ours   first    key   key   key   key
accepted  ours   further  key   key   key   key
accepted  other  first    key   key   key   key
accepted  other  further  key   key   key   key
unknown   ours   first    key   key   key   key
unknown   ours   further  key   key   key   key
unknown   other  first    key   key   key   key
unknown   other  further  key   key   key   key
failed    ours   first    send  suppr key   key
failed    ours   further  keep  keep  key   key
failed    other  first    send  suppr key   key
failed    other  further  keep  keep  key   key
delayed   ours   first    send  suppr key   key
delayed   ours   further  send  suppr key   key
delayed   other  first    send  suppr key   key
delayed   other  further  send  suppr key   key
skipped   ours   first    send  suppr key   key
skipped   ours   further  keep  keep  key   key
skipped   other  first    send  suppr key   key
skipped   other  further  keep  keep  key   key
"""

ANOTHER_CAPPED = ANOTHER.replace("send ", "cap  ")

Case = tuple[str, str, str, bool, bool, bool, bool, bool, bool]


def lines(table: str) -> Iterator[tuple[str, str, str, list[str]]]:
    for line in table.split("\n")[1:-1]:
        state, whose, turn, *steps = line.split()
        yield state, whose, turn, steps


def cases() -> dict[Case, Step]:
    """All cases: state, ours or other, first or further, repeated, another, suppressed, capped, reconciled, repeat."""
    found = {}
    tables = {(False, False): STEPS, (False, True): CAPPED, (True, False): ANOTHER, (True, True): ANOTHER_CAPPED}
    for (another, capped), table in tables.items():
        for state, whose, turn, steps in lines(table):
            for (repeated, suppressed), step in zip(product(FLAGS, FLAGS), steps, strict=True):
                for may_repeat in FLAGS:  # it says nothing before the vendor was asked
                    case = (state, whose, turn, repeated, another, suppressed, capped, False, may_repeat)
                    found[case] = SHORT[step]
    for capped, table in ((False, AFTER_RECONCILING), (True, CAPPED_AFTER_RECONCILING)):
        for state, whose, turn, steps in lines(table):
            for (may_repeat, suppressed), step in zip(product(FLAGS, FLAGS), steps, strict=True):
                found[state, whose, turn, False, False, suppressed, capped, True, may_repeat] = SHORT[step]
    return found


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_each_case_has_its_step(case: Case) -> None:
    state, whose, turn, repeated, another, suppressed, capped, reconciled, may_repeat = case
    step = next_step(
        None if state == "-" else SendState(state),
        ours=whose == "ours",
        repeated=repeated,
        another=another,
        suppressed=suppressed,
        capped=capped,
        further=turn == "further",
        reconciled=reconciled,
        may_repeat=may_repeat,
    )
    assert step is CASES[case]


def test_no_case_is_left_out() -> None:
    states = ["-", *(state.value for state in SendState)]
    wanted = product(states, ["ours", "other"], ["first", "further"], *[FLAGS] * 4, [False], FLAGS)
    assert {case for case in CASES if not case[7]} == set(wanted)


@pytest.mark.parametrize("state", [None, *SendState])
@pytest.mark.parametrize("case", list(product(*[FLAGS] * 8)), ids=lambda case: "".join(map(str, map(int, case))))
def test_nothing_that_may_have_gone_out_is_sent_but_by_leave(state: SendState | None, case: Any) -> None:
    ours, repeated, another, suppressed, capped, further, reconciled, may_repeat = case
    step = next_step(
        state,
        ours=ours,
        repeated=repeated,
        another=another,
        suppressed=suppressed,
        capped=capped,
        further=further,
        reconciled=reconciled,
        may_repeat=may_repeat,
    )
    if step in (Step.SEND, Step.SEND_AGAIN):
        assert not repeated
        assert not suppressed
        assert not (another and state in MAY_HAVE_GONE_OUT)
        assert not capped or step is Step.SEND_AGAIN
        assert state not in MAY_HAVE_GONE_OUT or (ours and reconciled and may_repeat and step is Step.SEND_AGAIN)
    assert step is not Step.RECONCILE or not reconciled, "it would be asked for ever"


ERRORS: list[tuple[WaError, SendState]] = [
    (BadInput("x"), SendState.FAILED),
    (UnsupportedByVendor("x"), SendState.FAILED),
    (Unauthorized("x"), SendState.DELAYED),
    (SessionDown("x"), SendState.DELAYED),
    (QuotaExceeded("x"), SendState.DELAYED),
    (RateLimited("x"), SendState.DELAYED),
    (VendorUnavailable("x", never_left=True), SendState.DELAYED),
    (OutcomeUnknown("x"), SendState.UNKNOWN),
    (UnexpectedReply("x"), SendState.UNKNOWN),
]


@pytest.mark.parametrize(("error", "state"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_each_error_is_an_outcome(error: WaError, state: SendState) -> None:
    assert outcome(error, again=False) is state
    assert outcome(error, again=True) is SendState.UNKNOWN
    assert state in REPLACED_BY_OUTCOME


@pytest.mark.parametrize(
    ("wait", "again", "state"),
    [(True, False, "delayed"), (True, True, "delayed"), (False, False, "skipped"), (False, True, "unknown")],
)
def test_what_is_held_is_delayed_or_skipped_and_doubt_stays(wait: bool, again: bool, state: str) -> None:
    assert held(wait=wait, again=again) is SendState(state)


def test_each_state_is_either_not_sent_or_may_have_gone_out() -> None:
    assert {*NOT_SENT, *MAY_HAVE_GONE_OUT} == set(SendState)
    assert not set(NOT_SENT) & set(MAY_HAVE_GONE_OUT)
    assert set(IN_DOUBT) == set(MAY_HAVE_GONE_OUT) - {SendState.ACCEPTED}


def test_what_was_accepted_is_never_replaced_and_doubt_only_by_an_outcome_or_by_leave() -> None:
    for replaced in (*REPLACED_BY_INTENT.values(), REPLACED_BY_NOTE, *REPLACED_BY_OUTCOME.values()):
        assert SendState.ACCEPTED not in replaced
    assert not set(IN_DOUBT) & {*REPLACED_BY_INTENT[False], *REPLACED_BY_NOTE}


@pytest.mark.parametrize("evidence", Evidence)
def test_only_a_full_report_proves_that_a_message_was_not_sent(evidence: Evidence) -> None:
    assert (PROVEN[evidence] in NOT_SENT) == (evidence is Evidence.NOT_FOUND)
    assert (PROVEN[evidence] is SendState.ACCEPTED) == (evidence is Evidence.FOUND)
    assert evidence not in TOO_EARLY or PROVEN[evidence] is SendState.UNKNOWN


def test_results_show_what_was_only_intended_as_unknown() -> None:
    assert {state: as_reported(state) for state in SendState if as_reported(state) is not state} == {
        SendState.INTENDED: SendState.UNKNOWN
    }


@pytest.mark.parametrize("state", SendState)
def test_another_parts_message_is_skipped_and_another_runs_has_its_state(state: SendState) -> None:
    assert elsewhere(state, other_part=True) is SendState.SKIPPED
    assert elsewhere(state, other_part=False) is as_reported(state)


@pytest.mark.parametrize("state", SendState)
def test_what_may_have_gone_out_stands_for_a_row_that_has_no_message_any_more(state: SendState) -> None:
    assert stands(state, repeated=False) is (state in MAY_HAVE_GONE_OUT)
    assert not stands(state, repeated=True)


@pytest.mark.parametrize("state", [None, *SendState])
def test_nothing_is_sent_to_somebody_who_has_got_it_under_another_name(state: SendState | None) -> None:
    names = ("ours", "repeated", "another", "suppressed", "capped", "further", "reconciled", "may_repeat")
    for case in product(*[FLAGS] * 8):
        known: Any = dict(zip(names, case, strict=True))
        step, without = next_step(state, **known, reached=True), next_step(state, **known)
        assert step not in (Step.SEND, Step.SEND_AGAIN), known
        if state in MAY_HAVE_GONE_OUT and without is not Step.SEND_AGAIN:
            assert step is without, known
