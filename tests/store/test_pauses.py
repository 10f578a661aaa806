# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow_provider_wa.store.refusals import KEPT, Refusal, WrongSecrets
from airflow_provider_wa.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def test_a_batch_is_paused_until_it_is_resumed_and_the_first_pause_stands(store: Store) -> None:
    store.pauses.pause("b", "ana")
    store.pauses.pause("b", "eva")
    pause = store.pauses.of("b")
    assert pause is not None
    assert pause.by == "ana"
    assert store.pauses.of("another") is None
    assert store.pauses.resume("b")
    assert not store.pauses.resume("b")
    assert store.pauses.of("b") is None


def test_the_daily_limit_is_that_of_the_last_task(store: Store) -> None:
    assert store.pauses.daily_limit("my_wa") is None
    store.pauses.note_daily_limit("my_wa", 500, NOW)
    store.pauses.note_daily_limit("my_wa", 800, NOW)
    assert store.pauses.daily_limit("my_wa") == (800, NOW)


def test_the_newest_refusals_are_kept_newest_first(store: Store) -> None:
    for place in range(KEPT + 5):
        store.refusals.add("my_wa", [Refusal(NOW, 401, f"reason {place}\0")])
    found = store.refusals.of("my_wa")
    assert [each.reason for each in found] == [f"reason {place}" for place in reversed(range(5, KEPT + 5))]
    assert found[0] == Refusal(NOW, 401, f"reason {KEPT + 4}")
    assert store.refusals.of("other_wa") == []


def test_wrong_secrets_are_added_up_in_one_row_and_do_not_displace_refusals(store: Store) -> None:
    later = NOW + timedelta(minutes=5)
    store.refusals.add("my_wa", [Refusal(NOW, 401, "bad signature")])
    store.refusals.add_wrong_secrets({"my_wa": WrongSecrets(3, NOW, NOW), "new_wa": WrongSecrets(1, NOW, NOW)})
    store.refusals.add_wrong_secrets({"my_wa": WrongSecrets(100_000, later, later)})
    assert store.refusals.wrong_secrets("my_wa") == WrongSecrets(100_003, NOW, later)
    assert store.refusals.wrong_secrets("new_wa") == WrongSecrets(1, NOW, NOW)
    assert store.refusals.wrong_secrets("other_wa") is None
    assert len(store.refusals.of("my_wa")) == 1
