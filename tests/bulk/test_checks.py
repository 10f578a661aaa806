# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

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
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.bulk.checks import FAILURES_TO_STOP, BulkCheck, Tally
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


def us(count: int, start: int = 0) -> list[str]:
    return [f"1202555{place:04d}" for place in range(start, start + count)]


async def checked(vendor: Vendor, numbers: Iterable[Any], workers: int = 3, **options: Any) -> tuple[Tally, list[Any]]:
    rows: list[Any] = []
    async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
        tally = await BulkCheck(vendor, channel, rows.append, LOG, **options).run(numbers, workers)
    return tally, sorted(rows, key=lambda row: row["row"])


async def test_each_spelling_gets_an_answer_of_its_own() -> None:
    vendor = Vendor()
    spellings = ["+1 (202) 555-0101", 12025550102, 12025550103.0, "001 202 555 0104", "oops", "", None, True]
    tally, rows = await checked(vendor, spellings)
    assert sorted(vendor.asked) == us(4, 101)
    assert [row["status"] for row in rows] == ["exists"] * 4 + ["invalid"] * 4
    assert [row["input"] for row in rows] == [
        "+1 (202) 555-0101", "12025550102", "12025550103", "001 202 555 0104", "oops", "", "", "True",
    ]  # fmt: skip
    assert [row["number"] for row in rows[:2]] == ["+12025550101", "+12025550102"]
    assert all(row["detail"] for row in rows[4:])
    assert tally.to_dict() == {
        "total": 8, "exists": 4, "absent": 0, "pending": 0, "unknown": 0, "invalid": 4, "duplicates": 0, "calls": 0,
    }  # fmt: skip


async def test_a_number_that_comes_again_is_asked_for_once() -> None:
    vendor = Vendor()
    tally, rows = await checked(vendor, ["12025550101", "+1 202-555-0101", "0012025550101", "12025550102"])
    assert sorted(vendor.asked) == us(2, 101)
    assert (tally.total, tally.duplicates, len(rows)) == (4, 2, 2)


async def test_the_default_region_reads_national_numbers() -> None:
    _, rows = await checked(Vendor(), ["999 888 777"], default_region="PE")
    assert rows[0]["number"] == "+51999888777"


async def test_numbers_go_in_batches_as_large_as_the_vendor_takes() -> None:
    vendor = Batching()
    await checked(vendor, us(10))
    assert Counter(map(len, vendor.batches)) == {4: 2, 2: 1}
    assert sorted(vendor.asked) == us(10)


@pytest.mark.parametrize("error", [UnexpectedReply("html"), VendorUnavailable("502"), BadInput("refused")])
async def test_a_failed_number_is_unknown_with_its_reason_and_fails_no_other(error: WaError) -> None:
    vendor = Vendor(raising(error, "12025550003"))
    tally, rows = await checked(vendor, us(8))
    assert tally.statuses == {"exists": 7, "unknown": 1}
    assert rows[3]["status"] == "unknown"
    assert rows[3]["detail"] == f"{type(error).__name__}: {error}"


async def test_a_refused_batch_is_halved_until_only_the_culprit_is_unknown() -> None:
    vendor = Batching(raising(BadInput("bad"), "12025550002"))
    _, rows = await checked(vendor, us(8))
    assert [row["status"] for row in rows] == ["exists"] * 2 + ["unknown"] + ["exists"] * 5


@pytest.mark.parametrize("error", [Unauthorized("token"), QuotaExceeded("466"), SessionDown("logged out")])
async def test_what_would_stop_all_ends_the_run_after_writing_what_it_has(error: WaError) -> None:
    rows: list[Any] = []
    vendor = Vendor(raising(error, "12025550020"))
    async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
        with pytest.raises(type(error)):
            await BulkCheck(vendor, channel, rows.append, LOG).run(us(1000), 3)
    assert 20 <= len(rows) < 30
    assert {row["status"] for row in rows} == {"exists"}


async def test_a_vendor_out_of_reach_ends_the_run_instead_of_trying_them_all() -> None:
    rows: list[Any] = []
    vendor = Vendor(raising(VendorUnavailable("refused")))
    async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
        with pytest.raises(VendorUnavailable):
            await BulkCheck(vendor, channel, rows.append, LOG).run(us(5000), 10)
    assert FAILURES_TO_STOP <= len(rows) <= FAILURES_TO_STOP + 10
    assert {row["status"] for row in rows} == {"unknown"}


async def test_now_and_then_a_failure_does_not_end_the_run() -> None:
    def answer(number: PhoneNumber) -> CheckStatus:
        if int(number.digits) % 2:
            raise VendorUnavailable("502")
        return CheckStatus.ABSENT

    tally, _ = await checked(Vendor(answer), us(200), workers=1)
    assert tally.statuses == {"absent": 100, "unknown": 100}


async def test_the_requests_are_counted() -> None:
    async with AsyncChannel(Endpoint("http://127.0.0.1:1")) as channel:
        channel.calls = 41
        tally = await BulkCheck(Vendor(), channel, lambda row: None, LOG).run(us(1), 1)
    assert tally.calls == 41


async def test_the_end_is_logged_with_the_share_on_whatsapp(caplog: pytest.LogCaptureFixture) -> None:
    half = Vendor(lambda number: CheckStatus.of(int(number.digits) % 2 == 0))
    with caplog.at_level(logging.INFO, "bulk"):
        await checked(half, us(10))
    assert caplog.messages[-1].startswith("10 numbers done")
    assert caplog.messages[-1].endswith("50% on WhatsApp")
