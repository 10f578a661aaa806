# SPDX-License-Identifier: Apache-2.0
"""A number and its LID are one person for sends: duplicates, keys over several tries, caps, messages in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bulk.test_send_run import LOG, ById, Reporting, Vendor, raising
from helpers.tasks import run_of

from airflow_provider_wa.api.errors import OutcomeUnknown, VendorUnavailable
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus
from airflow_provider_wa.bulk import send_run
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dry_run import DryRun
from airflow_provider_wa.bulk.pacing import SendingPolicy, SendInterval
from airflow_provider_wa.bulk.send_results import Addressed, SendCounts, Unaddressed
from airflow_provider_wa.bulk.send_run import BulkSend
from airflow_provider_wa.operators._run.message_keys import MessageKeys
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

ANA, LID, LID2 = "51987654321", "100000000000001@lid", "100000000000002@lid"
MEXICAN, OTHER_FORM, MEXICAN_LID = "5215512345678", "525512345678", "100000000000009@lid"
STRANGER = "2222@lid"
CAP = Cap(1, timedelta(hours=1))


class Runs:
    """Sends to lists, each a try of the same task, with the keys that its operator makes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def __call__(
        self,
        vendor: Vendor,
        rows: Sequence[str | Mapping[str, Any]],
        *,
        part: int | None = None,
        duplicates: bool = False,
        run_id: str = "r",
        **options: Any,
    ) -> SendCounts:
        keys = self.keys(part=part, duplicates=duplicates, run_id=run_id)
        made = [row if isinstance(row, Mapping) else {"to": row} for row in rows]
        async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
            bulk = BulkSend(
                vendor=vendor,
                channel=channel,
                store=self.store,
                batch=keys.batch,
                conn_id="c",
                log=LOG,
                address=lambda place, row: addressed(keys, vendor, place, row),
                **options,
            )
            return await bulk.run(lambda: iter(made), 1, len(made))

    def keys(self, part: int | None = None, duplicates: bool = False, run_id: str = "r") -> MessageKeys:
        run = run_of(run_id=run_id, map_index=-1 if part is None else part)
        return MessageKeys(run, "c", part=part is not None, duplicates=duplicates)

    def results(self, **run: Any) -> list[tuple[int, str, str, str]]:
        found = self.store.sends.rows(self.keys(**run).batch)
        return [(row.row, row.recipient, row.state.value, row.detail) for row in found]

    def leave(self, to: str, state: SendState = SendState.ACCEPTED, row: int = 1, run_id: str = "r") -> None:
        """Leave a message of an earlier try behind."""
        keys = self.keys(run_id=run_id)
        key = keys.key(to, "hello")
        intent = SendRow(key=key, row=row, given=to, recipient=to, state=SendState.INTENDED, message_id="before")
        self.store.sends.change([Intend(batch=keys.batch, conn_id="c", row=intent)])
        if state is not SendState.INTENDED:
            self.store.sends.change([Settle(key=key, state=state, message_id="before")])


def addressed(keys: MessageKeys, vendor: Vendor, place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
    to, name = row["to"], row.get("key")
    key = keys.key(to, row.get("text", "hello"), name)
    of_name = keys.by_name(row.get("text", "hello"), name)
    if row.get("broken"):
        return Unaddressed(place, to, "no text", to, key=key, key_of=of_name)
    own = vendor.new_message_id(key) if isinstance(vendor, ById) else None
    known = keys.identity(name)
    return Addressed(place, to, to, Text("hello"), key, own, identity=known, name=name or "", key_of=of_name)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.0)
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield Runs(store)
    store.close()


@pytest.mark.parametrize(
    "people",
    [
        (ANA, LID), (LID, ANA), (LID, LID2), (LID2, LID, ANA), (f"{ANA}@s.whatsapp.net", LID),
        (MEXICAN, MEXICAN_LID), (OTHER_FORM, MEXICAN_LID), (MEXICAN_LID, OTHER_FORM, MEXICAN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("duplicates", [False, True])
async def test_a_list_with_a_number_and_its_lid_sends_one_message(
    runs: Runs, people: Sequence[str], duplicates: bool
) -> None:
    runs.store.identities.learn({LID: ANA, LID2: ANA, MEXICAN_LID: MEXICAN})
    vendor = Vendor()
    counts = await runs(vendor, [STRANGER, *people], duplicates=duplicates)
    assert vendor.reached == [STRANGER, people[0]]
    assert (counts.duplicates, counts.total) == (len(people) - 1, len(people) + 1)
    assert [result[2] for result in runs.results()] == ["accepted", "accepted", *["skipped"] * (len(people) - 1)]


async def test_the_second_row_has_the_first_ones_place(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    await runs(Vendor(), [STRANGER, LID, ANA])
    assert runs.results()[2] == (3, ANA, "skipped", "same recipient as row 2")


async def test_a_new_message_to_a_known_lid_has_the_key_of_the_number(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    await runs(Vendor(), [LID])
    key = runs.keys().key(ANA, "hello")
    assert runs.store.sends.known([key])[key].recipient == LID


async def test_a_lid_whose_number_is_not_known_is_another_person(runs: Runs) -> None:
    vendor = Vendor()
    await runs(vendor, [ANA, LID])
    assert vendor.reached == [ANA, LID]


@pytest.mark.parametrize("known_before", [True, False])
@pytest.mark.parametrize(("first", "second"), [(LID, ANA), (ANA, LID), (LID, LID2), (MEXICAN_LID, OTHER_FORM)])
async def test_a_row_whose_recipient_has_another_name_in_the_next_try_is_not_sent_again(
    runs: Runs, first: str, second: str, known_before: bool
) -> None:
    pairs = {LID: ANA, LID2: ANA, MEXICAN_LID: MEXICAN}
    if known_before:
        runs.store.identities.learn(pairs)
    vendor = Vendor()
    await runs(vendor, [STRANGER, first])
    runs.store.identities.learn(pairs)
    counts = await runs(vendor, [STRANGER, second])
    assert vendor.reached == [STRANGER, first]
    assert counts.to_dict() == {"total": 2, "accepted": 2, "skipped": 0, "failed": 0, "unknown": 0}
    assert runs.results() == [(1, STRANGER, "accepted", ""), (2, first, "accepted", "")]


async def test_what_was_sent_to_a_lid_counts_for_the_number_wherever_that_stands(runs: Runs) -> None:
    vendor = Vendor()
    await runs(vendor, [LID, STRANGER])
    runs.store.identities.learn({LID: ANA})
    await runs(vendor, [STRANGER, ANA, LID])
    assert vendor.reached == [LID, STRANGER]
    assert runs.results() == [
        (1, STRANGER, "accepted", ""), (2, LID, "accepted", ""), (3, LID, "skipped", "same recipient as row 2"),
    ]  # fmt: skip


async def test_both_were_sent_before_they_were_known_as_one_and_both_keep_their_results(runs: Runs) -> None:
    vendor = Vendor()
    await runs(vendor, [ANA, LID])
    runs.store.identities.learn({LID: ANA})
    await runs(vendor, [ANA, LID, LID])
    assert vendor.reached == [ANA, LID]
    assert [result[1:3] for result in runs.results()] == [(ANA, "accepted"), (LID, "accepted"), (LID, "skipped")]


async def test_a_pair_that_becomes_known_between_two_windows_counts(runs: Runs) -> None:
    vendor = Vendor()
    vendor.on_call = lambda: runs.store.identities.learn({LID: ANA})
    await runs(vendor, [LID, ANA], policy=SendingPolicy(interval=SendInterval.of(0.001)))
    assert vendor.reached == [LID]
    assert runs.results()[1] == (2, ANA, "skipped", "same recipient as row 1")


async def test_the_first_row_stands_though_it_failed_before_the_pair_was_known(runs: Runs) -> None:
    vendor = Vendor(refuse=raising(VendorUnavailable("away"), LID, times=1))
    vendor.on_call = lambda: runs.store.identities.learn({LID: ANA})
    await runs(vendor, [LID, ANA], policy=SendingPolicy(interval=SendInterval.of(0.001)))
    assert vendor.reached == [LID], "it was delayed, and sent in a further pass"
    assert runs.results() == [(1, LID, "accepted", ""), (2, ANA, "skipped", "same recipient as row 1")]


@pytest.mark.parametrize("state", [SendState.FAILED, SendState.DELAYED])
async def test_nothing_that_was_not_sent_is_left_behind_under_an_old_key(runs: Runs, state: SendState) -> None:
    runs.leave(LID, state)
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor()
    await runs(vendor, [LID], passes=1)
    assert (vendor.reached, runs.results()) == ([LID], [(1, LID, "accepted", "")])


async def test_a_row_that_makes_no_message_any_more_keeps_what_its_other_name_was_sent(runs: Runs) -> None:
    runs.leave(LID)
    runs.store.identities.learn({LID: ANA})
    counts = await runs(Vendor(), [{"to": ANA, "broken": True}])
    assert counts.to_dict()["accepted"] == 1


async def test_parts_of_a_list_share_a_person(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor()
    await runs(vendor, [ANA], part=0, first=1, places=range(1, 2))
    await runs(vendor, [LID], part=1, first=2, places=range(2, 3))
    assert vendor.reached == [ANA]
    assert runs.results(part=1)[0][2:] == ("skipped", "same recipient as row 1, which another part of the list has")


async def test_another_part_that_sends_at_the_same_time_leaves_one_message(runs: Runs) -> None:
    """The other part intends its message when this one has looked the person up, and does not know the pair."""
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor()
    other = runs.keys(part=1)

    def other_part(to: str) -> None:
        key = other.key(LID, "hello")
        intent = SendRow(key=key, row=9, given=LID, recipient=LID, state=SendState.INTENDED)
        assert runs.store.sends.change([Intend(batch=other.batch, conn_id="c", row=intent)]) == [None]

    vendor.refuse = lambda to: other_part(to) if to == STRANGER else None
    await runs(vendor, [STRANGER, ANA], part=0, first=1, places=range(1, 3))
    assert vendor.reached == [STRANGER]
    assert runs.results(part=0)[1][2:] == ("skipped", "same recipient as row 9, which another part of the list has")


async def test_another_try_that_sends_to_the_other_name_at_the_same_time_has_this_rows_message(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor(refuse=lambda to: runs.leave(LID, row=9) if to == STRANGER else None)
    counts = await runs(vendor, [STRANGER, ANA])
    assert (vendor.reached, counts.to_dict()["accepted"]) == ([STRANGER], 2)
    assert runs.results() == [(1, STRANGER, "accepted", ""), (2, LID, "accepted", "")]


async def test_an_authors_key_is_that_of_a_person_under_both_names(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor()
    await runs(vendor, [{"to": LID, "key": "k"}, {"to": ANA, "key": "k"}, {"to": STRANGER, "key": "k"}])
    assert vendor.reached == [LID]
    assert [result[2:] for result in runs.results()][1:] == [
        ("skipped", "same idempotency_key as row 1"),
        ("failed", "idempotency_key 'k': row 1 has it for another recipient"),
    ]
    await runs(vendor, [{"to": ANA, "key": "k"}], run_id="another")
    assert vendor.reached == [LID], "the same message in another run"


@pytest.mark.parametrize(("before", "now"), [(LID, ANA), (ANA, LID), (LID, LID2), (MEXICAN_LID, OTHER_FORM)])
async def test_a_cap_counts_what_went_to_any_name(runs: Runs, before: str, now: str) -> None:
    runs.leave(before, run_id="earlier campaign")
    runs.store.identities.learn({LID: ANA, LID2: ANA, MEXICAN_LID: MEXICAN})
    vendor = Vendor()
    await runs(vendor, [now, STRANGER], policy=SendingPolicy(cap=CAP))
    assert vendor.reached == [STRANGER]
    assert runs.results()[0][2:3] == ("skipped",)


async def test_a_cap_is_held_against_what_others_send_meanwhile_to_the_other_name(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor(refuse=lambda to: runs.leave(LID, run_id="other") if to == STRANGER else None)
    await runs(vendor, [STRANGER, ANA], policy=SendingPolicy(cap=CAP))
    assert vendor.reached == [STRANGER]
    assert "capped: 1 message" in runs.results()[1][3]


def test_a_dry_run_counts_a_person_once(runs: Runs) -> None:
    runs.store.identities.learn({LID: ANA})
    keys = runs.keys(duplicates=True)
    dry = DryRun(
        store=runs.store,
        batch="b",
        conn_id="c",
        address=lambda place, row: addressed(keys, Vendor(), place, row),
        policy=SendingPolicy(cap=CAP),
    )
    rows = [{"to": LID, "text": "one"}, {"to": ANA, "text": "one"}, {"to": ANA, "text": "two"}]
    details = [result["detail"].partition(",")[0] for result in dry.results(iter(rows))]
    assert details == ["", "same message to the same recipient as row 1", "capped: 1 message in 1 hour"]


# Messages in doubt.


@pytest.mark.parametrize("told_as", [LID, ANA])
@pytest.mark.parametrize(("before", "now"), [(LID, ANA), (ANA, LID)])
async def test_a_report_shows_a_message_under_any_name(runs: Runs, before: str, now: str, told_as: str) -> None:
    runs.leave(before, SendState.INTENDED)
    runs.store.identities.learn({LID: ANA})
    vendor = Reporting(taken=[(told_as, "theirs")])
    await runs(vendor, [now])
    assert vendor.calls == []
    assert [(row.recipient, row.state.value, row.message_id) for row in runs.store.sends.rows(runs.keys().batch)] == [
        (before, "accepted", "theirs")
    ]


async def test_a_report_teaches_the_pairs_that_it_has(runs: Runs) -> None:
    class Telling(Reporting):
        def delivery_report(self, **period: Any) -> Any:
            yield from ()
            return [DeliveryStatus(message_id="m", state=DeliveryState.SENT, to=ANA, lid=LID, text="hello")]

    runs.leave(LID, SendState.INTENDED)
    vendor = Telling()
    await runs(vendor, [LID])
    assert (vendor.calls, runs.results()[0][2]) == ([], "accepted")
    assert runs.store.identities.names([LID]) == {LID: (LID, ANA)}


async def test_a_text_that_went_to_an_unknown_lid_may_have_gone_to_the_number(runs: Runs) -> None:
    runs.leave(ANA, SendState.INTENDED)
    vendor = Reporting(taken=[(STRANGER, "theirs")])
    counts = await runs(vendor, [ANA], passes=1)
    assert (vendor.calls, counts.in_doubt) == ([], 1)
    vendor.told = "another text"
    await runs(vendor, [ANA], passes=2)
    assert vendor.calls == [ANA], "the report shows no message that may be this one"


async def test_a_message_in_doubt_is_repeated_under_the_name_and_the_id_that_it_had(runs: Runs) -> None:
    runs.leave(LID, SendState.INTENDED)
    runs.store.identities.learn({LID: ANA})
    vendor = ById()
    await runs(vendor, [ANA])
    assert vendor.taken == [(LID, "before")]
    assert runs.results() == [(1, LID, "accepted", "")]


@pytest.mark.parametrize("kind", [ById, Reporting, Vendor])
async def test_a_message_in_doubt_is_not_repeated_once_the_person_has_it(runs: Runs, kind: type[Vendor]) -> None:
    runs.leave(ANA, SendState.ACCEPTED, row=1)
    runs.leave(LID, SendState.UNKNOWN, row=2)
    runs.store.identities.learn({LID: ANA})
    vendor = kind(taken=[(ANA, "before")])
    await runs(vendor, [ANA, LID], resend_unknown=True)
    assert vendor.calls == []
    kept = (2, LID, "unknown", "")
    skipped = (2, LID, "skipped", "same recipient as row 1")
    assert runs.results()[1:] == [skipped if kind is Reporting else kept]


async def test_of_two_messages_in_doubt_one_is_repeated(runs: Runs) -> None:
    for row, to in enumerate((ANA, LID), 1):
        runs.leave(to, SendState.UNKNOWN, row=row)
    runs.store.identities.learn({LID: ANA})
    vendor = Vendor(refuse=raising(OutcomeUnknown("no reply"), times=0))
    await runs(vendor, [ANA, LID], resend_unknown=True)
    assert vendor.reached == [ANA]


# The price.


async def test_the_names_of_a_window_are_one_question(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    names = runs.store.identities.names

    def counted(recipients: Any) -> Any:
        some = list(recipients)
        asked.append(len(some))
        return names(some)

    monkeypatch.setattr(runs.store.identities, "names", counted)
    await runs(Vendor(), [f"1202555{row:04d}" for row in range(250)], policy=SendingPolicy(cap=CAP))
    assert asked == [50] * 5
