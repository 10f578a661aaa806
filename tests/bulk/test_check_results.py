# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event
from store.samples import checked

from airflow_provider_wa.api.errors import QuotaExceeded, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Flow, Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.bulk import check_results
from airflow_provider_wa.bulk.check_results import CheckBatch
from airflow_provider_wa.bulk.workers import FAILURES_TO_STOP
from airflow_provider_wa.store.batches import BatchInfo, BatchKind
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

BRAZILIAN, OTHER = "+5511987654307", "+551187654307"


@pytest.fixture
def batch(airflow_store: Store) -> CheckBatch:
    return CheckBatch(lambda: airflow_store, "b", "c")


def row(place: int, status: str = "exists", **fields: Any) -> CheckRow:
    return checked(place, status, input=f"in {place}", **fields)


def absent(row: int, number: str = BRAZILIAN, reference: str | None = "r") -> CheckRow:
    return checked(row, "absent", number=number, reference=reference)


class Asked:
    """A vendor that is asked for other forms; each number's answer is what ``answers`` makes of it."""

    numbers_per_check = 1

    def __init__(self, answers: Callable[[PhoneNumber], CheckStatus | Exception]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        (number,) = numbers
        self.asked.append(number.e164)
        yield Request("GET", "/", Effect.READ)
        answer = self.answers(number)
        if isinstance(answer, Exception):
            raise answer
        reference = f"second {number}" if answer is CheckStatus.PENDING else None
        return [CheckResult(number=number.digits, status=answer, reference=reference, detail="queued")]


def ask(batch: CheckBatch, vendor: Asked, workers: int = 1) -> None:
    async def main() -> None:
        transport = httpx.MockTransport(lambda request: httpx.Response(200))
        endpoint = Endpoint("https://vendor.test", concurrency=workers)
        async with AsyncChannel(endpoint, transport=transport) as channel:
            await batch.ask_for_other_forms(vendor, channel)

    asyncio.run(main())


async def test_results_are_stored_and_read_back_in_the_order_of_the_list(batch: CheckBatch) -> None:
    await asyncio.gather(*(batch.keep([row(place)]) for place in (3, 1, 2)))
    found = list(batch.results())
    assert [each["input"] for each in found] == ["in 1", "in 2", "in 3"]
    assert set(found[0]) == {"input", "number", "status", "jid", "checked_at", "detail"}
    assert found[0]["checked_at"] == "2026-03-01T12:30:15+00:00"
    assert [each["input"] for each in batch.results(last=2)] == ["in 1", "in 2"]


async def test_answers_do_not_gather_while_many_workers_wait(
    airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_results, "GATHERING", 3600.0)
    batch = CheckBatch(lambda: airflow_store, "b", "c")
    batch.expect(32)
    await batch.keep([row(1)])  # the first transaction waits for nobody
    both = asyncio.gather(batch.keep([row(2)]), batch.keep([row(3)]))
    await asyncio.wait_for(both, 30)
    alone = asyncio.ensure_future(batch.keep([row(4)]))
    _, waiting = await asyncio.wait([alone], timeout=0.1)
    assert waiting == {alone}
    alone.cancel()


async def test_a_row_that_could_not_be_stored_is_told_to_who_keeps_it(
    batch: CheckBatch, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, failures = airflow_store.checks.put, [StoreUnavailable("the disk is full")]

    def flaky(*arguments: Any, **options: Any) -> None:
        if failures:
            raise failures.pop()
        put(*arguments, **options)

    monkeypatch.setattr(airflow_store.checks, "put", flaky)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await batch.keep([row(1)])
    await batch.keep([row(2, "pending", reference="paid for")])
    assert [each.reference for each in airflow_store.checks.rows("b")] == ["paid for"]


async def test_calls_are_counted_over_all_tries(batch: CheckBatch, airflow_store: Store) -> None:
    for _ in range(2):
        further = CheckBatch(lambda: airflow_store, "b", "c")
        async with AsyncChannel(Endpoint("https://vendor.test")) as channel:
            further.count_calls(channel)
            channel.calls = 5
            await further.keep([row(1)])
    assert batch.calls == 10
    await batch.keep([row(2)])
    assert batch.calls == 10, "who does not count takes nothing back"


@pytest.mark.parametrize("form", [0, 1])
def test_a_batch_is_open_while_an_answer_is_to_come(batch: CheckBatch, airflow_store: Store, form: int) -> None:
    assert not batch.is_open()
    airflow_store.checks.put("b", "c", [checked(1, "pending", form=form)])
    assert batch.is_open()


def test_only_who_was_pending_and_has_two_forms_is_asked_for_again(batch: CheckBatch, airflow_store: Store) -> None:
    one_form = absent(2, "+34666666600")
    at_once = absent(3, BRAZILIAN, reference=None)
    airflow_store.checks.put("b", "c", [absent(1), one_form, at_once, checked(4, number=BRAZILIAN, reference="r4")])
    assert [(row.row, other.e164, other.country_code) for row, other in batch.other_forms()] == [(1, OTHER, "55")]


@pytest.mark.parametrize(
    ("status", "number", "may"),
    [("pending", BRAZILIAN, True), ("pending", "+34666666600", False), ("exists", BRAZILIAN, False)],
)
def test_time_is_set_aside_for_those_who_may_be_called_absent(
    batch: CheckBatch, airflow_store: Store, status: str, number: str, may: bool
) -> None:
    airflow_store.checks.put("b", "c", [checked(1, status, number=number, reference="r")])
    assert batch.may_need_other_forms() is may


ANSWERS = {
    CheckStatus.EXISTS: ("exists", f"as {OTHER}"),
    CheckStatus.PENDING: ("pending", f"as {OTHER}"),
    CheckStatus.ABSENT: ("absent", ""),
    CheckStatus.UNKNOWN: ("unknown", f"absent as {BRAZILIAN}; queued"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_number_is_absent_only_if_both_forms_are(
    batch: CheckBatch, airflow_store: Store, answer: CheckStatus
) -> None:
    airflow_store.checks.put("b", "c", [absent(1)])
    assert [each["status"] for each in batch.results()] == ["unknown"], "nobody asked for the other form yet"
    vendor = Asked(lambda number: answer)
    ask(batch, vendor)
    assert vendor.asked == [OTHER]
    (found,) = batch.results()
    assert (found["status"], found["detail"]) == ANSWERS[answer]
    assert found["number"] == BRAZILIAN


def test_rows_are_paired_by_their_place(batch: CheckBatch, airflow_store: Store) -> None:
    rows = [absent(row) if row % 3 == 0 else checked(row) for row in range(1, 30)]
    airflow_store.checks.put("b", "c", rows)
    second = [checked(row, "exists" if row % 2 else "absent", number=OTHER, form=1) for row in range(3, 25, 3)]
    airflow_store.checks.put("b", "c", second)
    found = {place: each["status"] for place, each in enumerate(batch.results(), 1)}
    expected = {row: "exists" for row in range(1, 30)}
    expected |= {row: "absent" for row in range(6, 25, 6)} | {27: "unknown"}
    assert found == expected
    assert [row.row for row, _ in batch.other_forms()] == [27]


def test_another_form_that_is_known_is_not_asked_for_again(batch: CheckBatch, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "c", [absent(1)])
    vendor = Asked(lambda number: CheckStatus.PENDING)
    ask(batch, vendor)
    ask(batch, vendor)
    assert len(vendor.asked) == 1


def test_a_form_that_could_not_be_asked_for_is_unknown_and_asked_for_again(
    batch: CheckBatch, airflow_store: Store
) -> None:
    airflow_store.checks.put("b", "c", [absent(1)])
    ask(batch, Asked(lambda number: VendorUnavailable("the vendor is away")))
    (found,) = batch.results()
    assert found["status"] == "unknown"
    assert found["detail"] == f"absent as {BRAZILIAN}; asking for {OTHER} failed: the vendor is away"
    ask(batch, Asked(lambda number: CheckStatus.EXISTS))
    assert [each["status"] for each in batch.results()] == ["exists"]


def test_an_error_that_stops_all_keeps_what_was_asked(batch: CheckBatch, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "c", [absent(row, f"+551198765{row:04d}") for row in range(1, 6)])

    def answers(number: PhoneNumber) -> CheckStatus | Exception:
        return QuotaExceeded("no credit") if len(vendor.asked) > 2 else CheckStatus.PENDING

    vendor = Asked(answers)
    with pytest.raises(QuotaExceeded):
        ask(batch, vendor)
    assert [row.status for row in airflow_store.checks.rows("b", form=1)] == ["pending", "pending"]


def test_a_vendor_that_is_away_is_not_asked_for_each_number(batch: CheckBatch, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "c", [absent(row, f"+551198765{row:04d}") for row in range(1, 101)])
    vendor = Asked(lambda number: VendorUnavailable("away"))
    with pytest.raises(VendorUnavailable):
        ask(batch, vendor)
    assert len(vendor.asked) == FAILURES_TO_STOP


def test_rows_of_many_names_are_counted_together(airflow_store: Store) -> None:
    names = [f"b{number}" for number in range(1200)]
    for name in (names[0], names[-1]):
        airflow_store.checks.put(name, "c", [checked(1), checked(2, "pending"), checked(3, "pending")])
    counts = airflow_store.checks.counts_of(names)
    assert counts[names[0]] == counts[names[-1]] == {"exists": 1, "pending": 2}
    assert counts[names[5]] == {}
    assert list(counts) == sorted(names)


async def test_a_run_that_stores_nothing_and_makes_no_call_writes_nothing(
    batch: CheckBatch, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await batch.keep([row(1)])
    begun: list[Connection] = []
    event.listen(airflow_store.database._writer, "begin", begun.append)
    async with AsyncChannel(Endpoint("https://vendor.test")) as channel:
        batch.count_calls(channel)
        await batch.keep([])
        batch.enter_early_callbacks()
        assert begun == []
        channel.calls = 1
        await batch.keep([])
    assert (len(begun), batch.calls) == (1, 1)


def test_a_batch_begins_and_ends_once_its_counts_are_known(batch: CheckBatch, airflow_store: Store) -> None:
    batch.begin(BatchInfo(name="b", kind=BatchKind.CHECK, conn_id="c", dag_id="d"))
    assert airflow_store.batches.get("b") is not None
    batch.end({"total": 3})
    found = airflow_store.batches.get("b")
    assert found is not None
    assert (found.dag_id, found.counts) == ("d", {"total": 3})
