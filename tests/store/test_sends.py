# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, event, update
from store.workers import intend_all, intend_within_cap, run_at_once

from airflow_provider_wa.store import sends as module
from airflow_provider_wa.store import sql
from airflow_provider_wa.store.send_changes import Forget, Note, Place, Report, Settle, Withdraw
from airflow_provider_wa.store.send_intents import LIMIT_REACHED, DailyLimit, Intend, RecipientLimit
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import Recent, SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import NAME
from airflow_provider_wa.store.tables import sends as table

INTENDED, ACCEPTED, UNKNOWN, FAILED, DELAYED, SKIPPED = SendState
HOUR = timedelta(hours=1)
JUNK = "a\0b\ud800" + "x" * 1000


def to_send(number: int, state: SendState = INTENDED, **fields: Any) -> SendRow:
    digits = f"519876{number:05d}"
    defaults = {"key": f"k{number}", "row": number, "given": f"+{digits}", "recipient": digits, "state": state}
    return SendRow(**{**defaults, **fields})


def change(store: Store, *changes: module.Change) -> Any:
    """Make changes, and return the result of the last."""
    return store.sends.change(changes)[-1]


def intend(row: SendRow | int, **options: Any) -> Intend:
    row = to_send(row) if isinstance(row, int) else row
    return Intend(**{"batch": "b", "conn_id": "my_wa", "row": row, **options})


def note(row: SendRow, **options: Any) -> Note:
    return Note(**{"batch": "b", "conn_id": "my_wa", "row": row, **options})


def bring(store: Store, row: int, state: SendState, **fields: Any) -> SendRow:
    """Bring a message into a state, in the way that this happens, and return its row."""
    if state is SKIPPED:
        change(store, note(to_send(row, SKIPPED, **fields)))
    else:
        assert change(store, intend(to_send(row, **fields))) is None
    if state not in (SKIPPED, INTENDED):
        assert change(store, Settle(key=f"k{row}", state=state, detail=f"{state.value} it was"))
    return found(store, row)


def found(store: Store, row: int) -> SendRow:
    return store.sends.known([f"k{row}"])[f"k{row}"]


def states(store: Store, batch: str = "b") -> list[tuple[int, str]]:
    return [(row.row, row.state.value) for row in store.sends.rows(batch)]


def now() -> datetime:
    return datetime.now(timezone.utc)


# Intents.


def test_an_intent_is_kept_whole(store: Store) -> None:
    before = now()
    row = to_send(7, given="+51 98 76", recipient="group@g.us", message_id="3EB0")
    assert change(store, intend(row)) is None
    kept = found(store, 7)
    assert kept.intended_at is not None
    assert before <= kept.intended_at <= now()
    assert kept == replace(row, intended_at=kept.intended_at)
    assert isinstance(kept.state, SendState)
    assert list(store.sends.rows("b")) == [kept]
    assert list(store.sends.rows("other")) == []


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("state", list(SendState))
def test_an_intent_is_written_again_only_if_nothing_was_sent_or_doubt_is_allowed(
    store: Store, state: SendState, again: bool
) -> None:
    standing = bring(store, 1, state, message_id="first")
    result = change(store, intend(to_send(1, given="2", row=2, message_id="second"), batch="b2", again=again))
    if state in (FAILED, DELAYED, SKIPPED) or (again and state in (INTENDED, UNKNOWN)):
        assert result is None
        kept = found(store, 1)
        assert (kept.state, kept.row, kept.given, kept.message_id) == (INTENDED, 2, "2", "second")
        assert (kept.detail, kept.settled_at) == ("", None)
        assert kept.intended_at is not None
        assert standing.intended_at is None or kept.intended_at > standing.intended_at
        assert list(store.sends.rows("b2")) == [kept]
    else:
        assert result == standing
        assert found(store, 1) == standing


@pytest.mark.system
def test_of_many_who_intend_the_same_at_once_one_may_send(store_url: str) -> None:
    keys = [f"k{number}" for number in range(50)]
    allowed = run_at_once(intend_all, [(store_url, keys, number % 2) for number in range(6)])
    assert sorted(key for some in allowed for key in some) == sorted(keys)
    store = Store(store_url)
    assert store.sends.counts("b") == {"intended": 50}
    store.close()


def test_a_message_of_another_batch_stands_in_the_way_as_well(store: Store) -> None:
    bring(store, 1, ACCEPTED)
    assert change(store, intend(1, batch="other", conn_id="other")) == found(store, 1)
    assert states(store, "other") == []


# The limit of a day.


@pytest.mark.parametrize("state", list(SendState))
def test_those_that_may_have_gone_out_count_for_the_limit(store: Store, state: SendState) -> None:
    bring(store, 1, state)
    result = change(store, intend(2, daily=DailyLimit(limit=1, since=now() - HOUR)))
    assert result is (LIMIT_REACHED if state in (INTENDED, ACCEPTED, UNKNOWN) else None)
    assert len(list(store.sends.rows("b"))) == (1 if result else 2)


def test_the_limit_is_that_of_a_connection_and_a_time(store: Store) -> None:
    bring(store, 1, ACCEPTED)
    later = found(store, 1).intended_at
    assert later is not None
    assert change(store, intend(2, daily=DailyLimit(limit=1, since=later))) is LIMIT_REACHED
    assert change(store, intend(2, daily=DailyLimit(limit=1, since=later + HOUR / 3600000))) is None
    assert change(store, intend(3, conn_id="other", daily=DailyLimit(limit=1, since=later))) is None


def test_as_many_as_the_limit_are_written_in_one_go(store: Store) -> None:
    daily = DailyLimit(limit=3, since=now() - HOUR)
    results = store.sends.change([intend(row, daily=daily) for row in range(1, 6)])
    assert results == [None, None, None, LIMIT_REACHED, LIMIT_REACHED]
    assert states(store) == [(1, "intended"), (2, "intended"), (3, "intended")]
    assert change(store, intend(9, daily=DailyLimit(limit=0, since=now() - HOUR))) is LIMIT_REACHED


def test_what_stands_in_the_way_is_told_when_the_limit_is_reached_as_well(store: Store) -> None:
    accepted, unknown = bring(store, 1, ACCEPTED), bring(store, 2, UNKNOWN)
    daily = DailyLimit(limit=1, since=now() - HOUR)
    assert change(store, intend(1, daily=daily)) == accepted
    assert change(store, intend(2, daily=daily)) == unknown
    assert change(store, intend(2, daily=daily, again=True)) is LIMIT_REACHED
    assert found(store, 2) == unknown


def test_one_that_is_sent_again_is_among_those_that_are_counted(store: Store) -> None:
    bring(store, 1, ACCEPTED)
    bring(store, 2, UNKNOWN)
    assert change(store, intend(2, again=True, daily=DailyLimit(limit=2, since=now() - HOUR))) is None


# Outcomes.


def test_an_outcome_is_entered(store: Store) -> None:
    intended = bring(store, 1, INTENDED)
    before = now()
    assert change(store, Settle(key="k1", state=ACCEPTED, message_id="m1", detail="phone is off")) is True
    settled = found(store, 1)
    assert settled.settled_at is not None
    assert before <= settled.settled_at <= now()
    expected = replace(intended, state=ACCEPTED, message_id="m1", detail="phone is off")
    assert settled == replace(expected, settled_at=settled.settled_at)


def test_a_message_id_is_kept_unless_there_is_another(store: Store) -> None:
    bring(store, 1, INTENDED, message_id="chosen")
    change(store, Settle(key="k1", state=UNKNOWN))
    assert found(store, 1).message_id == "chosen"
    change(store, Settle(key="k1", state=ACCEPTED, message_id="given"))
    assert found(store, 1).message_id == "given"


@pytest.mark.parametrize("outcome", [ACCEPTED, UNKNOWN, FAILED, DELAYED])
@pytest.mark.parametrize("state", list(SendState))
def test_an_outcome_never_hides_that_a_message_may_have_gone_out(
    store: Store, state: SendState, outcome: SendState
) -> None:
    standing = bring(store, 1, state)
    entered = change(store, Settle(key="k1", state=outcome, message_id="m", detail="new"))
    # A message that two tries sent at once: the one that was refused ends first, or last.
    assert entered == (state in (INTENDED, UNKNOWN) or (state is not ACCEPTED and outcome in (ACCEPTED, UNKNOWN)))
    assert found(store, 1).state == (outcome if entered else state)
    assert entered or found(store, 1) == standing


@pytest.mark.parametrize("state", [INTENDED, SKIPPED])
def test_what_is_no_outcome_is_refused(store: Store, state: SendState) -> None:
    bring(store, 1, INTENDED)
    with pytest.raises(KeyError):
        change(store, Settle(key="k1", state=state))


def test_the_outcome_of_an_unknown_message_is_nothing(store: Store) -> None:
    assert change(store, Settle(key="nobody's", state=ACCEPTED)) is False
    assert store.sends.known(["nobody's"]) == {}


# What is not sent, and where it is.


@pytest.mark.parametrize("state", [SKIPPED, DELAYED, FAILED])
def test_what_is_not_sent_is_kept_with_the_reason(store: Store, state: SendState) -> None:
    before = now()
    change(store, note(to_send(3, state, detail="quiet hours", recipient="no number")))
    kept = found(store, 3)
    assert kept.settled_at is not None
    assert before <= kept.settled_at <= now()
    expected = to_send(3, state, detail="quiet hours", recipient="no number")
    assert kept == replace(expected, settled_at=kept.settled_at)


@pytest.mark.parametrize("state", list(SendState))
def test_a_message_that_may_have_gone_out_is_not_noted_as_not_sent(store: Store, state: SendState) -> None:
    standing = bring(store, 1, state)
    change(store, note(to_send(1, SKIPPED, row=5, given="5", detail="duplicate")))
    kept = found(store, 1)
    if state in (INTENDED, ACCEPTED, UNKNOWN):
        assert kept == replace(standing, row=5)
    else:
        assert (kept.state, kept.row, kept.given, kept.detail) == (SKIPPED, 5, "5", "duplicate")
        assert kept.intended_at == standing.intended_at


@pytest.mark.parametrize("state", list(SendState))
def test_a_note_of_another_batch_leaves_a_message_where_it_is_and_is_that_batchs_result(
    store: Store, state: SendState
) -> None:
    standing = bring(store, 1, state)
    change(store, note(to_send(1, SKIPPED, row=5, detail="suppressed"), batch="other"))
    assert list(store.sends.rows("b")) == [standing]
    (own,) = store.sends.rows("other")
    assert (own.key, own.row, own.state, own.detail) == ("other:5", 5, SKIPPED, "suppressed")


@pytest.mark.parametrize("state", [FAILED, DELAYED, SKIPPED])
def test_an_intent_takes_over_what_another_batch_did_not_send_and_leaves_it_its_result(
    store: Store, state: SendState
) -> None:
    standing = bring(store, 1, state)
    change(store, note(to_send(1, SKIPPED, row=5), batch="other"))
    assert change(store, intend(to_send(1, row=5), batch="other", conn_id="c2")) is None
    assert states(store, "other") == [(5, "intended")], "its note is not there any more"
    assert list(store.sends.rows("b")) == [replace(standing, key="b:1")]


def test_a_report_replaces_whatever_its_row_had_before(store: Store) -> None:
    def reported(state: SendState, **fields: Any) -> list[tuple[int, str, str]]:
        row = to_send(1, state, **fields)
        change(store, Report(batch="b", conn_id="c", row=row))
        return [(row.row, row.key, row.state.value) for row in store.sends.rows("b")]

    assert reported(ACCEPTED, message_id="m") == [(1, "b:1", "accepted")]
    assert reported(FAILED) == [(1, "b:1", "failed")]
    change(store, Forget(batch="b", before=now() - HOUR))
    assert reported(ACCEPTED) == [(1, "b:1", "accepted")]
    change(store, Forget(batch="b", before=now() + HOUR))
    assert states(store) == [], "a report is of a row that the list has now"


# What a person has got.


def got(store: Store, *recipients: str, since: timedelta = HOUR) -> dict[str, int]:
    return {to: recent.count for to, recent in store.sends.recent(recipients, now() - since).items()}


@pytest.mark.parametrize("state", list(SendState))
def test_what_may_have_gone_out_to_a_person_counts_whatever_the_connection(store: Store, state: SendState) -> None:
    row = bring(store, 1, state)
    change(store, intend(to_send(2, recipient=row.recipient), batch="b2", conn_id="other"))
    expected = 1 + (state in (INTENDED, ACCEPTED, UNKNOWN))
    assert got(store, row.recipient, "34666666666") == {row.recipient: expected}
    assert got(store, row.recipient, since=-HOUR) == {}


def test_both_forms_of_a_number_are_one_person_and_a_group_is_itself(store: Store) -> None:
    one, two, group = "525512345678", "5215512345678", "120363041234567890@g.us"
    bring(store, 1, ACCEPTED, recipient=one)
    bring(store, 2, ACCEPTED, recipient=two)
    bring(store, 3, ACCEPTED, recipient=group)
    assert got(store, one, two, group) == {one: 2, two: 2, group: 1}
    last = store.sends.recent([one], now() - HOUR)[one].last
    assert last == found(store, 2).intended_at


def test_many_people_are_looked_up_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARAMETERS", 4)
    rows = [bring(store, number, ACCEPTED) for number in range(1, 6)]
    assert got(store, *(row.recipient for row in rows)) == {row.recipient: 1 for row in rows}


def test_a_person_gets_as_many_messages_as_the_limit_and_a_repeat_is_no_further_one(store: Store) -> None:
    to = {"recipient": "525512345678"}
    cap = RecipientLimit(limit=2, since=now() - HOUR)
    other_form = to_send(2, recipient="5215512345678")
    results = store.sends.change(
        [
            intend(to_send(1, **to), cap=cap),
            intend(other_form, cap=cap, conn_id="other"),
            intend(to_send(3, **to), cap=cap),
            intend(4, cap=cap),
        ]
    )
    assert results[:2] == [None, None]
    assert results[2] == Recent(2, found(store, 2).intended_at)  # type: ignore[arg-type]
    assert results[3] is None
    assert change(store, intend(to_send(1, **to), cap=cap)) == found(store, 1), "it stands in its own way"
    assert change(store, intend(to_send(1, **to), cap=cap, again=True)) is None
    bring(store, 5, INTENDED, **to)
    assert change(store, intend(to_send(1, **to), cap=cap, again=True)) is None, "others have reached the limit since"
    earlier = RecipientLimit(limit=2, since=now())
    assert change(store, intend(to_send(3, **to), cap=earlier)) is None


@pytest.mark.system
def test_of_many_messages_at_once_a_person_gets_as_many_as_the_limit(store_url: str) -> None:
    allowed = run_at_once(intend_within_cap, [(store_url, number) for number in range(6)])
    assert sum(allowed) == 2


def test_messages_of_a_connection_since_a_moment_are_counted(store: Store) -> None:
    for number, state in enumerate(SendState, 1):
        bring(store, number, state)
    change(store, intend(9, conn_id="other"))
    assert store.sends.since("my_wa", now() - HOUR) == 3
    assert store.sends.since("my_wa", now() + HOUR) == 0


def test_a_place_is_entered_in_its_own_batch_only(store: Store) -> None:
    standing = bring(store, 1, ACCEPTED)
    change(store, Place(key="k1", batch="other", row=4), Place(key="k2", batch="b", row=4))
    assert list(store.sends.rows("b")) == [standing]
    change(store, Place(key="k1", batch="b", row=4))
    assert list(store.sends.rows("b")) == [replace(standing, row=4)]


# Many.


def test_many_changes_are_one_transaction_all_or_none(store: Store) -> None:
    assert store.sends.change([]) == []
    store.sends.counts("b")  # the tables are there
    commits: list[Connection] = []
    event.listen(store.database.engine, "commit", commits.append)
    results = store.sends.change(
        [intend(1), intend(1), Settle(key="k1", state=ACCEPTED), intend(2), note(to_send(3, SKIPPED))]
    )
    assert results == [None, replace(found(store, 1), state=INTENDED, settled_at=None), True, None, None]
    assert len(commits) == 1
    with pytest.raises(KeyError):
        store.sends.change([intend(4), Settle(key="k4", state=SKIPPED)])
    assert states(store) == [(1, "accepted"), (2, "intended"), (3, "skipped")]


def test_rows_are_read_in_the_order_of_the_list_however_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "CHUNK", 3)
    rows = [9, 1, 8, 2, 7, 3, 6, 4, 5]
    store.sends.change([intend(row) for row in rows])
    assert [row for row, _ in states(store)] == sorted(rows)


def test_rows_at_the_same_place_are_all_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "CHUNK", 2)
    store.sends.change([intend(to_send(number, row=1)) for number in range(1, 6)])
    assert [row.key for row in store.sends.rows("b")] == ["k1", "k2", "k3", "k4", "k5"]


def test_many_are_known_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARAMETERS", 4)
    store.sends.change([intend(row) for row in range(1, 11)])
    known = store.sends.known(f"k{row}" for row in range(3, 15))
    assert {key: row.row for key, row in known.items()} == {f"k{row}": row for row in range(3, 11)}
    assert store.sends.known([]) == {}


def test_rows_are_counted_by_state(store: Store) -> None:
    for number, state in enumerate([ACCEPTED, ACCEPTED, UNKNOWN, SKIPPED], 1):
        bring(store, number, state)
    change(store, intend(9, batch="other"))
    assert store.sends.counts("b") == Counter(accepted=2, unknown=1, skipped=1)
    assert store.sends.counts("none") == Counter()


def test_any_text_is_stored(store: Store) -> None:
    row = to_send(1, given=JUNK, recipient=JUNK, message_id=JUNK)
    assert change(store, intend(row)) is None
    assert change(store, Settle(key="k1", state=FAILED, message_id=JUNK, detail=JUNK))
    change(store, note(replace(row, state=SKIPPED, detail=JUNK)))
    cleaned = "ab?" + "x" * 1000
    kept = found(store, 1)
    assert (kept.given, kept.detail, kept.recipient) == (cleaned, cleaned, cleaned[:NAME])
    assert kept.message_id == cleaned[:NAME]


def test_threads_may_share_the_sends(store: Store) -> None:
    written: list[str] = []

    def send_all() -> None:
        for row in range(1, 31):
            if change(store, intend(row)) is None:
                written.append(f"k{row}")
                change(store, Settle(key=f"k{row}", state=ACCEPTED))

    threads = [threading.Thread(target=send_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == sorted(f"k{row}" for row in range(1, 31))
    assert store.sends.counts("b") == {"accepted": 30}


def test_a_verdict_on_an_older_intent_comes_too_late(store: Store) -> None:
    doubted = bring(store, 1, UNKNOWN)
    older = doubted.intended_at
    assert older
    late = Settle(key=doubted.key, state=DELAYED, intended_at=older)
    assert change(store, Settle(key=doubted.key, state=DELAYED)) is True
    assert change(store, intend(1)) is None
    assert change(store, late) is False
    assert found(store, 1).state is INTENDED
    fresh = found(store, 1).intended_at
    assert change(store, Settle(key=doubted.key, state=ACCEPTED, intended_at=fresh)) is True


def test_rows_that_are_not_in_the_list_any_more_are_forgotten_unless_they_may_have_gone_out(store: Store) -> None:
    for row, state in enumerate((ACCEPTED, UNKNOWN, FAILED, SKIPPED, DELAYED), 1):
        bring(store, row, state)
    moment = now()
    change(store, note(to_send(6, SKIPPED)))
    change(store, Forget(batch="another", before=now()))
    assert len(states(store)) == 6
    change(store, Forget(batch="b", before=moment))
    assert states(store) == [(1, "accepted"), (2, "unknown"), (6, "skipped")]


# One person under several names.

ANA, LID, MEXICAN, OTHER_FORM = "51987654321", "100000000000001@lid", "5215512345678", "525512345678"


@pytest.mark.parametrize("state", SendState)
@pytest.mark.parametrize("again", [False, True])
def test_the_same_message_to_another_name_stands_in_the_way_if_it_may_have_gone_out(
    store: Store, state: SendState, again: bool
) -> None:
    bring(store, 1, state)
    answer = change(store, intend(2, other_keys=[to_send(3).key, to_send(1).key], again=again))
    obstacles = {SendState.ACCEPTED} if again else {SendState.ACCEPTED, SendState.UNKNOWN, SendState.INTENDED}
    if state in obstacles:
        assert (answer, len(states(store))) == (found(store, 1), 1)
    else:
        assert (answer, states(store)[-1]) == (None, (2, "intended"))


def test_messages_to_all_names_of_a_person_count_for_the_cap(store: Store) -> None:
    bring(store, 1, SendState.ACCEPTED, recipient=LID)
    bring(store, 2, SendState.ACCEPTED, recipient=OTHER_FORM)
    assert got(store, ANA, MEXICAN, LID) == {LID: 1, MEXICAN: 1}
    store.identities.learn({LID: MEXICAN})
    assert got(store, ANA, MEXICAN, LID) == {LID: 2, MEXICAN: 2}
    assert {to: each.count for to, each in store.sends.recent_named({"x": (ANA, LID)}, now() - HOUR).items()} == {
        "x": 1
    }


def test_the_cap_of_an_intent_counts_the_names_that_it_is_given(store: Store) -> None:
    bring(store, 1, SendState.ACCEPTED, recipient=LID)
    cap = RecipientLimit(limit=1, since=now() - HOUR)
    row = to_send(2, recipient=ANA)
    assert change(store, intend(row, cap=cap, names=(ANA, LID))).count == 1
    assert change(store, intend(row, cap=cap)) is None


@pytest.mark.parametrize("state", SendState)
def test_a_message_is_withdrawn_by_its_own_batch_if_it_was_not_sent(store: Store, state: SendState) -> None:
    bring(store, 1, state)
    change(store, Withdraw(key=to_send(1).key, batch="another"))
    assert states(store) == [(1, state.value)]
    change(store, Withdraw(key=to_send(1).key, batch="b"))
    kept = state in (SendState.ACCEPTED, SendState.UNKNOWN, SendState.INTENDED)
    assert states(store) == ([(1, state.value)] if kept else [])


# Messages that a report must show.


def accepted_at(store: Store, row: int, moment: datetime, state: SendState = ACCEPTED, **options: Any) -> None:
    change(store, intend(row, **options), Settle(key=f"k{row}", state=state, message_id=f"m{row}"))
    with store.database.writing() as connection:
        connection.execute(update(table).where(table.c.key == f"k{row}").values(intended_at=moment))


def test_a_reports_witness_is_the_first_accepted_message_after_a_moment_or_else_the_last_before(store: Store) -> None:
    moment = now()
    for row, hours in enumerate((-3, -2, -1, 1, 2), 1):
        accepted_at(store, row, moment + hours * HOUR)
    accepted_at(store, 6, moment, state=UNKNOWN)
    accepted_at(store, 7, moment, conn_id="another")
    accepted_at(store, 8, moment, batch="another")

    def witness(since: int, after: int) -> list[str | None]:
        found = store.sends.witness("b", "my_wa", moment + since * HOUR, moment + after * HOUR)
        return [row.message_id for row in found]

    assert witness(-9, 0) == ["m4"]
    assert witness(-9, 3) == ["m5"]
    assert witness(-9, -2) == ["m2"]
    assert witness(3, 4) == []
    assert witness(3, 0) == []


# Changes of many messages together.


def test_changes_of_several_kinds_have_their_results_in_order(store: Store) -> None:
    bring(store, 1, INTENDED)
    bring(store, 2, ACCEPTED)
    results = store.sends.change(
        [
            Settle(key="k1", state=ACCEPTED, message_id="m1"),
            intend(3, content={"type": "text", "body": "Ñandú"}),
            Settle(key="k2", state=UNKNOWN, detail="too late"),
            intend(to_send(4, message_id="own")),
            Settle(key="k0", state=FAILED),
        ]
    )
    assert results == [True, None, False, None, False]
    assert states(store) == [(1, "accepted"), (2, "accepted"), (3, "intended"), (4, "intended")]
    assert [row.message_id for row in store.sends.rows("b")] == ["m1", None, None, "own"]
    assert store.sends.contents(["k1", "k2", "k3", "k4"]) == {"k3": {"type": "text", "body": "Ñandú"}}


def test_of_two_intents_of_one_message_in_a_group_the_first_is_written(store: Store) -> None:
    first, second = store.sends.change([intend(1), intend(to_send(1, row=2))])
    assert (first, second.row, second.state) == (None, 1, INTENDED)


@pytest.mark.parametrize("state", SendState)
def test_an_intent_in_a_group_is_written_as_if_it_were_alone(store: Store, state: SendState) -> None:
    bring(store, 1, state)
    bring(store, 2, state)
    alone, (together, _) = change(store, intend(1)), store.sends.change([intend(2), intend(3)])
    assert (alone is None) == (together is None) == (state in (FAILED, DELAYED, SKIPPED))
    assert found(store, 1).state == found(store, 2).state


def test_changes_of_one_message_stay_in_their_order(store: Store) -> None:
    bring(store, 1, INTENDED)
    assert store.sends.change([Settle(key="k1", state=DELAYED), intend(1), Settle(key="k1", state=ACCEPTED)]) == [
        True,
        None,
        True,
    ]
    assert states(store) == [(1, "accepted")]


def test_a_limit_counts_the_intents_before_it_in_a_group(store: Store) -> None:
    daily = DailyLimit(limit=2, since=now() - HOUR)
    assert store.sends.change([intend(row, daily=daily) for row in (1, 2, 3)]) == [None, None, LIMIT_REACHED]


def test_a_group_takes_as_many_statements_whatever_its_size(store: Store) -> None:
    store.sends.counts("b")  # the tables are there
    counts: list[int] = []
    statements: list[str] = []
    event.listen(
        store.database.engine, "before_cursor_execute", lambda c, cursor, statement, *_: statements.append(statement)
    )
    for first, size in ((0, 5), (100, 50)):
        rows = range(first, first + size)
        for changes in ([intend(row) for row in rows], [Settle(key=f"k{row}", state=ACCEPTED) for row in rows]):
            statements.clear()
            store.sends.change(changes)
            counts.append(len(statements))
    assert counts[:2] == counts[2:]


def test_texts_that_databases_refuse_are_stored_in_a_group_without_them(store: Store) -> None:
    store.sends.change([intend(to_send(row, given=JUNK, message_id=JUNK)) for row in (1, 2)])
    store.sends.change([Settle(key=f"k{row}", state=ACCEPTED, detail=JUNK) for row in (1, 2)])
    for row in store.sends.rows("b"):
        assert row.detail == row.given == "ab?" + "x" * 1000
        assert row.message_id == ("ab?" + "x" * 1000)[:NAME]
