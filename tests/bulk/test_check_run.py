# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers.numbers import us

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.numbers import NumberRules, PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.bulk import check_run
from airflow_provider_wa.bulk.check_results import CheckBatch
from airflow_provider_wa.bulk.check_run import BulkCheck, CheckCounts, InCountry
from airflow_provider_wa.bulk.workers import FAILURES_TO_STOP
from airflow_provider_wa.store.checks import CheckRow, Stretch
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

LOG = logging.getLogger("bulk")


@dataclass
class Vendor:
    """Answers without any request; what is asked is in ``batches``. ``answer`` gives a status or raises."""

    numbers_per_check: ClassVar[int] = 1
    answer: Callable[[PhoneNumber], CheckStatus] = lambda number: CheckStatus.EXISTS
    batches: list[list[str]] = field(default_factory=list)

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        yield from ()
        self.batches.append([number.digits for number in numbers])
        return [CheckResult(number=number.digits, status=self.answer(number)) for number in numbers]

    @property
    def asked(self) -> list[str]:
        return [digits for batch in self.batches for digits in batch]


class Batching(Vendor):
    numbers_per_check = 4


def raising(error: WaError, *numbers: str) -> Callable[[PhoneNumber], CheckStatus]:
    def answer(number: PhoneNumber) -> CheckStatus:
        if not numbers or number.digits in numbers:
            raise error
        return CheckStatus.EXISTS

    return answer


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield store
    store.close()


@dataclass
class Runs:
    """Runs bulk checks, each a try of the same task unless its batch has another name."""

    store: Store

    async def __call__(
        self, vendor: Vendor, numbers: Iterable[Any], workers: int = 3, name: str = "b", **options: Any
    ) -> tuple[CheckCounts, list[Any]]:
        batch = CheckBatch(lambda: self.store, name, "c")
        async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
            counts = await BulkCheck(vendor, channel, batch, LOG, **options).run(numbers, workers)
        return counts, self.rows(name)

    def rows(self, name: str = "b") -> list[dict[str, Any]]:
        return list(CheckBatch(lambda: self.store, name, "c").results())


@pytest.fixture
def checked(store: Store) -> Runs:
    return Runs(store)


async def test_each_spelling_gets_an_answer_of_its_own(checked: Runs) -> None:
    vendor = Vendor()
    spellings = ["+1 (202) 555-0101", 12025550102, 12025550103.0, "001 202 555 0104", "oops", "", None, True]
    counts, rows = await checked(vendor, spellings)
    assert sorted(vendor.asked) == us(4, 101)
    assert [row["status"] for row in rows] == ["exists"] * 4 + ["invalid"] * 4
    assert [row["input"] for row in rows] == [
        "+1 (202) 555-0101", "12025550102", "12025550103", "001 202 555 0104", "oops", "", "", "True",
    ]  # fmt: skip
    assert [row["number"] for row in rows[:2]] == ["+12025550101", "+12025550102"]
    assert all(row["detail"] for row in rows[4:])
    assert counts.to_dict() == {
        "total": 8, "exists": 4, "absent": 0, "pending": 0, "unknown": 0, "invalid": 4, "duplicates": 0,
        "reused": 0, "calls": 0,
    }  # fmt: skip


async def test_a_number_that_comes_again_is_asked_for_once(checked: Runs) -> None:
    vendor = Vendor()
    counts, rows = await checked(vendor, ["12025550101", "+1 202-555-0101", "0012025550101", "12025550102"])
    assert sorted(vendor.asked) == us(2, 101)
    assert (counts.total, counts.duplicates, len(rows)) == (4, 2, 2)


async def test_the_default_region_reads_national_numbers(checked: Runs) -> None:
    _, rows = await checked(Vendor(), ["999 888 777"], rules=NumberRules("PE"))
    assert rows[0]["number"] == "+51999888777"


async def test_a_number_is_read_by_the_country_of_its_row(checked: Runs) -> None:
    numbers = [InCountry.of(3224323817, "co"), InCountry.of("987 654 321", ""), InCountry.of("666666611", "Spain")]
    for _ in range(2):  # once more, as a retry does
        _, rows = await checked(Vendor(), numbers, rules=NumberRules("PE"))
        assert [row["number"] for row in rows] == ["+573224323817", "+51987654321", "666666611"]
        assert rows[2]["status"] == "invalid"
        assert rows[2]["detail"].startswith("country_column: 'SPAIN' is not a country")


async def test_numbers_go_in_batches_as_large_as_the_vendor_takes(checked: Runs) -> None:
    vendor = Batching()
    await checked(vendor, us(10))
    assert Counter(map(len, vendor.batches)) == {4: 2, 2: 1}
    assert sorted(vendor.asked) == us(10)


@pytest.mark.parametrize("error", [UnexpectedReply("html"), VendorUnavailable("502"), BadInput("refused")])
async def test_a_failed_number_is_unknown_with_its_reason_and_fails_no_other(checked: Runs, error: WaError) -> None:
    vendor = Vendor(raising(error, "12025550003"))
    counts, rows = await checked(vendor, us(8))
    assert counts.statuses == {"exists": 7, "unknown": 1}
    assert rows[3]["status"] == "unknown"
    assert rows[3]["detail"] == f"{type(error).__name__}: {error}"


async def test_a_refused_batch_is_halved_until_only_the_culprit_is_unknown(checked: Runs) -> None:
    vendor = Batching(raising(BadInput("bad"), "12025550002"))
    _, rows = await checked(vendor, us(8))
    assert [row["status"] for row in rows] == ["exists"] * 2 + ["unknown"] + ["exists"] * 5


@pytest.mark.parametrize("error", [Unauthorized("token"), QuotaExceeded("466"), SessionDown("logged out")])
async def test_what_would_stop_all_ends_the_run_after_storing_what_it_has(checked: Runs, error: WaError) -> None:
    vendor = Vendor(raising(error, "12025550020"))
    with pytest.raises(type(error)):
        await checked(vendor, us(1000))
    rows = checked.rows()
    assert 20 <= len(rows) < 30
    assert {row["status"] for row in rows} == {"exists"}


async def test_a_vendor_out_of_reach_ends_the_run_instead_of_trying_them_all(checked: Runs) -> None:
    vendor = Vendor(raising(VendorUnavailable("refused")))
    with pytest.raises(VendorUnavailable):
        await checked(vendor, us(5000), workers=10)
    rows = checked.rows()
    assert FAILURES_TO_STOP <= len(rows) <= FAILURES_TO_STOP + 10
    assert {row["status"] for row in rows} == {"unknown"}


async def test_why_there_is_no_answer_is_logged_once_for_each_reason(
    checked: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(number: PhoneNumber) -> CheckStatus:
        raise UnexpectedReply("html" if int(number.digits) % 2 else f"odd {number.digits}")

    await checked(Vendor(answer), us(40), workers=1)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == check_run.REASONS_LOGGED
    assert told[:2] == [
        "No answer for +12025550000: UnexpectedReply: odd 12025550000",
        "No answer for +12025550001: UnexpectedReply: html",
    ]
    assert not any("html" in line for line in told[2:])


async def test_now_and_then_a_failure_does_not_end_the_run(checked: Runs) -> None:
    def answer(number: PhoneNumber) -> CheckStatus:
        if int(number.digits) % 2:
            raise VendorUnavailable("502")
        return CheckStatus.ABSENT

    counts, _ = await checked(Vendor(answer), us(200), workers=1)
    assert counts.statuses == {"absent": 100, "unknown": 100}


async def test_all_tries_requests_are_counted(checked: Runs, store: Store) -> None:
    batch = CheckBatch(lambda: store, "b", "c")
    for calls, before in ((41, 0), (1, 41)):
        async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
            assert batch.count_calls(channel) == before
            channel.calls = calls
            counts = await BulkCheck(Vendor(), channel, batch, LOG).run(us(1, before), 1)
        assert counts.calls == calls
    assert batch.calls == 42


async def test_the_end_is_logged_with_the_share_on_whatsapp(checked: Runs, caplog: pytest.LogCaptureFixture) -> None:
    half = Vendor(lambda number: CheckStatus.of(int(number.digits) % 2 == 0))
    with caplog.at_level(logging.INFO, "bulk"):
        await checked(half, us(10))
    assert caplog.messages[-1].startswith("10 numbers done")
    assert caplog.messages[-1].endswith("50% on WhatsApp")


async def test_a_further_try_asks_only_for_what_has_no_answer(checked: Runs) -> None:
    numbers = [*us(30), "oops", "1202 555 0003"]
    with pytest.raises(SessionDown):
        await checked(Vendor(raising(SessionDown("logged out"), "12025550010")), numbers, workers=1)
    vendor = Vendor()
    counts, rows = await checked(vendor, numbers)
    assert sorted(vendor.asked) == us(20, 10)
    assert (counts.statuses, counts.duplicates, counts.total) == ({"exists": 30, "invalid": 1}, 1, 32)
    assert [row["input"] for row in rows] == numbers[:-1]
    again = Vendor()
    counts, rows = await checked(again, numbers)
    assert again.asked == []
    assert (counts.statuses, counts.duplicates, counts.total) == ({"exists": 30, "invalid": 1}, 1, 32)


async def test_what_is_unknown_is_asked_for_again(checked: Runs) -> None:
    await checked(Vendor(raising(VendorUnavailable("502"), "12025550001")), us(3))
    vendor = Vendor()
    counts, _ = await checked(vendor, us(3))
    assert vendor.asked == ["12025550001"]
    assert counts.statuses == {"exists": 3}


@pytest.mark.parametrize("rows_at_once", [1, 4, 100])
async def test_a_list_that_has_changed_is_asked_for_what_is_new_in_it(
    checked: Runs, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(check_run, "KNOWN_AT_ONCE", rows_at_once)
    await checked(Vendor(), ["12025550001", "12025550002", "12025550003", "12025550004"])
    vendor = Vendor()
    changed = ["+1 202 555 0001", "12025550009", "12025550003", "12025550003", "12025550007"]
    counts, rows = await checked(vendor, changed)
    assert sorted(vendor.asked) == ["12025550007", "12025550009"]
    assert (counts.statuses, counts.duplicates) == ({"exists": 4}, 1)
    assert [row["input"] for row in rows] == [*changed[:3], changed[4]]
    assert rows[1]["number"] == "+12025550009"


async def test_the_next_answers_are_looked_up_while_the_list_is_read(
    checked: Runs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_run, "KNOWN_AT_ONCE", 2)
    numbers, looked_up, look_up = us(6, 101), threading.Semaphore(0), store.checks.stretch
    await checked(Vendor(), numbers)

    def noted(*places: Any, **options: Any) -> Stretch:
        looked_up.release()
        return look_up(*places, **options)

    def read() -> Iterator[str]:
        for place, number in enumerate(numbers):
            if place % 2 == 0:  # no other task has a turn here
                assert looked_up.acquire(timeout=30)
            yield number

    monkeypatch.setattr(store.checks, "stretch", noted)
    counts, _ = await checked(vendor := Vendor(), read())
    assert (counts.to_dict()["exists"], vendor.asked) == (6, [])


async def test_a_number_that_is_known_is_not_asked_for_where_it_comes_again(checked: Runs) -> None:
    await checked(Vendor(), ["12025550001"])
    vendor = Vendor()
    counts, _ = await checked(vendor, ["12025550001", "12025550001"])
    assert vendor.asked == []
    assert counts.duplicates == 1


async def test_each_answer_is_stored_before_the_next_number_is_asked_for(checked: Runs, store: Store) -> None:
    stored: list[int] = []

    def answer(number: PhoneNumber) -> CheckStatus:
        stored.append(store.checks.counts("b").total())
        return CheckStatus.EXISTS

    await checked(Vendor(answer), us(20), workers=1)
    assert stored == [*range(20)]
    assert store.checks.counts("b").total() == 20


async def test_a_store_that_fails_ends_the_run_before_much_is_spent(
    checked: Runs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(store.checks, "put", full)
    vendor = Vendor()
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await checked(vendor, us(1000), workers=5)
    assert len(vendor.asked) <= 5


async def test_answers_of_earlier_runs_are_taken_if_they_are_young_enough(checked: Runs, store: Store) -> None:
    now = datetime.now(timezone.utc)
    old = [
        CheckRow(
            row=place,
            input="",
            number=f"+{digits}",
            status=status,
            jid="j" if status == "exists" else None,
            checked_at=now - timedelta(days=days),
        )
        for place, (digits, status, days) in enumerate(
            [
                ("12025550001", "absent", 9),
                ("12025550001", "exists", 3),
                ("12025550002", "exists", 40),
                ("12025550003", "unknown", 1),
                ("12025550004", "pending", 1),
                ("12025550005", "absent", 29),
            ]
        )
    ]
    store.checks.put("earlier", "c", old)
    store.checks.put("another connection", "d", [*old])
    vendor = Vendor()
    counts, rows = await checked(vendor, us(6, 1), reuse_since=now - timedelta(days=30))
    assert sorted(vendor.asked) == ["12025550002", "12025550003", "12025550004", "12025550006"]
    assert (counts.reused, counts.statuses) == (2, {"exists": 5, "absent": 1})
    assert (rows[0]["status"], rows[0]["jid"], rows[0]["input"]) == ("exists", "j", "12025550001")
    assert rows[0]["checked_at"] == (now - timedelta(days=3)).isoformat(timespec="seconds"), "it grows no younger"
    assert rows[4]["status"] == "absent"
    assert [row.reused for row in store.checks.rows("b")] == [True, False, False, False, True, False]


async def test_a_part_of_a_list_keeps_the_places_of_the_whole(checked: Runs, store: Store) -> None:
    await checked(Vendor(), us(3), first=101)
    assert [row.row for row in store.checks.rows("b")] == [101, 102, 103]
    vendor = Vendor()
    await checked(vendor, us(4), first=101)
    assert vendor.asked == ["12025550003"]


async def test_a_long_list_is_read_as_it_is_needed(checked: Runs) -> None:
    read = 0

    def numbers() -> Iterator[str]:
        nonlocal read
        for number in us(5000):
            read += 1
            yield number

    with pytest.raises(Unauthorized):
        await checked(Vendor(raising(Unauthorized("token"))), numbers())
    assert read <= check_run.ROWS_AT_ONCE


async def test_many_workers_share_one_list(checked: Runs) -> None:
    vendor = Vendor()
    await asyncio.wait_for(checked(vendor, us(2000), workers=100), 60)
    assert sorted(vendor.asked) == us(2000)
