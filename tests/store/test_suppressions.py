# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import event
from store.samples import called_back, came_in, delivered, new
from store.workers import post_and_suppress, run_at_once

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store import sql
from airflow_provider_wa.store import suppressions as module
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.suppressions import OptOutWords

# Each the two forms of one line: Mexico, Argentina, Brazil.
PAIRS = [("5215512345678", "525512345678"), ("5491112345678", "541112345678"), ("5511987654321", "551187654321")]


@pytest.fixture
def heeding(store_url: str) -> Iterator[Store]:
    """A store that knows two words."""
    store = Store(store_url, ["STOP", "no más"])
    yield store
    store.close()


def recipients(store: Store) -> list[str]:
    return [found.recipient for found in store.suppressions.all()]


def test_who_is_suppressed_is_kept_with_the_reason_and_the_moment(store: Store) -> None:
    before = datetime.now(timezone.utc)
    assert store.suppressions.add(["51987654321", "123@lid"], "asked by phone") == 2
    lid, number = store.suppressions.all()
    assert [(found.recipient, found.reason) for found in (number, lid)] == [
        ("51987654321", "asked by phone"),
        ("123@lid", "asked by phone"),
    ]
    assert before <= number.since <= datetime.now(timezone.utc)


def test_who_was_suppressed_already_is_not_new_and_keeps_the_reason(store: Store) -> None:
    store.suppressions.add(["511"], "first")
    [first] = store.suppressions.all()
    assert store.suppressions.add(["511", "512", "512"], "second") == 1
    assert next(store.suppressions.all()) == first


def test_nobody_may_be_suppressed(store: Store) -> None:
    assert store.suppressions.add([]) == 0
    assert store.suppressions.remove([]) == 0
    assert store.suppressions.among([]) == set()
    assert recipients(store) == []


def test_those_who_are_suppressed_are_found_among_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARAMETERS", 7)
    everybody = [f"5198765{number:04d}" for number in range(50)]
    assert store.suppressions.add(everybody[::3]) == 17
    assert store.suppressions.among(iter(everybody)) == set(everybody[::3])
    assert store.suppressions.remove(everybody[:30]) == 10
    assert store.suppressions.among(everybody) == set(everybody[30::3])


def test_all_are_read_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "CHUNK", 3)
    everybody = [f"51987654{number}" for number in range(7)]
    store.suppressions.add(everybody[::-1])
    assert recipients(store) == everybody


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_number_is_suppressed_in_both_its_forms(store: Store, pair: tuple[str, str], swapped: bool) -> None:
    one, other = pair[::-1] if swapped else pair
    assert store.suppressions.add([one]) == 1
    assert store.suppressions.among([other]) == {other}
    assert store.suppressions.among([one, other, "1"]) == {one, other}
    assert store.suppressions.add([other]) == 0
    assert recipients(store) == [one]
    assert store.suppressions.remove([other]) == 1
    assert store.suppressions.among([one, other]) == set()


@pytest.mark.parametrize("pair", PAIRS)
def test_both_forms_given_at_once_are_one(store: Store, pair: tuple[str, str]) -> None:
    assert store.suppressions.add(pair) == 1
    assert recipients(store) == [pair[0]]


@pytest.mark.parametrize("spelling", ["+51987654321", "51987654321@s.whatsapp.net", "51987654321:7@c.us"])
def test_a_persons_address_is_its_digits(store: Store, spelling: str) -> None:
    assert store.suppressions.add([spelling]) == 1
    assert recipients(store) == ["51987654321"]
    assert store.suppressions.among([spelling, "51987654321", "51987654321@g.us"]) == {spelling, "51987654321"}


def test_any_text_is_stored(store: Store) -> None:
    junk = "a\0b\ud800" + "x" * 1000
    assert store.suppressions.add([junk], junk) == 1
    assert [(found.recipient, found.reason) for found in store.suppressions.all()] == [
        (f"ab?{'x' * 252}", f"ab?{'x' * 1000}")
    ]
    assert store.suppressions.among([junk]) == {junk}


# Words by which people opt out.


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop", "Stop.", " STOP! ", "*Stop*", "“stop”", "STOP \N{PERSON WITH FOLDED HANDS}", "ＳＴＯＰ"),
        *("no mas", "NO MAS", "ST\u200bOP", "S\u00adTOP", "Stóp", "STOP\ufe0f", "\u2068stop\u2069"),
        *("\u200bstop\n", "stop \u2764\ufe0f", "¡No más!", "no  más", "NO MÁS", "no ma\u0301s"),
    ],
)
def test_a_message_that_is_a_word_suppresses_its_sender(heeding: Store, text: str) -> None:
    heeding.events.add([came_in("51987654321", text)])
    assert recipients(heeding) == ["51987654321"]


@pytest.mark.parametrize("text", ["don't stop", "stop it", "stopp", "s t o p", "", "...", "no", "más", "nomás"])
def test_a_message_that_is_more_than_a_word_does_not(heeding: Store, text: str) -> None:
    heeding.events.add([came_in("51987654321", text)])
    assert recipients(heeding) == []


def test_the_reason_tells_what_was_written(heeding: Store) -> None:
    heeding.events.add([came_in("511", " Stop...")])
    assert [found.reason for found in heeding.suppressions.all()] == ['wrote "Stop"']


@pytest.mark.parametrize("words", [[], ["", " . "]])
def test_without_words_nobody_opts_out(store_url: str, words: list[str]) -> None:
    store = Store(store_url, words)
    store.events.add([came_in("511", "STOP"), came_in("512", "..."), came_in("513", "")])
    assert recipients(store) == []
    store.close()


def test_a_word_in_another_script_is_not_cut(store: Store) -> None:
    words = OptOutWords(["रोको"])
    assert words.written([("1", "रोको!"), ("2", "रोक")]) == {"1": 'wrote "रोको"'}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Arrêt", "ARRET"), ("arret", "Arrêt!"), ("arre\u0302t", "arrêt"), ("DURDUR", "durdur"), ("İPTAL", "iptal"),
        ("iptal", "IPTAL"), ("hayır", "HAYIR"), ("HAYIR", "hayir"), ("إيقاف", "ايقاف"), ("إِيقَاف", "إيقاف"),
        ("إيقاف", "إيقـــاف"), ("1", "1\ufe0f\u20e3"), ("1", "１"), ("1\ufe0f\u20e3", "1"), ("STRASSE", "straße"),
        ("wyłącz", "wylacz"), ("ΔΙΑΚΟΠΉ", "διακοπη"), ("СТОЙ", "стой"),
    ],
)  # fmt: skip
def test_accents_and_marks_do_not_matter_on_either_side(word: str, text: str) -> None:
    assert set(OptOutWords([word]).written([("1", text)])) == {"1"}


def test_the_text_and_the_id_of_a_button_are_heard(heeding: Store) -> None:
    for sender, content in (("511", {"text": "Stop"}), ("512", {"text": "Go away", "selected_id": "STOP"})):
        record = InboxMessage(message_id=sender, sender=sender, kind="button", **content)
        heeding.events.add([new(Event(kind=EventKind.INBOX, record=record, vendor_kind="Message"), "my_wa")])
    assert recipients(heeding) == ["511", "512"]


def test_a_message_that_is_posted_again_does_not_suppress_again(heeding: Store) -> None:
    stop = came_in("511", "STOP")
    assert heeding.events.add([stop, stop]) == 1
    assert heeding.suppressions.remove(["511"]) == 1
    assert heeding.events.add([stop, came_in("512", "STOP")]) == 1
    assert recipients(heeding) == ["512"]
    heeding.events.add([came_in("511", "Stop")])
    assert recipients(heeding) == ["511", "512"]


def test_the_same_message_over_another_connection_is_another(heeding: Store) -> None:
    heeding.events.add([came_in("511", "STOP")])
    heeding.suppressions.remove(["511"])
    heeding.events.add([came_in("511", "STOP"), came_in("511", "STOP", conn_id="other")])
    assert recipients(heeding) == ["511"]


def test_a_groups_message_suppresses_its_sender(heeding: Store) -> None:
    record = InboxMessage(message_id="m", sender="51987654321", chat="12036302@g.us", text="stop")
    heeding.events.add([new(Event(kind=EventKind.INBOX, record=record))])
    assert recipients(heeding) == ["51987654321"]


@pytest.mark.parametrize(
    "other",
    [
        called_back("c1", detail="STOP"),
        new(Event(kind=EventKind.OTHER, raw={"text": "STOP"})),
        new(Event(kind=EventKind.OTHER, record=InboxMessage(message_id="m", sender="511", text="STOP"))),
        delivered("m1", text="STOP"),  # what we wrote ourselves
        came_in("", "STOP"),
    ],
)
def test_what_is_no_message_of_somebody_suppresses_nobody(heeding: Store, other: NewEvent) -> None:
    assert heeding.events.add([other]) == 1
    assert recipients(heeding) == []


def test_an_event_and_its_suppression_are_stored_together_or_not_at_all(heeding: Store) -> None:
    heeding.events.last_id()

    def fail(_: Any, __: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO wa_suppressions"):
            raise ZeroDivisionError

    event.listen(heeding.database.engine, "before_cursor_execute", fail)
    with pytest.raises(ZeroDivisionError):
        heeding.events.add([came_in("511", "STOP")])
    event.remove(heeding.database.engine, "before_cursor_execute", fail)
    assert heeding.events.last_id() == 0
    heeding.events.add([came_in("511", "STOP")])
    assert recipients(heeding) == ["511"]


@pytest.mark.system
def test_processes_that_suppress_the_same_at_once_do_not_clash(store_url: str) -> None:
    added = run_at_once(post_and_suppress, [(store_url, number) for number in range(4)])
    store = Store(store_url)
    assert sum(added) == 30
    assert len(recipients(store)) == 60
    store.close()


# A number and its LID.

ANA, LID = "51987654321", "100000000000001@lid"


@pytest.mark.parametrize(("one", "other"), [(ANA, LID), (LID, ANA), (LID, "100000000000001:7@lid")])
@pytest.mark.parametrize("learnt_first", [True, False])
def test_a_number_and_its_lid_are_one_recipient(store: Store, one: str, other: str, learnt_first: bool) -> None:
    if learnt_first:
        store.identities.learn({LID: ANA})
    assert store.suppressions.add([one]) == 1
    store.identities.learn({LID: ANA})
    assert store.suppressions.among([one, other, "51900000000"]) == {one, other}
    assert store.suppressions.add([other]) == 0
    assert store.suppressions.remove([other]) == 1
    assert store.suppressions.among([one, other]) == set()


def test_all_entries_of_a_person_are_removed_by_either_name(store: Store) -> None:
    assert store.suppressions.add([ANA, LID]) == 2
    store.identities.learn({LID: ANA})
    assert store.suppressions.remove([LID]) == 2
    assert recipients(store) == []


def test_a_number_and_its_lid_given_at_once_are_one(store: Store) -> None:
    store.identities.learn({LID: ANA})
    assert store.suppressions.add([ANA, LID]) == 1
    assert recipients(store) == [ANA]
