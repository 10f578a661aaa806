# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from helpers.numbers import us
from sqlalchemy import update

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Request, Sleep, exchange
from airflow_provider_wa.api.messages import Location, Message, Text
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, SentMessage, Session, SessionState
from airflow_provider_wa.api.webhooks import event
from airflow_provider_wa.bulk import reconciliation, send_one, send_run, session_watch
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.pacing import QuietHours, SendingPolicy, SendInterval
from airflow_provider_wa.bulk.send_job import TrySoFar
from airflow_provider_wa.bulk.send_results import Addressed, SendCounts, Unaddressed
from airflow_provider_wa.bulk.send_run import BulkSend
from airflow_provider_wa.bulk.workers import FAILURES_TO_STOP, Interrupted
from airflow_provider_wa.store import send_changes
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import sends
from airflow_provider_wa.transport import steady
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

LOG = logging.getLogger("bulk")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FOREVER = 3600.0

Answer = Callable[[str], "str | None"]


def fine(to: str) -> str | None:
    return None


@dataclass
class Vendor:
    """Sends without any request; ``taken`` is what went out. ``answer`` gives a warning, or raises after that."""

    sends: ClassVar[frozenset[type[Message]]] = frozenset({Text, Location})
    answer: Answer = fine
    refuse: Callable[[str], None] = lambda to: None
    """Raises before anything goes out."""
    seconds: float | None = None
    on_call: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    taken: list[tuple[str, str]] = field(default_factory=list)

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        self.calls.append(to)
        self.on_call()
        if self.seconds is not None:
            yield Sleep(self.seconds)
        self.refuse(to)
        self.taken.append((to, message_id or f"m{len(self.taken) + 1}"))
        warning = self.answer(to)
        return SentMessage(vendor="fake", message_id=self.taken[-1][1], to=to, warning=warning)

    @property
    def reached(self) -> list[str]:
        return [to for to, _ in self.taken]


@dataclass
class Reporting(Vendor):
    """Lists what went out; the text of each is ``told``. ``reports`` are the moments that it was asked since."""

    report_seconds: ClassVar[float] = 0.0
    told: str | None = "hello"
    reports: list[datetime] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    shown: int | None = None
    """How many of them the report has got to."""
    hidden: str = ""
    """A recipient whose message the report lacks."""

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        yield from ()
        assert since
        self.reports.append(since)
        statuses = [
            DeliveryStatus(message_id=name, state=DeliveryState.SENT, to=to, text=self.told)
            for to, name in self.taken[: self.shown]
            if to != self.hidden
        ]
        self.meanwhile()
        return statuses


@dataclass
class RemembersADay(Reporting):
    """Has deleted what is older."""

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        if since and since < datetime.now(timezone.utc) - 2 * DAY:
            raise BadInput("since: the vendor keeps 2 days")
        return (yield from super().delivery_report(since=since, until=until, limit=limit))


@dataclass
class ById(Vendor):
    """Takes an id of ours with a message."""

    def repeats_by_id(self, message: Message) -> bool:
        return isinstance(message, Text)

    def new_message_id(self, key: str) -> str:
        return f"id-{key[:8]}"


@dataclass
class WithSession(Vendor):
    """Has an account; ``asked`` is how often it was asked for."""

    state: SessionState = SessionState.LOGGED_IN
    asked: int = 0

    def session(self) -> Flow[Session]:
        self.asked += 1
        yield Sleep(0.0)
        return Session(state=self.state, detail="as it is")


@dataclass
class ReportingWithSession(Reporting, WithSession):
    """Does both."""


def raising(error: WaError, *recipients: str, times: int = 1000) -> Callable[[str], Any]:
    left = times

    def answer(to: str) -> None:
        nonlocal left
        if left and (not recipients or to in recipients):
            left -= 1
            raise error

    return answer


def key_of(to: str, name: str = "hello") -> str:
    return hashlib.sha256(f"{to} {name}".encode()).hexdigest()


def to_each(vendor: Vendor, message: Message, name: str) -> Callable[[int, Mapping[str, Any]], Addressed | Unaddressed]:
    def address(place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
        to = row["to"]
        if not to.isdigit():
            return Unaddressed(place, to, "no number")
        key = key_of(to, name)
        own = vendor.new_message_id(key) if isinstance(vendor, ById) and vendor.repeats_by_id(message) else None
        return Addressed(place, f"+{to}", to, message, key, own)

    return address


@dataclass
class Tries:
    """Sends to lists, each a try of the same task unless its batch has another name."""

    store: Store

    async def __call__(
        self,
        vendor: Vendor,
        recipients: Iterable[str],
        workers: int = 1,
        batch: str = "b",
        message: Message | None = None,
        name: str = "hello",
        conn_id: str = "c",
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Any,
    ) -> SendCounts:
        rows = [{"to": to} for to in recipients]
        async with AsyncChannel(Endpoint("http://127.0.0.1:1"), transport=transport) as channel:
            bulk = BulkSend(
                vendor=vendor,
                channel=channel,
                store=self.store,
                batch=batch,
                conn_id=conn_id,
                log=LOG,
                address=to_each(vendor, message or Text("hello"), name),
                **options,
            )
            return await bulk.run(lambda: iter(rows), workers, len(rows))

    def rows(self, batch: str = "b") -> list[SendRow]:
        return list(self.store.sends.rows(batch))

    def states(self, batch: str = "b") -> list[str]:
        return [row.state.value for row in self.rows(batch)]

    def intend(self, to: str, *, batch: str = "b", conn_id: str = "c", ago: timedelta | None = None) -> SendRow:
        """Leave behind what a try leaves that is killed in the middle of a request."""
        row = SendRow(key=key_of(to), row=1, given=f"+{to}", recipient=to, state=SendState.INTENDED)
        assert self.store.sends.change([Intend(batch=batch, conn_id=conn_id, row=row)]) == [None]
        return self.store.sends.known([row.key])[row.key]


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tries]:
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.0)
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield Tries(store)
    store.close()


# What is stored, and when.


async def test_an_intent_is_stored_before_the_vendor_is_called_and_the_outcome_after(tries: Tries) -> None:
    seen: list[str] = []
    vendor = Vendor(refuse=lambda to: seen.append(tries.store.sends.known([key_of(to)])[key_of(to)].state.value))
    await tries(vendor, us(3))
    assert seen == ["intended"] * 3
    assert [(row.row, row.state.value, row.message_id) for row in tries.rows()] == [
        (1, "accepted", "m1"),
        (2, "accepted", "m2"),
        (3, "accepted", "m3"),
    ]


@dataclass
class Slow(Vendor):
    """Counts its requests at once; each waits for ``open``. ``stored`` are the states in the store at the first."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most: int = 0

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        while not self.open.is_set():
            yield Sleep(0.01)
        sent = yield from super().send(to, message, message_id=message_id)
        self.at_once -= 1
        return sent


async def states_of(tries: Tries, number: int) -> list[str]:
    """Return the states in the store, as soon as it has this number of messages, and a moment after that."""
    while len(tries.states()) < number:  # noqa: ASYNC110 - it is another connection that writes them
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    return tries.states()


async def test_a_fifth_more_messages_than_workers_is_prepared_and_no_request_more_than_workers(tries: Tries) -> None:
    vendor = Slow()
    run = asyncio.ensure_future(tries(vendor, us(40), workers=10))
    assert await states_of(tries, 12) == ["intended"] * 12
    assert vendor.at_once == 10
    vendor.open.set()
    await run
    assert vendor.most == 10
    assert sorted(vendor.reached) == us(40)


async def test_one_worker_prepares_nothing(tries: Tries) -> None:
    vendor = Slow()
    run = asyncio.ensure_future(tries(vendor, us(3)))
    assert await states_of(tries, 1) == ["intended"]
    vendor.open.set()
    await run
    assert vendor.reached == us(3)


@pytest.mark.parametrize("ended_by", ["an error", "the task's end"])
async def test_a_prepared_message_is_not_sent_after_the_end_and_not_in_doubt(tries: Tries, ended_by: str) -> None:
    ends: list[bool] = []
    refuse = raising(SessionDown("logged out")) if ended_by == "an error" else lambda to: ends.append(True)
    vendor = Slow(refuse=refuse)
    run = asyncio.ensure_future(tries(vendor, us(40), workers=10, interrupted=lambda: bool(ends)))
    assert await states_of(tries, 12) == ["intended"] * 12
    vendor.open.set()
    with pytest.raises((SessionDown, Interrupted)):
        await run
    assert vendor.most == len(vendor.calls) == 10
    assert sorted(vendor.reached) == ([] if ended_by == "an error" else us(10))
    late = [row for row in tries.rows() if row.detail.startswith("not sent: ")]
    assert [row.state for row in late] == [SendState.DELAYED] * 2
    await tries(again := Vendor(), us(40))
    assert sorted([*vendor.reached, *again.reached]) == us(40)


async def test_the_intent_of_a_message_that_waits_long_for_its_turn_is_renewed(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_one, "TURN_SECONDS", -1.0)
    moments: list[tuple[datetime | None, datetime | None]] = []
    before: dict[str, datetime | None] = {}

    def called(to: str) -> None:
        row = tries.store.sends.known([key_of(to)])[key_of(to)]
        moments.append((before.get(to), row.intended_at))

    give_up = send_one.Sender._give_up

    async def noted(self: send_one.Sender, each: Addressed, intent: Any, reason: WaError) -> bool:
        before[each.to] = tries.store.sends.known([each.key])[each.key].intended_at
        return await give_up(self, each, intent, reason)

    monkeypatch.setattr(send_one.Sender, "_give_up", noted)
    counts = await tries(Vendor(refuse=called), us(3))
    assert len(moments) == 3
    assert all(first and second and first < second for first, second in moments)
    assert (tries.states(), counts.states["accepted"]) == (["accepted"] * 3, 3)  # type: ignore[index]


@pytest.mark.parametrize("asked", [False, True], ids=["at its turn", "before its request"])
async def test_an_intent_that_another_try_may_have_made_its_own_stays_in_doubt(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """Its entry would hide the request of the other try, and the message go out twice."""
    if not asked:
        monkeypatch.setattr(send_one, "TURN_SECONDS", -1.0)

    class Requesting(Vendor):
        def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
            yield from exchange(Request("POST", "/", Effect.SEND))
            return (yield from super().send(to, message, message_id=message_id))

    vendor = Requesting()
    counts = await tries(vendor, us(1), turn_seconds=-1.0)
    assert (vendor.reached, tries.states(), counts.in_doubt) == ([], ["intended"], 1)


@pytest.mark.parametrize("again", [False, True])
async def test_a_request_that_would_begin_long_after_its_intent_is_made_in_a_further_pass(
    tries: Tries, again: bool
) -> None:
    asked: list[str] = []

    class Pausing(ById if again else Vendor):  # type: ignore[misc]
        """Pauses all calls before the first."""

        def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
            asked.append(to)
            if len(asked) == 1:
                yield Sleep(0.3, everyone=True)
            yield from exchange(Request("POST", "/", Effect.SEND))
            return (yield from super().send(to, message, message_id=message_id))

    async def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    if again:
        tries.intend(us(1)[0])
    vendor = Pausing()
    counts = await tries(
        vendor,
        us(1),
        turn_seconds=0.2,
        doubt_seconds=5.0,
        transport=httpx.MockTransport(answered),
    )
    assert (asked, vendor.reached) == (us(1) * 2, us(1))
    assert (tries.states(), counts.states["accepted"]) == (["accepted"], 1)  # type: ignore[index]


async def test_an_id_that_is_chosen_before_the_request_is_stored_before_it(tries: Tries) -> None:
    (to,) = us(1)
    await asyncio.wait_for(_killed(tries, ById(seconds=FOREVER), [to]), 10)
    (row,) = tries.rows()
    assert (row.state, row.message_id) == (SendState.INTENDED, f"id-{key_of(to)[:8]}")


OUTCOMES = [
    (BadInput("no such number"), "failed"),
    (RateLimited("too fast"), "delayed"),
    (VendorUnavailable("refused", never_left=True), "delayed"),
    (OutcomeUnknown("no reply"), "unknown"),
    (UnexpectedReply("html"), "unknown"),
]


@pytest.mark.parametrize(("error", "state"), OUTCOMES, ids=[state for _, state in OUTCOMES[:3]] + ["unknown", "reply"])
async def test_each_error_has_its_state_and_fails_no_other(tries: Tries, error: WaError, state: str) -> None:
    vendor = Vendor(refuse=raising(error, "12025550001"))
    counts = await tries(vendor, us(3))
    assert tries.states() == ["accepted", state, "accepted"]
    assert tries.rows()[1].detail == f"{type(error).__name__}: {error}"
    assert counts.states["accepted"] == 2  # type: ignore[index]


@pytest.mark.parametrize(
    ("error", "state"), [(SessionDown("logged out"), "delayed"), (QuotaExceeded("credit"), "delayed")]
)
async def test_an_error_that_would_stop_all_stops_all_and_loses_nobody(
    tries: Tries, error: WaError, state: str
) -> None:
    vendor = Vendor(refuse=raising(error, "12025550002"))
    with pytest.raises(type(error)):
        await tries(vendor, us(6))
    assert tries.states() == ["accepted", "accepted", state]
    await tries(again := Vendor(), us(6))
    assert again.reached == us(6)[2:]
    assert tries.states() == ["accepted"] * 6


async def test_a_warning_is_kept_with_an_accepted_message(tries: Tries) -> None:
    await tries(Vendor(answer=lambda to: "the phone is off"), us(1))
    (row,) = tries.rows()
    assert (row.state, row.detail) == (SendState.ACCEPTED, "the phone is off")


async def test_a_store_that_fails_before_the_request_lets_nothing_out(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(tries, monkeypatch, Intend, after=2)
    vendor = Vendor()
    with pytest.raises(StoreUnavailable):
        await tries(vendor, us(6))
    assert vendor.calls == us(2)


async def test_a_store_that_fails_after_a_request_leaves_its_intent_and_nothing_more_is_sent(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(tries, monkeypatch, Settle, after=1)
    vendor = Reporting()
    with pytest.raises(StoreUnavailable):
        await tries(vendor, us(6))
    assert vendor.reached == us(2)
    # The third was to be sent next: its intent was written with the outcome of the second, and needs no request.
    assert tries.states() == ["accepted", "intended", "intended"]
    monkeypatch.undo()
    await tries(vendor, us(6))
    assert sorted(vendor.reached) == us(6), "each once"
    assert tries.states() == ["accepted"] * 6


async def test_a_try_that_is_cancelled_in_a_request_leaves_an_intent_that_the_next_clears_up(tries: Tries) -> None:
    killed = Reporting(seconds=FOREVER)
    await asyncio.wait_for(_killed(tries, killed, us(3)), 10)
    assert tries.states() == ["intended"]
    killed.seconds = None
    await tries(killed, us(3))
    assert sorted(killed.reached) == us(3)
    assert tries.states() == ["accepted"] * 3


async def test_nothing_that_was_accepted_is_sent_again(tries: Tries) -> None:
    vendor = Vendor()
    all_counts = [await tries(vendor, us(250), workers=5) for _ in range(2)]
    assert sorted(vendor.reached) == us(250)
    assert [counts.to_dict() for counts in all_counts] == [
        {"total": 250, "accepted": 250, "skipped": 0, "failed": 0, "unknown": 0}
    ] * 2


async def test_two_tries_at_the_same_time_send_each_message_once(tries: Tries) -> None:
    vendor = Vendor(seconds=0.0)
    recipients = us(120)
    all_counts = await asyncio.gather(
        tries(vendor, recipients, workers=3), tries(vendor, list(reversed(recipients)), workers=3)
    )
    assert sorted(vendor.reached) == recipients
    assert tries.states() == ["accepted"] * 120
    assert [counts.total for counts in all_counts] == [120, 120]


# What is in doubt.


async def test_what_went_out_is_found_and_what_did_not_is_sent_in_a_further_pass(tries: Tries) -> None:
    lost = raising(OutcomeUnknown("no reply"), "12025550001", times=1)
    never = raising(OutcomeUnknown("no reply"), "12025550002", times=1)
    vendor = Reporting(answer=lost, refuse=never)
    counts = await tries(vendor, us(4))
    assert vendor.reached == ["12025550000", "12025550001", "12025550003", "12025550002"]
    assert tries.states() == ["accepted"] * 4
    assert [row.message_id for row in tries.rows()] == ["m1", "m2", "m4", "m3"]
    assert counts.failure is None
    assert len(vendor.reports) == 1, "one report for all"


class Ended(Exception):
    """The try was ended from outside, by its ``execution_timeout`` for instance."""


async def test_what_earlier_tries_left_in_doubt_is_looked_for_after_all_others_were_sent(tries: Tries) -> None:
    first, *others = us(250)
    tries.intend(first)
    vendor = Reporting(meanwhile=lambda: seen.extend(vendor.reached))
    seen: list[str] = []
    await tries(vendor, [first, *others], workers=3)
    assert sorted(seen) == others, "the report was asked for when these had gone out"
    assert sorted(vendor.reached) == [first, *others], "it had not gone out, and was sent then"


async def test_under_their_ids_too_messages_go_again_after_all_others(tries: Tries) -> None:
    first, *others = us(120)
    tries.intend(first)
    vendor = ById()
    await tries(vendor, [first, *others])
    assert vendor.reached == [*others, first]


async def test_a_wait_for_the_report_holds_nobody_up(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try is ended while it waits; the next one first sends what the one before had not."""
    monkeypatch.setattr(Reporting, "report_seconds", FOREVER)
    recipients, lost = us(30), raising(OutcomeUnknown("no reply"), *us(30)[::10])
    vendor = Reporting(answer=lost)

    sleep = asyncio.sleep

    async def ended(seconds: float) -> None:
        if seconds:
            raise Ended
        await sleep(0)

    monkeypatch.setattr(send_run.asyncio, "sleep", ended)
    for sent in (10, 20, 30):
        with pytest.raises(Ended):
            await tries(vendor, recipients[:sent], workers=3)
        assert sorted(vendor.reached) == recipients[:sent]
        assert vendor.reports == []


async def test_with_little_patience_a_run_ends_before_the_wait_for_the_report(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reporting, "report_seconds", 150.0)
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), us(4)[1], times=1), refuse=_refusing(us(4)[2]))
    first = await tries(vendor, us(4), patience=5.0)
    assert first.report_due is not None
    left = (first.report_due - datetime.now(timezone.utc)).total_seconds()
    assert left == pytest.approx(150, abs=60)
    assert (first.failure, first.in_doubt, vendor.reports) == (None, 1, [])
    assert tries.states() == ["accepted", "unknown", "failed", "accepted"]
    monkeypatch.setattr(Reporting, "report_seconds", 0.0)
    calls = list(vendor.calls)
    second = await tries(vendor, us(4), patience=5.0, so_far=TrySoFar(datetime.now(timezone.utc) - HOUR))
    assert (second.report_due, vendor.calls) == (None, calls), "nor is what was refused in this try sent again"
    assert tries.states() == ["accepted", "accepted", "failed", "accepted"]


async def test_a_try_clears_up_as_often_before_and_after_a_wait_in_the_triggerer(tries: Tries) -> None:
    vendor = Reporting(refuse=raising(OutcomeUnknown("no reply")))
    so_far = TrySoFar(datetime.now(timezone.utc), clear_ups=send_run.PASSES - 1)
    counts = await tries(vendor, us(1), so_far=TrySoFar.of(so_far.to_dict()))
    assert (len(vendor.calls), vendor.reports) == (1, [])
    assert isinstance(counts.failure, OutcomeUnknown)


async def test_a_wait_for_the_report_ends_with_the_task(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reporting, "report_seconds", FOREVER)
    tries.intend("12025550000")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(send_run.asyncio, "sleep", sleep)
    with pytest.raises(Interrupted):
        await tries(Reporting(), us(1), interrupted=lambda: len(waits) == 3)


async def test_what_is_too_old_for_the_vendors_reports_hides_no_younger_doubt(tries: Tries) -> None:
    old, young = us(2)
    vendor = RemembersADay(answer=raising(OutcomeUnknown("no reply"), young, times=1))
    tries.intend(old)
    _age(tries, timedelta(days=8))
    await tries(vendor, [old, young])
    assert vendor.reached == [young]
    assert [row.state.value for row in tries.rows()] == ["intended", "accepted"]


async def test_an_account_is_trusted_if_its_report_shows_what_was_sent_after_the_doubt(tries: Tries) -> None:
    """What was accepted last may be too young for the report; what followed the doubt is not."""
    vendor = Reporting(refuse=raising(OutcomeUnknown("no reply"), us(9)[3], times=1), hidden=us(9)[8])
    await tries(vendor, us(9))
    assert sorted(vendor.reached) == us(9)
    assert tries.states() == ["accepted"] * 9


async def test_under_its_id_a_message_goes_again_and_is_the_same(tries: Tries) -> None:
    vendor = ById(answer=raising(OutcomeUnknown("no reply"), "12025550001", times=2))
    await tries(vendor, us(2))
    assert [to for to in vendor.reached] == ["12025550000", *["12025550001"] * 3]
    assert len({name for _, name in vendor.taken}) == 2
    assert tries.states() == ["accepted"] * 2


async def test_there_are_three_passes_at_most_and_the_failure_is_told(tries: Tries) -> None:
    vendor = ById(answer=raising(OutcomeUnknown("no reply")))
    counts = await tries(vendor, us(1))
    assert len(vendor.calls) == send_run.PASSES
    assert isinstance(counts.failure, OutcomeUnknown)
    assert (counts.in_doubt, tries.states()) == (1, ["unknown"])


async def test_a_repeat_that_is_refused_leaves_the_first_one_in_doubt(tries: Tries) -> None:
    tries.intend("12025550000")
    vendor = ById(refuse=raising(BadInput("refused")))
    counts = await tries(vendor, us(1))
    assert tries.states() == ["unknown"]
    assert counts.in_doubt == 1


@pytest.mark.parametrize("told", ["something else", None])
async def test_a_message_that_the_report_tells_otherwise_stays_in_doubt_and_is_not_sent(
    tries: Tries, told: str | None
) -> None:
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), times=1), told=told)
    counts = await tries(vendor, us(2))
    assert vendor.reached == us(2)
    assert tries.states() == ["unknown", "accepted"]
    assert (counts.in_doubt, counts.failure) == (1, None)


async def test_what_stays_in_doubt_is_not_waited_for_again_each_time(tries: Tries) -> None:
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), times=1), told="something else")
    await tries(vendor, us(1))
    settled = tries.rows()
    await tries(vendor, us(1))
    assert tries.rows() == settled
    assert "the report has another text" in settled[0].detail


async def test_a_message_without_text_stays_in_doubt_unless_the_author_wants_it_sent(tries: Tries) -> None:
    place = Location(1.5, 2.5, "here")
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), times=1))
    assert (await tries(vendor, us(1), message=place)).in_doubt == 1
    assert (vendor.reached, vendor.reports) == (us(1), [])
    counts = await tries(vendor, us(1), message=place, resend_unknown=True)
    assert vendor.reached == us(1) * 2
    assert counts.states == {SendState.ACCEPTED: 1}


async def test_a_report_that_lacks_what_was_accepted_tells_nothing_of_what_was_not(tries: Tries) -> None:
    """A long queue, a slow journal, a clock that is hours off."""
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), "12025550001"), shown=1)
    for _ in range(2):
        counts = await tries(vendor, us(3))
        assert vendor.reached == us(3)
        assert tries.states() == ["accepted", "unknown", "accepted"]
        assert isinstance(counts.failure, VendorUnavailable), "a further try may do better"
    vendor.shown = None
    await tries(vendor, us(3))
    assert vendor.reached == us(3)
    assert tries.states() == ["accepted"] * 3


async def test_a_report_need_not_show_what_went_out_over_another_connection(tries: Tries) -> None:
    first, second = us(2)
    await tries(Vendor(), [first], batch="before", conn_id="other")
    vendor = Reporting(refuse=raising(OutcomeUnknown("no reply"), second, times=1))
    await tries(vendor, [first, second])
    assert vendor.reached == [second]
    assert tries.states() == ["accepted"] * 2


async def test_while_the_account_is_logged_out_a_report_tells_nothing_of_what_may_wait(tries: Tries) -> None:
    vendor = ReportingWithSession(answer=raising(OutcomeUnknown("no reply"), times=1), shown=0)
    vendor.state = SessionState.LOGGED_OUT
    for _ in range(2):
        counts = await tries(vendor, us(1), watch_session=False)
        assert (vendor.reached, tries.states()) == (us(1), ["unknown"])
        assert isinstance(counts.failure, VendorUnavailable), "a further try may do better"
    assert "it may wait in the vendor's queue" in tries.rows()[0].detail
    vendor.state, vendor.shown = SessionState.LOGGED_IN, None
    await tries(vendor, us(1))
    assert (vendor.reached, tries.states()) == (us(1), ["accepted"])


async def test_what_is_in_doubt_for_longer_than_the_vendor_tells_of_keeps_nobody_from_the_rest(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long_ago(self: Reporting, **period: Any) -> Flow[list[DeliveryStatus]]:
        yield from ()
        raise BadInput("the portal keeps at most 7 days")

    monkeypatch.setattr(Reporting, "delivery_report", too_long_ago)
    tries.intend("12025550000")
    vendor = Reporting()
    counts = await tries(vendor, us(2))
    assert (vendor.reached, counts.in_doubt) == (["12025550001"], 1)


async def test_what_was_accepted_long_before_is_not_expected_in_a_report(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "WITNESS_AGE", -HOUR)
    vendor = Reporting(refuse=raising(OutcomeUnknown("no reply"), "12025550001", times=1), shown=0)
    await tries(vendor, us(2))
    assert tries.states() == ["accepted"] * 2


async def test_a_young_intent_is_waited_for_as_long_as_a_request_may_take(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    tries.intend("12025550000")
    monkeypatch.setattr(send_run.asyncio, "sleep", sleep)
    await tries(Reporting(), us(1), doubt_seconds=70.0)
    assert sum(waits) == pytest.approx(70.0, abs=5)


# The wall clock is set.


class Wall(datetime):
    """A wall clock that is ``ahead``."""

    ahead = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + cls.ahead


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    monkeypatch.setattr(Wall, "ahead", timedelta(0))
    for module in (reconciliation, send_changes, send_one, send_run, steady):
        monkeypatch.setattr(module, "datetime", Wall)
    return Wall


@pytest.mark.parametrize("age", [timedelta(0), 6 * HOUR, -6 * HOUR], ids=["young", "old", "of the future"])
async def test_a_request_of_another_try_may_be_in_progress_however_old_it_looks(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, age: timedelta
) -> None:
    """The other try may still be at work: a clock that is set on makes Airflow believe that it is dead."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    tries.intend("12025550000")
    _age(tries, age)
    monkeypatch.setattr(send_run.asyncio, "sleep", sleep)
    vendor = Reporting()
    vendor.on_call = lambda: waited.append(sum(waits))
    waited: list[float] = []
    await tries(vendor, us(1), doubt_seconds=70.0)
    assert sum(waits) == pytest.approx(70.0, abs=5)
    assert all(seconds > 65 for seconds in waited), "nothing was sent before"


@pytest.mark.parametrize("jump", [6 * HOUR, -6 * HOUR], ids=["on", "back"])
async def test_the_wait_for_a_report_is_as_long_if_the_clock_is_set_in_it(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, wall: type[Wall], jump: timedelta
) -> None:
    monkeypatch.setattr(Reporting, "report_seconds", 150.0)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    def lost(to: str) -> None:
        monkeypatch.setattr(wall, "ahead", jump)
        raise OutcomeUnknown("no reply")

    monkeypatch.setattr(send_run.asyncio, "sleep", sleep)
    vendor = Reporting(answer=lost)
    await tries(vendor, us(1))
    assert sum(waits) == pytest.approx(150.0, abs=5)
    assert (vendor.reached, tries.states()) == (us(1), ["accepted"])


async def test_after_a_wait_in_the_triggerer_the_report_is_not_waited_for_again(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reporting, "report_seconds", 150.0)
    tries.intend("12025550000")
    vendor = Reporting()
    so_far = TrySoFar.of(TrySoFar(datetime.now(timezone.utc), waited=True).to_dict())
    counts = await tries(vendor, us(1), doubt_seconds=70.0, patience=5.0, so_far=so_far)
    assert (counts.report_due, len(vendor.reports), vendor.reached) == (None, 1, us(1))


async def test_a_message_that_was_not_sent_as_the_machine_was_suspended_keeps_its_intent(tries: Tries) -> None:
    """Another try may have made the intent its own; as a message that was not sent it could be sent twice."""
    vendor = Vendor(refuse=raising(Interrupted("the machine was suspended"), us(2)[1]))
    with pytest.raises(Interrupted):
        await tries(vendor, us(3))
    assert tries.states() == ["accepted", "intended"]


async def test_what_a_report_lacks_is_not_sent_again_if_its_intent_is_in_the_future(tries: Tries) -> None:
    """The clock was ahead then: the message may stand in the report, hours before."""
    tries.intend("12025550000")
    _age(tries, -6 * HOUR)
    vendor = Reporting()
    counts = await tries(vendor, us(1))
    assert (vendor.reached, counts.in_doubt, counts.failure) == ([], 1, None)
    assert "clock is or was wrong" in tries.rows()[0].detail


async def test_a_report_must_show_what_was_accepted_before_the_doubt_as_well(tries: Tries) -> None:
    """Both were sent while the clock was wrong, and what came after them when it was right."""
    vendor = Reporting(refuse=raising(OutcomeUnknown("no reply"), us(3)[1], times=1), hidden=us(3)[0])
    counts = await tries(vendor, us(3))
    assert (vendor.calls, counts.in_doubt) == (us(3), 1)
    assert "lacks even a message that was accepted" in tries.rows()[1].detail


@pytest.mark.parametrize("jump", [HOUR, -HOUR, -72 * HOUR], ids=["on", "back", "back three days"])
async def test_every_row_has_its_result_after_the_clock_was_set(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, wall: type[Wall], jump: timedelta
) -> None:
    recipients = ["nobody", *us(2), "no number", *us(4)[2:], "none"]

    def refuse(to: str) -> None:
        monkeypatch.setattr(wall, "ahead", jump if to == us(2)[1] else timedelta(0))
        if to != us(1)[0]:
            raise BadInput("no such number")

    for _ in range(2):
        await tries(Vendor(refuse=refuse), recipients)
        assert tries.states() == ["failed", "accepted", "failed", "failed", "failed", "failed", "failed"]


async def test_what_another_try_sends_after_the_report_is_not_sent_again(tries: Tries) -> None:
    """The other one is still at work: it intends the second message when this one has its report already."""
    first, second = us(101)[0], us(101)[100]
    tries.intend(first)
    vendor = Reporting(refuse=raising(RateLimited("slow"), second, times=send_run.PASSES))

    def other_try() -> None:
        vendor.meanwhile = lambda: None
        tries.intend(second)
        vendor.taken.append((second, "theirs"))

    vendor.meanwhile = other_try
    await tries(vendor, us(101))
    assert sorted(vendor.reached) == us(101)
    assert len(vendor.reports) == 2


async def test_what_another_try_settles_or_sends_anew_during_the_report_is_left_to_it(tries: Tries) -> None:
    (to,) = us(1)
    tries.intend(to)
    vendor = Reporting()

    def other_try() -> None:
        vendor.meanwhile = lambda: None
        tries.store.sends.change([Settle(key=key_of(to), state=SendState.DELAYED)])
        tries.intend(to)
        vendor.taken.append((to, "theirs"))

    vendor.meanwhile = other_try
    await tries(vendor, [to])
    assert vendor.reached == [to]
    assert tries.states() == ["accepted"]


@pytest.mark.parametrize("kind", [Reporting, ById])
async def test_what_another_connection_left_in_doubt_is_not_cleared_up_by_this_one(
    tries: Tries, kind: type[Vendor]
) -> None:
    (to,) = us(1)
    tries.intend(to, batch="other", conn_id="other")
    vendor = kind()
    counts = await tries(vendor, [to])
    assert (vendor.reached, counts.in_doubt) == ([], 1), "its report, or its ids, tell nothing of the other account"
    await tries(vendor, [to], resend_unknown=True)
    assert vendor.reached == []


async def test_two_messages_of_one_text_are_not_both_found_in_one(tries: Tries) -> None:
    vendor = Reporting(answer=raising(OutcomeUnknown("no reply"), times=1), refuse=lambda to: None)
    (to,) = us(1)
    await tries(vendor, [to], passes=1)
    tries.store.sends.change([Settle(key=key_of(to), state=SendState.ACCEPTED, message_id="m1")])
    vendor.refuse = raising(OutcomeUnknown("never got there"), times=1)
    await tries(vendor, [to], name="another")
    assert vendor.reached == [to, to]


# Who is not sent anything.


async def test_the_same_message_to_the_same_recipient_goes_out_once(tries: Tries) -> None:
    vendor = Vendor()
    counts = await tries(vendor, ["12025550001", "12025550002", "12025550001"], workers=3)
    assert sorted(vendor.reached) == ["12025550001", "12025550002"]
    assert tries.states() == ["accepted", "accepted", "skipped"]
    assert counts.to_dict() == {"total": 3, "accepted": 2, "skipped": 1, "failed": 0, "unknown": 0}


async def test_a_repeated_row_has_its_recipient_and_the_first_ones_place(
    tries: Tries, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await tries(Vendor(), ["12025550001", "12025550002", "12025550001"], first=41)
    repeated = tries.rows()[2]
    assert (repeated.row, repeated.recipient, repeated.detail) == (43, "12025550001", "same recipient as row 41")
    assert "1 skipped (1 of the skipped are duplicates)" in caplog.text


async def test_another_part_that_has_the_recipient_is_named_with_its_row(tries: Tries) -> None:
    vendor = Vendor()
    await tries(vendor, us(2), batch="one", places=range(1, 3))
    counts = await tries(vendor, us(3), batch="two", first=3, places=range(3, 6))
    assert vendor.reached == us(3)
    assert counts.states == {SendState.SKIPPED: 2, SendState.ACCEPTED: 1}
    assert [row.detail for row in tries.rows("two")] == [
        "same recipient as row 1, which another part of the list has",
        "same recipient as row 2, which another part of the list has",
        "",
    ]


async def test_a_part_that_went_over_another_connection_before_has_its_states(tries: Tries) -> None:
    await tries(Vendor(), us(2), batch="before", first=3, places=range(3, 5))
    counts = await tries(Vendor(), us(2), batch="now", first=3, places=range(3, 5))
    assert counts.states == {SendState.ACCEPTED: 2}
    assert [row.message_id for row in tries.rows("now")] == ["m1", "m2"]


async def test_whoever_sends_the_same_at_the_same_time_leaves_the_other_a_result_for_each_row(tries: Tries) -> None:
    vendor = Vendor(seconds=0.0)
    await asyncio.gather(*(tries(vendor, us(60), workers=3, batch=batch) for batch in ("one", "two")))
    assert sorted(vendor.reached) == us(60)
    for batch in ("one", "two"):
        assert [row.row for row in tries.rows(batch)] == list(range(1, 61))


async def test_whoever_has_got_enough_takes_no_turn_of_the_pace(tries: Tries) -> None:
    await tries(Vendor(), us(2))
    policy = SendingPolicy(cap=Cap(1, HOUR), interval=SendInterval(FOREVER, FOREVER))
    counts = await asyncio.wait_for(tries(vendor := Vendor(), us(2), batch="b2", name="x", policy=policy), 20)
    assert (vendor.calls, counts.states) == ([], {SendState.SKIPPED: 2})


async def test_what_others_send_meanwhile_counts_for_the_cap(tries: Tries) -> None:
    """The recipients are looked up together; the second one is sent something before it is its turn."""
    one, two = us(2)

    def by_another() -> None:
        row = SendRow(key="another", row=1, given=two, recipient=two, state=SendState.INTENDED)
        tries.store.sends.change([Intend(batch="other", conn_id="other", row=row)])

    vendor = Vendor(on_call=by_another)
    await tries(vendor, [one, two], policy=SendingPolicy(cap=Cap(1, HOUR)))
    assert vendor.reached == [one]
    assert tries.states() == ["accepted", "skipped"]
    assert tries.rows()[1].detail.startswith("capped: 1 message in 1 hour, the last at ")


async def test_a_message_in_doubt_is_repeated_whatever_the_cap(tries: Tries) -> None:
    vendor = ById(answer=raising(OutcomeUnknown("no reply"), times=1))
    await tries(vendor, us(1), policy=SendingPolicy(cap=Cap(1, HOUR)))
    assert tries.states() == ["accepted"]
    assert len({name for _, name in vendor.taken}) == 1


async def test_who_is_suppressed_is_skipped_even_what_is_in_doubt_is_not_repeated(tries: Tries) -> None:
    recipients = us(3)
    tries.intend(recipients[1])
    tries.store.suppressions.add(recipients[:2])
    vendor = ById()
    counts = await tries(vendor, recipients)
    assert vendor.reached == recipients[2:]
    assert counts.to_dict() == {"total": 3, "accepted": 1, "skipped": 1, "failed": 0, "unknown": 1}


async def test_with_a_pace_who_opts_out_meanwhile_is_heard(tries: Tries) -> None:
    recipients = us(5)
    vendor = Vendor(answer=lambda to: tries.store.suppressions.add(recipients[3:]) and None)
    await tries(vendor, recipients, policy=SendingPolicy(interval=SendInterval(0.0, 0.0)))
    assert vendor.reached == recipients[:3]
    assert tries.states()[3:] == ["skipped", "skipped"]


async def test_a_row_that_is_no_recipient_fails_alone_with_its_reason(tries: Tries) -> None:
    await tries(Vendor(), ["12025550001", "nobody", "12025550002"])
    assert [(row.given, row.state.value, row.detail) for row in tries.rows()] == [
        ("+12025550001", "accepted", ""),
        ("nobody", "failed", "no number"),
        ("+12025550002", "accepted", ""),
    ]


async def test_what_failed_for_good_is_not_tried_in_a_further_pass_but_in_a_further_try(tries: Tries) -> None:
    vendor = Vendor(
        refuse=lambda to: (
            raising(BadInput("refused"), "12025550000")(to),
            raising(RateLimited("slow"), "12025550001")(to),
        )
    )  # type: ignore[arg-type, return-value]
    await tries(vendor, us(2))
    assert vendor.calls == ["12025550000", *["12025550001"] * send_run.PASSES]
    await tries(vendor, us(1))
    assert vendor.calls[-1] == "12025550000"


async def test_the_list_may_have_moved_since(tries: Tries) -> None:
    vendor = Vendor()
    await tries(vendor, us(3))
    await tries(vendor, ["12025550009", *reversed(us(3))])
    assert vendor.reached == [*us(3), "12025550009"]
    assert [row.recipient for row in tries.rows()] == ["12025550009", *reversed(us(3))]


# When to stop.


@pytest.mark.parametrize("error", [VendorUnavailable("away", never_left=True), OutcomeUnknown("no reply")])
async def test_many_sends_in_a_row_without_a_clear_answer_stop_the_run(tries: Tries, error: WaError) -> None:
    vendor = Vendor(refuse=raising(error))
    with pytest.raises(VendorUnavailable):
        await tries(vendor, us(100))
    assert len(vendor.calls) == FAILURES_TO_STOP


async def test_failures_with_answers_in_between_stop_nothing(tries: Tries) -> None:
    vendor = Vendor(refuse=raising(OutcomeUnknown("no reply"), *us(100)[::2]))
    counts = await tries(vendor, us(100))
    assert counts.states == {SendState.ACCEPTED: 50, SendState.UNKNOWN: 50}


# The account.


@pytest.mark.parametrize("workers", [1, 10])
async def test_nothing_is_sent_from_an_account_that_is_logged_out(tries: Tries, workers: int) -> None:
    vendor = WithSession(state=SessionState.LOGGED_OUT)
    with pytest.raises(SessionDown, match="the session is logged_out: as it is"):
        await tries(vendor, us(50), workers=workers)
    assert (vendor.calls, vendor.asked) == ([], 1)


async def test_the_account_is_asked_for_once_in_a_while(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = WithSession()
    await tries(vendor, us(20), workers=4)
    assert vendor.asked == 1
    monkeypatch.setattr(session_watch, "SESSION_SECONDS", 0.0)
    await tries(vendor, us(25))
    assert vendor.asked == 1 + 5, "once for each that is sent"


async def test_a_warning_has_the_account_asked_for_before_the_next(tries: Tries) -> None:
    vendor = WithSession()

    def logged_out(to: str) -> str | None:
        vendor.state = SessionState.LOGGED_OUT
        return "the phone is not connected"

    vendor.answer = logged_out
    with pytest.raises(SessionDown):
        await tries(vendor, us(5))
    assert vendor.reached == us(1)


@pytest.mark.parametrize(
    ("posted", "reached"),
    [(SessionState.LOGGED_OUT, 3), (SessionState.BLOCKED, 3), (SessionState.STARTING, 20), (None, 20)],
)
async def test_a_posted_logout_has_the_account_asked_for_at_once(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, posted: SessionState | None, reached: int
) -> None:
    monkeypatch.setattr(session_watch, "EVENT_SECONDS", 0.0)
    vendor = WithSession()

    def third(to: str) -> str | None:
        if to == us(3)[-1]:
            vendor.state = SessionState.LOGGED_OUT
            if posted:
                session = event(Session(state=posted), vendor_kind="its word", raw={})
                tries.store.events.add([NewEvent(conn_id="c", vendor="fake", event=session)])
        return None

    vendor.answer = third
    with pytest.raises(SessionDown) if reached < 20 else nullcontext():
        await tries(vendor, us(20))
    assert len(vendor.reached) == reached


async def test_a_single_message_asks_for_no_session(tries: Tries) -> None:
    vendor = WithSession(state=SessionState.LOGGED_OUT)
    await tries(vendor, us(1), watch_session=False)
    assert (vendor.reached, vendor.asked) == (us(1), 0)


# SendingPolicy.

ALL_DAY = QuietHours.of(("00:00", "23:59"))
NEVER_QUIET = None


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """All recipients are asleep until this moment."""
    until = datetime.now(timezone.utc) + HOUR
    monkeypatch.setattr(QuietHours, "ends", lambda self, recipient, now, zone: until)
    return until


@pytest.mark.parametrize(("wait", "state"), [(True, "delayed"), (False, "skipped")])
async def test_who_is_asleep_is_waited_for_or_skipped(tries: Tries, quiet: datetime, wait: bool, state: str) -> None:
    vendor = Vendor()
    counts = await tries(vendor, us(2), policy=SendingPolicy(quiet_hours=ALL_DAY, wait=wait))
    assert (vendor.calls, tries.states()) == ([], [state, state])
    assert counts.hold is not None
    assert counts.hold.until == quiet
    assert not counts.hold.for_all


async def test_who_is_asleep_takes_no_turn_of_the_pace(tries: Tries, quiet: datetime) -> None:
    policy = SendingPolicy(quiet_hours=ALL_DAY, interval=SendInterval(FOREVER, FOREVER))
    counts = await asyncio.wait_for(tries(Vendor(), us(5), policy=policy), 20)
    assert counts.states == {SendState.DELAYED: 5}


async def test_who_is_asleep_after_the_gap_is_not_woken(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, datetime.now(timezone.utc) + HOUR])
    monkeypatch.setattr(QuietHours, "ends", lambda self, recipient, now, zone: next(answers))
    vendor = Vendor()
    await tries(vendor, us(1), policy=SendingPolicy(quiet_hours=ALL_DAY, interval=SendInterval(0.0, 0.0)))
    assert vendor.calls == []


async def test_what_is_in_doubt_and_on_hold_is_not_told_as_skipped(tries: Tries, quiet: datetime) -> None:
    tries.intend("12025550000")
    counts = await tries(ById(), us(1), policy=SendingPolicy(quiet_hours=ALL_DAY, wait=False))
    assert counts.to_dict() == {"total": 1, "accepted": 0, "skipped": 0, "failed": 0, "unknown": 1}
    assert tries.states() == ["intended"]


async def test_the_limit_of_a_day_holds_all_others(tries: Tries) -> None:
    vendor = Vendor()
    counts = await tries(vendor, us(5), workers=3, policy=SendingPolicy(daily_limit=2))
    assert len(vendor.reached) == 2
    assert counts.states == {SendState.ACCEPTED: 2, SendState.DELAYED: 3}
    assert counts.hold is not None
    assert counts.hold.for_all
    await tries(vendor, us(5), batch="other", name="another", policy=SendingPolicy(daily_limit=3))
    assert len(vendor.reached) == 3, "it is the connection's"


async def test_sends_keep_the_pace_however_many_workers(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    turn, began = send_one.Gap.turn, asyncio.get_running_loop().time()

    async def noted(self: send_one.Gap, seconds: float) -> None:
        await turn(self, seconds)
        turns.append(asyncio.get_running_loop().time() - began)

    monkeypatch.setattr(send_one.Gap, "turn", noted)
    await tries(Vendor(), us(4), workers=4, policy=SendingPolicy(interval=SendInterval(0.02, 0.02)))
    assert len(turns) == 4
    assert all(at >= number * 0.02 - 0.001 for number, at in enumerate(sorted(turns)))


async def _killed(tries: Tries, vendor: Vendor, recipients: Sequence[str]) -> None:
    """A try that is cancelled in the middle of its first request."""
    called = asyncio.Event()
    vendor.on_call = called.set
    running = asyncio.create_task(tries(vendor, recipients))
    await called.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def _refusing(*recipients: str) -> Callable[[str], None]:
    return raising(BadInput("refused"), *recipients)


def _age(tries: Tries, by: timedelta) -> None:
    """Let all messages so far be older."""
    with tries.store.database.writing() as connection:
        connection.execute(update(sends).values(intended_at=datetime.now(timezone.utc) - by))


def _fail(tries: Tries, monkeypatch: pytest.MonkeyPatch, kind: type[Any], after: int) -> None:
    """Let the store fail with all changes of a kind but the first ones."""
    change, left = type(tries.store.sends).change, after

    def failing(self: Any, changes: Sequence[Any]) -> list[Any]:
        nonlocal left
        if any(isinstance(each, kind) for each in changes):
            left -= 1
            if left < 0:
                raise StoreUnavailable("it is away")
        return change(self, changes)

    monkeypatch.setattr(type(tries.store.sends), "change", failing)
