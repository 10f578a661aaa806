# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import csv
import importlib
import json
import logging
import re
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from helpers.connections import set_store
from helpers.numbers import digits, existing
from helpers.tasks import run_of
from helpers.vendors import CREDENTIALS, Vendors

from airflow_provider_wa.api.errors import SessionDown, VendorUnavailable
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.bulk import send_run, session_watch
from airflow_provider_wa.bulk.pacing import QuietHours
from airflow_provider_wa.bulk.reconciliation import Reconciler
from airflow_provider_wa.bulk.send_one import Sender
from airflow_provider_wa.operators._run import bulk_send, send_once
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.batches import BatchKind, BatchState
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.waiting.pause import PauseTrigger

pytestmark = pytest.mark.sockets

SENDERS = ("wuzapi", "wa_portal", "green_api")
REPORTERS = ("wa_portal", "green_api")
PATHS = {"wuzapi": "/chat/send", "wa_portal": "/api/send", "green_api": "/send"}
"""What the requests that send have in their paths, and those that ask for the session have not."""

PLACE = {"type": "location", "latitude": "48.85", "longitude": "2.29", "name": "{{ name }}"}


def run(**fields: Any) -> Any:
    return run_of(**{"task_id": "send", "max_tries": 0, **fields})


RUN = run()


def operator(recipients: Any = None, message: Any = "hello", **arguments: Any) -> WaBulkSendOperator:
    defaults = {"task_id": "send", "wa_conn_id": "wa_portal_default", "deferrable": False}
    return WaBulkSendOperator(**{**defaults, **arguments}, recipients=recipients, message=message)


def send(recipients: Any = None, message: Any = "hello", context: Any = None, **arguments: Any) -> dict[str, Any]:
    return operator(recipients, message, **arguments).execute(context or RUN)  # type: ignore[no-any-return]


def counts(summary: dict[str, Any]) -> dict[str, int]:
    names = ("total", "accepted", "skipped", "failed", "unknown")
    return {name: summary[name] for name in names if summary[name]}


def statuses(summary: dict[str, Any]) -> list[str]:
    return [row["status"] for row in summary["results"]]


def taken(vendors: Vendors) -> list[str]:
    """Whom the vendors have sent something to."""
    return [message["to"] for message in vendors.ledger()["messages"]]


def texts(vendors: Vendors) -> list[str]:
    return [message["text"] for message in vendors.ledger()["messages"]]


def fault(vendors: Vendors, conn_type: str, kind: str, **options: Any) -> None:
    """A fault of requests that send, not of those that ask for the session or a report."""
    vendors.control("faults", vendor=conn_type, kind=kind, path=PATHS[conn_type], **options)


@pytest.mark.parametrize("field", ["path", "url"])
@pytest.mark.parametrize("text", ["{{ file }}", "{{ row['file'] }}", "{{ File }}", "https://example.com/{{ to }}.png"])
def test_rows_name_files_only_where_the_author_says_which(vendors: Vendors, field: str, text: str) -> None:
    before = vendors.ledger()["requests"]
    message = {"type": "image", field: text}
    with pytest.raises(AirflowFailException, match="files_under: the message's path or url takes values from the rows"):
        send([{"phone": existing(1)[0], "file": "https://example.com/a.png"}], message)
    assert vendors.ledger()["requests"] == before


def test_a_row_with_a_file_elsewhere_fails_alone(vendors: Vendors, airflow_store: Store, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    files = ("a.png", "/etc/passwd", "../b.png", "file:///proc/self/environ")
    rows = [{"phone": phone, "file": file} for phone, file in zip(existing(4), files, strict=True)]
    summary = send(rows, {"type": "image", "path": "{{ file }}"}, files_under=str(tmp_path / "media"))
    assert statuses(summary) == ["accepted", "failed", "failed", "failed"]
    assert all("is outside of files_under; expected a file under" in row["detail"] for row in summary["results"][1:])


def test_a_file_of_the_author_needs_no_folder(vendors: Vendors, airflow_store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    message = {"type": "image", "path": f"{tmp_path}/{{{{ params.file }}}}", "caption": "{{ name }}"}
    rows = [{"phone": existing(1)[0], "name": "Ann"}]
    assert statuses(send(rows, message, {**RUN, "params": {"file": "a.png"}})) == ["accepted"]


@pytest.mark.parametrize("safe", [False, True])
def test_results_for_a_spreadsheet_are_quoted_on_request(
    vendors: Vendors, airflow_store: Store, tmp_path: Path, safe: bool
) -> None:
    output = tmp_path / "out.csv"
    send(existing(1), output_path=str(output), spreadsheet_safe=safe)
    with output.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["input"] == ("'" if safe else "") + existing(1)[0]


def test_a_row_whose_text_is_still_a_template_fails_unless_it_is_raw(vendors: Vendors, airflow_store: Store) -> None:
    rows = [{"phone": phone, "text": text} for phone, text in zip(existing(2), ("{{ name }}", "fine"), strict=True)]
    summary = send(rows, "You wrote: {{ text }}")
    assert statuses(summary) == ["failed", "accepted"]
    assert "holds '{{' after it was rendered" in summary["results"][0]["detail"]
    assert counts(send(rows, "You wrote: {{ text }}", raw=True, context=run(run_id="r2"))) == {
        "total": 2,
        "accepted": 2,
    }
    assert sorted(texts(vendors)) == ["You wrote: fine", "You wrote: fine", "You wrote: {{ name }}"]


def test_a_number_is_a_key(vendors: Vendors, airflow_store: Store) -> None:
    first = send(existing(1), idempotency_key=7)
    send(existing(1), idempotency_key="7", context=run(run_id="r2"))
    assert (counts(first), len(taken(vendors))) == ({"total": 1, "accepted": 1}, 1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> None:
    """No waits for what the sandbox shows at once."""
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.0)
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 0.0)


# What goes out.


@pytest.mark.parametrize("conn_type", SENDERS)
def test_each_recipient_gets_the_message_and_a_result_in_the_lists_order(vendors: Vendors, conn_type: str) -> None:
    numbers = existing(5)
    summary = send(numbers, wa_conn_id=f"{conn_type}_default", concurrency=3)
    results = summary.pop("results")
    assert summary.pop("batch")
    assert summary.pop("calls") >= 5
    assert summary == {"total": 5, "accepted": 5, "skipped": 0, "failed": 0, "unknown": 0, "output": None}
    assert [row["input"] for row in results] == numbers
    assert [row["to"] for row in results] == digits(numbers)
    seen = {message["to"]: message["message_id"] for message in vendors.ledger()["messages"]}
    assert {row["to"]: row["message_id"] for row in results} == seen
    assert set(results[0]) == {"input", "to", "status", "message_id", "settled_at", "detail"}
    assert json.loads(json.dumps(results)) == results


def test_the_message_is_rendered_for_each_recipient_with_its_row_and_what_airflow_knows(vendors: Vendors) -> None:
    rows = [
        {"phone": number, "first name": name, "n": 3} for number, name in zip(existing(2), ("Ann", "Bo"), strict=True)
    ]
    send(rows, 'Dear {{ row["first name"] }}, {{ n + 1 }} on {{ ds }}')
    assert texts(vendors) == ["Dear Ann, 4 on 2026-03-01", "Dear Bo, 4 on 2026-03-01"]


def test_a_file_of_recipients_and_a_file_of_results(vendors: Vendors, tmp_path: Path) -> None:
    source, output = tmp_path / "list.csv", tmp_path / "out" / "results.csv"
    source.write_text("mobile;name\n+1 202 555 0110;Ann\nnobody;Bo\n+1 202 555 0111;Cy\n")
    summary = send(None, "Hi {{ name }}", input_path=str(source), column="mobile", output_path=str(output))
    assert (summary["results"], summary["output"]) == (None, str(output))
    assert counts(summary) == {"total": 3, "accepted": 2, "failed": 1}
    with output.open() as rows:
        found = [(row["input"], row["status"]) for row in csv.DictReader(rows)]
    assert found == [("+1 202 555 0110", "accepted"), ("nobody", "failed"), ("+1 202 555 0111", "accepted")]
    assert texts(vendors) == ["Hi Ann", "Hi Cy"]


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (b"+1 202 555 0111,Andr\xe9\n", "line 302, column 21: byte 0xe9 cannot be decoded"),
        (b'+1 202 555 0111,"Ben\n+1 202 555 0112,Cy\n', 'line 302: a quote " is opened and not closed'),
        (b"+1 202 555 0111,Silva, Ana\n", "line 302: 3 cells under 2 columns"),
    ],
)
def test_a_row_that_cannot_be_read_is_found_before_anybody_is_written_to(
    vendors: Vendors, tmp_path: Path, end: bytes, message: str
) -> None:
    source = tmp_path / "list.csv"
    source.write_bytes(b"phone,name\n" + b"+1 202 555 0110,Ann\n" * 300 + end)
    with pytest.raises(AirflowFailException, match=re.escape(message)):
        send(None, "Hi {{ name }}", input_path=str(source), output_path=str(tmp_path / "results.csv"))
    assert taken(vendors) == []
    assert not (tmp_path / "results.csv").exists()


def test_a_spreadsheets_encoding_and_separator_are_named(vendors: Vendors, tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_bytes(b"phone|Andr\xe9;name\n+1 202 555 0110;Andr\xe9\n")
    options = {"input_path": str(source), "column": "phone|andr\u00e9", "delimiter": ";", "encoding": "cp1252"}
    assert send(None, "Hi {{ name }}", **options)["accepted"] == 1
    assert texts(vendors) == ["Hi Andr\u00e9"]


def test_what_a_template_made_text_of_is_a_list(vendors: Vendors) -> None:
    assert send("['+12025550110', 12025550111]")["accepted"] == 2


def test_a_message_object_is_a_template_as_well(vendors: Vendors) -> None:
    send([{"phone": existing(1)[0], "name": "Ann"}], Text("Hi {{ name }}"))
    assert texts(vendors) == ["Hi Ann"]


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_file_that_goes_to_many_is_read_once(
    vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    read: list[str] = []
    content_of = send_once.content_of

    def counted(location: str) -> bytes:
        read.append(location)
        return content_of(location)

    monkeypatch.setattr(send_once, "content_of", counted)
    picture = tmp_path / "a.png"
    hashes = []
    for number, content in enumerate((b"\x89PNG\r\n\x1a\n" + bytes(100), b"\x89PNG\r\n\x1a\n" + bytes(200))):
        picture.write_bytes(content)
        spec = {"type": "image", "path": str(picture), "caption": "for {{ phone }}"}
        send(existing(3), spec, wa_conn_id=f"{conn_type}_default", context=run(run_id=f"r{number}"))
        hashes += [sha256(content).hexdigest()] * 3
    assert len(read) == 2, "once for each task"
    assert [message["sha256"] for message in vendors.ledger(conn_type)["messages"]] == hashes


def test_a_part_of_a_file_is_sent_with_its_places_in_the_whole(
    vendors: Vendors, airflow_store: Store, tmp_path: Path
) -> None:
    from airflow_provider_wa.bulk.partition import partition

    source = tmp_path / "list.csv"
    source.write_text("\n".join(["phone", *existing(6), existing(1)[0]]) + "\n")
    summaries = [
        send(None, input_path=str(source), part=part, context=run(map_index=index))
        for index, part in enumerate(partition(str(source), 2))
    ]
    assert sorted(taken(vendors)) == sorted(digits(existing(6))), "the last one is in both parts, and gets it once"
    places = [[row.row for row in airflow_store.sends.rows(summary["batch"])] for summary in summaries]
    assert places[0][0] == 1
    assert places[1][0] == places[0][-1] + 1


# Who gets nothing.


def test_who_is_no_recipient_fails_alone(vendors: Vendors) -> None:
    rows = [
        {"phone": existing(1)[0], "name": "Ann", "kind": "text"},
        {"phone": "nobody", "name": "Bo", "kind": "text"},
        {"phone": existing(2)[1], "kind": "text"},
        {"phone": existing(3)[2], "name": None, "kind": "text"},
        {"phone": existing(4)[3], "name": "Di", "kind": "poll"},
        {"phone": existing(5)[4], "name": "Ed", "kind": "text"},
    ]
    summary = send(rows, {"type": "{{ kind }}", "body": "Hi {{ name }}"})
    assert statuses(summary) == ["accepted", "failed", "failed", "failed", "failed", "accepted"]
    reasons = [row["detail"] for row in summary["results"]]
    assert "'nobody' is not a phone number" in reasons[1]
    for reason in reasons[2:4]:
        assert reason == (
            "message: row has no value for column 'name'; give the template a default: {{ name | default('...') }}"
        )
    first, *others = digits(existing(5))
    assert [row["to"] for row in summary["results"]] == [first, None, *others]
    assert texts(vendors) == ["Hi Ann", "Hi Ed"]


def test_a_kind_of_message_that_a_vendor_lacks_fails_that_recipient_alone(vendors: Vendors) -> None:
    rows = [
        {"phone": number, "kind": kind} for number, kind in zip(existing(3), ("image", "sticker", "image"), strict=True)
    ]
    summary = send(rows, {"type": "{{ kind }}", "url": "https://www.example.com/a.webp"})
    assert statuses(summary) == ["accepted", "failed", "accepted"]
    assert "cannot send messages of the type sticker" in summary["results"][1]["detail"]


def test_what_the_vendor_refuses_fails_alone(vendors: Vendors) -> None:
    fault(vendors, "wa_portal", "refuse", code="12", times=1)
    summary = send(existing(3))
    assert statuses(summary) == ["failed", "accepted", "accepted"]
    assert summary["results"][0]["detail"].startswith("BadInput: ")


def test_duplicates_and_who_is_suppressed_are_skipped(vendors: Vendors, airflow_store: Store) -> None:
    numbers = existing(3)
    airflow_store.suppressions.add([digits(numbers)[1]], "wrote STOP")
    summary = send([*numbers, "00" + digits(numbers)[0]])
    assert statuses(summary) == ["accepted", "skipped", "accepted", "skipped"]
    assert "suppressed" in summary["results"][1]["detail"]
    assert summary["results"][3]["detail"] == "same recipient as row 1"
    assert counts(summary) == {"total": 4, "accepted": 2, "skipped": 2}


def test_both_forms_of_a_number_are_one_recipient_within_a_list_and_over_its_tries(vendors: Vendors) -> None:
    one, two = "525512345678", "5215512345678"
    first = send([two, f"+{one}", f"{one}@s.whatsapp.net"])
    assert counts(first) == {"total": 3, "accepted": 1, "skipped": 2}
    assert [row["detail"] for row in first["results"]] == ["read as +52 (MX)", *["same recipient as row 1"] * 2]
    assert [row["to"] for row in first["results"]] == [two, one, one]
    assert counts(send([one])) == {"total": 1, "accepted": 1}
    assert taken(vendors) == [two]


# Retries.


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_retry_sends_nothing_again(vendors: Vendors, conn_type: str) -> None:
    first, second = (send(existing(5), wa_conn_id=f"{conn_type}_default") for _ in range(2))
    assert first["results"] == second["results"]
    assert counts(second) == {"total": 5, "accepted": 5}
    assert len(taken(vendors)) == 5


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_session_that_is_lost_in_the_middle_ends_the_try_and_a_retry_goes_on(
    vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    monkeypatch.setattr(session_watch, "SESSION_SECONDS", 0.0)
    output = tmp_path / "out.csv"
    arguments = {"wa_conn_id": f"{conn_type}_default", "output_path": str(output)}
    taker, log_out = Sender.send, vendors.state.log_out

    async def logged_out_after_three(self: Sender, addressed: Any) -> Any:
        in_the_way = await taker(self, addressed)
        if len(taken(vendors)) == 3:
            log_out(conn_type)
        return in_the_way

    with monkeypatch.context() as patched:
        patched.setattr(Sender, "send", logged_out_after_three)
        with pytest.raises(SessionDown):
            send(existing(8), **arguments)
    assert len(taken(vendors)) == 3
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["accepted"] * 3
    vendors.control("scan", vendor=conn_type)
    assert counts(send(existing(8), **arguments)) == {"total": 8, "accepted": 8}
    assert sorted(taken(vendors)) == digits(existing(8))


@pytest.mark.parametrize("conn_type", REPORTERS)
def test_a_vendor_that_accepts_while_logged_out_is_not_sent_more(vendors: Vendors, conn_type: str) -> None:
    vendors.state.log_out(conn_type)
    with pytest.raises(SessionDown):
        send(existing(8), wa_conn_id=f"{conn_type}_default", concurrency=4)
    assert taken(vendors) == []


def test_a_portal_that_warns_is_asked_for_its_session(vendors: Vendors) -> None:
    fault(vendors, "wa_portal", "logged_out", times=1)
    with pytest.raises(SessionDown):
        send(existing(8))
    assert len(taken(vendors)) == 1


def test_credit_that_is_used_up_fails_for_good_and_a_clear_goes_on(vendors: Vendors) -> None:
    vendors.control("quota", vendor="wa_portal", left=3)
    with pytest.raises(AirflowFailException, match="QuotaExceeded"):
        send(existing(6))
    assert len(taken(vendors)) == 3
    vendors.control("quota", vendor="wa_portal", left=None)
    assert counts(send(existing(6))) == {"total": 6, "accepted": 6}
    assert sorted(taken(vendors)) == digits(existing(6))


def test_a_store_that_goes_away_in_the_middle_lets_nothing_more_out(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sender.send

    async def dropped_after_two(self: Sender, addressed: Any) -> Any:
        in_the_way = await sent(self, addressed)
        if len(taken(vendors)) == 2:
            with airflow_store.database.engine.connect() as connection:
                connection.exec_driver_sql("DROP TABLE wa_sends")
                connection.commit()
        return in_the_way

    monkeypatch.setattr(Sender, "send", dropped_after_two)
    with pytest.raises(StoreUnavailable):
        send(existing(8))
    assert len(taken(vendors)) == 2


@pytest.mark.parametrize("conn_type", SENDERS)
@pytest.mark.parametrize("kind", ["lost_reply", "cut_body", "cut", "server_error", "html"])
def test_lost_replies_are_cleared_up_in_a_further_pass_and_nobody_gets_it_twice(
    vendors: Vendors, conn_type: str, kind: str
) -> None:
    fault(vendors, conn_type, kind, times=3)
    summary = send(existing(6), wa_conn_id=f"{conn_type}_default", concurrency=2)
    assert counts(summary) == {"total": 6, "accepted": 6}
    assert sorted(taken(vendors)) == digits(existing(6))
    known = {message["to"]: message["message_id"] for message in vendors.ledger()["messages"]}
    assert {row["to"]: row["message_id"] for row in summary["results"]} == known


class Ended(BaseException):
    """What Airflow raises in a task whose ``execution_timeout`` is over."""


@pytest.mark.parametrize("conn_type", SENDERS)
def test_each_try_first_sends_what_no_try_has_and_only_then_clears_up(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    """Tries are ended after ten outcomes, or when they wait for a report: with 56 recipients the sixth has sent all."""
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 3600.0)
    sent, left = Sender.send, 0

    async def ended_after_ten(self: Sender, addressed: Any) -> Any:
        nonlocal left
        in_the_way = await sent(self, addressed)
        left -= 1
        if left == 0:
            raise Ended
        return in_the_way

    async def ended(self: send_run.BulkSend, seconds: float) -> None:
        raise Ended

    recipients = existing(56)
    with monkeypatch.context() as patched:
        patched.setattr(Sender, "send", ended_after_ten)
        patched.setattr(send_run.BulkSend, "_pause", ended)
        for number in range(1, 7):
            left = 10
            fault(vendors, conn_type, "lost_reply", times=2)
            with pytest.raises(Ended):
                send(recipients, wa_conn_id=f"{conn_type}_default", concurrency=3)
            # Requests of the two other workers were cut off, and may not have got there.
            assert len(set(taken(vendors))) >= min(8 * number, 46)
    assert len(taken(vendors)) == len(set(taken(vendors))), "nobody got it twice"
    vendors.state.faults.clear()
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 0.0)
    monkeypatch.setattr(Reconciler, "_from_now", lambda self, row: timedelta(0))  # their requests are over
    assert counts(send(recipients, wa_conn_id=f"{conn_type}_default")) == {"total": 56, "accepted": 56}
    if conn_type in REPORTERS:
        assert sorted(taken(vendors)) == digits(recipients)


def after_the_wait(made: WaBulkSendOperator, deferred: TaskDeferred) -> dict[str, Any]:
    """Run the trigger as a triggerer does, and go on with what crosses its boundary."""
    path, arguments = deferred.trigger.serialize()
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)

    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        return None

    kwargs = json.loads(json.dumps(deferred.kwargs or {}))
    return getattr(made, deferred.method_name)(RUN, asyncio.run(first()), **kwargs)  # type: ignore[no-any-return]


@pytest.mark.parametrize("conn_type", REPORTERS)
@pytest.mark.parametrize("kind", ["lost_reply", "cut"])
def test_the_vendors_report_is_waited_for_in_the_triggerer(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch, conn_type: str, kind: str
) -> None:
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 1.0)
    monkeypatch.setattr(bulk_send, "LONGEST_WAIT", 0.0)
    fault(vendors, conn_type, kind, times=3)
    made = operator(existing(8), wa_conn_id=f"{conn_type}_default", concurrency=3, deferrable=True)
    with pytest.raises(TaskDeferred) as waits:
        made.execute(RUN)
    assert len(taken(vendors)) == {"lost_reply": 8, "cut": 5}[kind], "all that could be sent was sent before the wait"
    assert isinstance(waits.value.trigger, PauseTrigger), "one that a clock that is set on does not end"
    assert 0 < waits.value.trigger.seconds <= 1.0
    assert counts(after_the_wait(made, waits.value)) == {"total": 8, "accepted": 8}
    assert sorted(taken(vendors)) == digits(existing(8))


@pytest.mark.parametrize("conn_type", SENDERS)
def test_what_stays_unclear_is_left_to_a_retry(vendors: Vendors, conn_type: str) -> None:
    fault(vendors, conn_type, "lost_reply")
    if conn_type in REPORTERS:
        vendors.control("faults", vendor=conn_type, kind="server_error", status=502, path="eport")
        vendors.control("faults", vendor=conn_type, kind="server_error", status=502, path="lastOutgoing")
    with pytest.raises(VendorUnavailable):
        send(existing(3), wa_conn_id=f"{conn_type}_default")
    vendors.state.faults.clear()
    assert counts(send(existing(3), wa_conn_id=f"{conn_type}_default")) == {"total": 3, "accepted": 3}
    assert sorted(taken(vendors)) == digits(existing(3))


@pytest.mark.parametrize("conn_type", REPORTERS)
def test_a_report_that_does_not_show_what_was_accepted_has_nothing_sent_again(vendors: Vendors, conn_type: str) -> None:
    arguments = {"wa_conn_id": f"{conn_type}_default"}
    fault(vendors, conn_type, "lost_reply", times=1)
    clock, vendors.state.clock = vendors.state.clock, lambda: time.time() - 6 * 3600
    try:
        with pytest.raises(VendorUnavailable, match="lacks even a message that was accepted"):
            send(existing(3), **arguments)
    finally:
        vendors.state.clock = clock
    assert sorted(taken(vendors)) == digits(existing(3))


def in_doubt(vendors: Vendors, **arguments: Any) -> dict[str, Any]:
    """A place has no text that a report would tell."""
    fault(vendors, "wa_portal", "lost_reply", times=1)
    return send([{"phone": number, "name": "Paris"} for number in existing(3)], PLACE, **arguments)


def test_what_the_vendor_cannot_tell_fails_for_good_after_all_others_were_sent(
    vendors: Vendors, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(AirflowFailException, match=r"1 of 3 messages may or may not have gone out.*out\.csv"):
        in_doubt(vendors, output_path=str(output))
    assert sorted(taken(vendors)) == digits(existing(3))
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["unknown", "accepted", "accepted"]


def test_what_the_vendor_cannot_tell_is_skipped_or_sent_again_as_the_author_says(vendors: Vendors) -> None:
    summary = in_doubt(vendors, on_unknown="skip")
    assert counts(summary) == {"total": 3, "accepted": 2, "unknown": 1}
    assert summary["results"][0]["message_id"] is None
    assert counts(in_doubt(vendors, on_unknown="resend", context=run(run_id="r2"))) == {"total": 3, "accepted": 3}
    assert Counter(taken(vendors)) == {digits(existing(3))[0]: 3, digits(existing(3))[1]: 2, digits(existing(3))[2]: 2}


@pytest.mark.parametrize("on_unknown", ["skip", "resend"])
def test_a_message_whose_text_the_report_tells_otherwise_stays_in_doubt(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch, on_unknown: str
) -> None:
    fault(vendors, "wa_portal", "lost_reply", times=1)
    monkeypatch.setattr("airflow_provider_wa.bulk.sent_report.same_text", lambda one, other: False)
    summary = send(existing(2), on_unknown=on_unknown)
    assert statuses(summary) == [{"skip": "unknown", "resend": "accepted"}[on_unknown], "accepted"]
    assert len(taken(vendors)) == {"skip": 2, "resend": 3}[on_unknown]


def test_a_list_that_changed_between_tries_sends_only_what_is_new(vendors: Vendors) -> None:
    send(existing(3))
    summary = send([existing(4)[3], *reversed(existing(3))])
    assert [row["input"] for row in summary["results"]] == [existing(4)[3], *reversed(existing(3))]
    assert taken(vendors) == digits(existing(4))


# Which messages are the same one.


def test_another_run_sends_anew_unless_the_author_names_the_message(vendors: Vendors) -> None:
    rows = [{"phone": number, "invoice": place} for place, number in enumerate(existing(2))]
    for number in range(2):
        send(rows, "{{ ds }}", context=run(run_id=f"r{number}"))
    assert len(taken(vendors)) == 4
    for number in range(2):
        summary = send(
            rows, f"text {number}", context=run(run_id=f"r{number}"), idempotency_key="invoice-{{ invoice }}"
        )
        assert counts(summary) == {"total": 2, "accepted": 2}
    assert texts(vendors)[4:] == ["text 0", "text 0"]


def test_what_another_run_has_sent_under_the_same_key_is_told(vendors: Vendors) -> None:
    rows = [{"phone": number, "invoice": number} for number in existing(2)]
    first, second, again = (
        send(rows, context=run(run_id=run_id), idempotency_key="invoice-{{ invoice }}") for run_id in ("r1", "r2", "r2")
    )
    assert len(taken(vendors)) == 2
    for summary in (second, again):
        assert counts(summary) == {"total": 2, "accepted": 2}
        assert [row["message_id"] for row in summary["results"]] == [row["message_id"] for row in first["results"]]
        assert "another task or run began this message" in summary["results"][0]["detail"]


def test_results_are_those_of_the_list_as_it_is_now(vendors: Vendors) -> None:
    assert statuses(send([*existing(1), "nobody", "nothing"])) == ["accepted", "failed", "failed"]
    assert statuses(send(existing(2))) == ["accepted", "accepted"]
    assert len(taken(vendors)) == 2


def test_a_first_row_that_cannot_be_rendered_fails_alone(vendors: Vendors) -> None:
    rows = [{"phone": number, "name": name} for number, name in zip(existing(2), (None, "Rosa"), strict=True)]
    assert statuses(send(rows, "Hello {{ name }}")) == ["failed", "accepted"]


def test_a_key_that_is_empty_fails_that_recipient_alone(vendors: Vendors) -> None:
    rows = [{"phone": number, "invoice": invoice} for number, invoice in zip(existing(3), ("a", "", None), strict=True)]
    summary = send(rows, idempotency_key="{{ invoice }}")
    assert statuses(summary) == ["accepted", "failed", "failed"]
    for row in summary["results"][1:]:
        assert "idempotency_key: row has no value for column 'invoice'" in row["detail"]
    summary = send(rows, idempotency_key="{{ invoice | default('') }}", context=run(task_id="other"))
    assert "idempotency_key: the value of 'invoice' is empty" in summary["results"][1]["detail"]


def test_with_resend_a_clear_sends_again_and_a_retry_does_not(vendors: Vendors) -> None:
    for max_tries in (2, 2, 5, 5):  # Airflow raises it when the task is cleared
        send(existing(2), context=run(max_tries=max_tries), resend=True, retries=2)
    assert len(taken(vendors)) == 4


# One person, one message.


def people(*texts: str, phone: str = "525512345678") -> list[dict[str, str]]:
    return [{"phone": phone, "text": text} for text in texts]


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_row_that_changed_between_two_tries_is_not_sent_again_and_its_first_text_stands(
    vendors: Vendors, conn_type: str
) -> None:
    options = {"wa_conn_id": f"{conn_type}_default"}
    first = send(people("first"), "{{ text }}", **options)
    again = send(people("second", phone="5215512345678"), "{{ text }}", **options)
    assert texts(vendors) == ["first"]
    assert again["results"][0]["message_id"] == first["results"][0]["message_id"]
    assert counts(again) == {"total": 1, "accepted": 1}


def test_a_changed_row_in_doubt_is_not_sent_with_its_new_text(vendors: Vendors) -> None:
    fault(vendors, "wa_portal", "lost_reply")
    vendors.control("faults", vendor="wa_portal", kind="server_error", status=502, path="eport")
    with pytest.raises(VendorUnavailable):
        send(people("first"), "{{ text }}")
    vendors.state.faults.clear()
    summary = send(people("second"), "{{ text }}", on_unknown="skip")
    assert counts(summary) == {"total": 1, "unknown": 1}
    assert texts(vendors) == ["first"]


def test_a_person_who_is_in_the_list_twice_gets_the_first_rows_message(vendors: Vendors) -> None:
    rows = [{"phone": existing(1)[0], "text": "x"}, *people("one", "two", "one")]
    for _ in range(2):
        summary = send(rows, "{{ text }}", concurrency=4)
        assert sorted(texts(vendors)) == ["one", "x"]
        assert statuses(summary) == ["accepted", "accepted", "skipped", "skipped"]
        assert [row["detail"] for row in summary["results"][2:]] == ["same recipient as row 2"] * 2
        assert {row["to"] for row in summary["results"][1:]} == {"525512345678"}


def test_duplicates_that_are_allowed_are_each_different_message_once(vendors: Vendors) -> None:
    for _ in range(2):
        summary = send(people("one", "two", "one"), "{{ text }}", duplicates="allow")
        assert statuses(summary) == ["accepted", "accepted", "skipped"]
        assert summary["results"][2]["detail"] == "same message to the same recipient as row 1"
    assert texts(vendors) == ["one", "two"]
    send(people("one", "changed", "one"), "{{ text }}", duplicates="allow")
    assert texts(vendors) == ["one", "two", "changed"]


def test_a_row_without_a_message_leaves_its_person_to_the_next_row(vendors: Vendors) -> None:
    rows = [*people("", "two", "three")]
    summary = send(rows, "Hi {{ text }}")
    assert statuses(summary) == ["failed", "accepted", "skipped"]
    assert summary["results"][2]["detail"] == "same recipient as row 2"
    assert texts(vendors) == ["Hi two"]


@pytest.mark.parametrize("key", [None, "hello-{{ to }}"])
def test_a_row_that_was_sent_and_has_no_message_any_more_keeps_its_result(vendors: Vendors, key: str | None) -> None:
    first = send(people("one", "two"), "Hi {{ text }}", idempotency_key=key)
    again = send(people("", "two"), "Hi {{ text }}", idempotency_key=key)
    assert again["results"][0] == first["results"][0]
    assert statuses(again) == ["accepted", "skipped"]
    dry = send(people("", "two"), "Hi {{ text }}", idempotency_key=key, dry_run=True)
    assert dry["results"][0]["detail"] == "it was accepted before"
    third = send([*people(""), {"phone": existing(1)[0], "text": "x"}], "Hi {{ text }}", idempotency_key=key)
    assert statuses(third) == ["accepted", "accepted"]
    assert texts(vendors) == ["Hi one", "Hi x"]


def test_a_row_in_doubt_that_has_no_message_any_more_stays_so(vendors: Vendors) -> None:
    fault(vendors, "wa_portal", "lost_reply")
    vendors.control("faults", vendor="wa_portal", kind="server_error", status=502, path="eport")
    with pytest.raises(VendorUnavailable):
        send(people("first"), "{{ text }}")
    vendors.state.faults.clear()
    rows = [*people("", "second"), {"phone": existing(1)[0], "text": "x"}]
    summary = send(rows, "{{ text }}", on_unknown="skip")
    assert statuses(summary) == ["unknown", "skipped", "accepted"]
    assert texts(vendors) == ["first", "x"]


def test_a_person_in_two_parts_gets_one_message_and_each_part_has_a_result_for_each_row(
    vendors: Vendors, airflow_store: Store, tmp_path: Path
) -> None:
    """The second one is suppressed: no part takes the other one's result away."""
    from airflow_provider_wa.bulk.partition import partition

    source, (one, two) = tmp_path / "list.csv", existing(2)
    source.write_text("\n".join(["phone,text", f"{one},a", f"{two},b", f"{one},c", f"{two},d"]) + "\n")
    airflow_store.suppressions.add(digits([two]))
    parts = partition(str(source), 2)
    options = {"input_path": str(source), "message": "{{ text }}"}
    for _ in range(2):
        first, second = (
            send(None, part=part, context=run(map_index=index), **options) for index, part in enumerate(parts)
        )
        assert statuses(first) == ["accepted", "skipped"]
        assert statuses(second) == ["skipped", "skipped"]
        assert [row["detail"] for row in second["results"]] == [
            "same recipient as row 1, which another part of the list has",
            "the recipient is suppressed",
        ]
    assert texts(vendors) == ["a"]


def test_another_connection_in_a_retry_sends_to_nobody_again(vendors: Vendors) -> None:
    first = send(existing(2))
    again = send(existing(2), wa_conn_id="green_api_default")
    assert len(taken(vendors)) == 2
    assert counts(again) == {"total": 2, "accepted": 2}
    assert [row["message_id"] for row in again["results"]] == [row["message_id"] for row in first["results"]]


# Keys of the author's.


def test_a_key_may_name_the_recipient_and_is_the_same_for_each_spelling(vendors: Vendors) -> None:
    (number,) = existing(1)
    for place, spelling in enumerate((number, "00" + digits([number])[0], f"{digits([number])[0]}@s.whatsapp.net")):
        send([spelling], "{{ to }} {{ jid }}", context=run(run_id=f"r{place}"), idempotency_key="hello-{{ to }}")
    assert texts(vendors) == [f"+{digits([number])[0]} {digits([number])[0]}@s.whatsapp.net"]


def test_a_group_has_its_jid_under_both_names(vendors: Vendors) -> None:
    send([GROUP], "{{ to }} {{ jid }}", wa_conn_id="wuzapi_default")
    assert texts(vendors) == [f"{GROUP} {GROUP}"]


def test_columns_win_over_the_recipients_names(vendors: Vendors) -> None:
    rows = [{"to": existing(1)[0], "jid": "j"}, {"to": existing(2)[1]}]
    summary = send(rows, "{{ to }} {{ jid }}", column="to")
    assert texts(vendors) == [f"{existing(1)[0]} j"]
    assert "row has no value for column 'jid'" in summary["results"][1]["detail"]


def test_two_recipients_under_one_key_are_an_error_that_names_it(vendors: Vendors) -> None:
    rows = [{"phone": number, "invoice": 7} for number in existing(2)] + [{"phone": existing(1)[0], "invoice": 7.0}]
    for _ in range(2):
        summary = send(rows, idempotency_key="invoice-{{ invoice }}")
        assert statuses(summary) == ["accepted", "failed", "skipped"]
        assert [row["detail"] for row in summary["results"][1:]] == [
            "idempotency_key 'invoice-7': row 1 has it for another recipient",
            "same idempotency_key as row 1",
        ]
    later = send(rows[1:2], idempotency_key="invoice-{{ invoice }}", context=run(run_id="r2"))
    assert (
        later["results"][0]["detail"] == "idempotency_key 'invoice-7': an earlier message has it for another recipient"
    )
    assert counts(later) == {"total": 1, "failed": 1}
    assert taken(vendors) == digits(existing(1))


def test_a_key_of_which_nothing_was_sent_goes_over_to_another_recipient(vendors: Vendors) -> None:
    """Somebody's number was wrong and has been corrected."""
    fault(vendors, "wa_portal", "refuse", code="12", times=1)
    first = send([{"phone": existing(1)[0]}], idempotency_key="invoice-7")
    assert statuses(first) == ["failed"]
    again = send([{"phone": existing(2)[1]}], idempotency_key="invoice-7", context=run(run_id="r2"))
    assert statuses(again) == ["accepted"]


# Templates over the whole list.


def test_a_list_is_judged_by_all_its_rows(vendors: Vendors) -> None:
    rows: list[dict[str, Any]] = [{"phone": number} for number in existing(30)]
    rows[-1]["name"] = "Ann"
    summary = send(rows, "Hi {{ name }}")
    assert counts(summary) == {"total": 30, "accepted": 1, "failed": 29}
    assert texts(vendors) == ["Hi Ann"]


def test_a_list_in_which_no_row_makes_a_message_fails_before_any_call(vendors: Vendors) -> None:
    rows = [{"phone": number, "name": "Ann"} for number in existing(30)]
    with pytest.raises(AirflowFailException, match="message: TypeError: "):
        send(rows, "{{ name + 1 }}")
    assert not any(vendors.ledger()["requests"].values())


def test_a_name_that_stands_twice_is_refused_if_the_template_uses_it(vendors: Vendors, tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text(f"phone,name,name\n{existing(1)[0]},Ann,Bo\n")
    with pytest.raises(AirflowFailException, match="message: the list has several columns 'name'"):
        send(None, "Hi {{ name }}", input_path=str(source))
    assert not any(vendors.ledger()["requests"].values())
    assert send(None, "Hi", input_path=str(source))["accepted"] == 1


# Caps.


def test_nobody_gets_more_than_the_cap_over_all_connections_and_tasks(vendors: Vendors) -> None:
    one, other = existing(2)
    for place, conn_type in enumerate(SENDERS[:2]):
        send([one], context=run(task_id=f"t{place}"), wa_conn_id=f"{conn_type}_default")
    summary = send([one, other], context=run(task_id="t3"), cap=(2, timedelta(days=7)))
    assert statuses(summary) == ["skipped", "accepted"]
    detail = summary["results"][0]["detail"]
    assert re.fullmatch(r"capped: 2 messages in 7 days, the last at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", detail)
    assert len(taken(vendors)) == 3
    assert counts(send([one], context=run(task_id="t4"), cap=(3, 3600))) == {"total": 1, "accepted": 1}


def test_a_retry_and_further_messages_of_the_same_list_are_counted_once(vendors: Vendors) -> None:
    for _ in range(2):
        summary = send(people("one", "two", "three"), "{{ text }}", duplicates="allow", cap=(2, 3600), concurrency=3)
        assert sorted(statuses(summary)) == ["accepted", "accepted", "skipped"]
    assert len(taken(vendors)) == 2


# Dry runs.


def test_a_dry_run_says_what_would_become_of_each_row_and_does_nothing(
    vendors: Vendors, airflow_store: Store, tmp_path: Path
) -> None:
    numbers = existing(5)
    send([numbers[3]], "earlier", context=run(task_id="earlier"))
    airflow_store.suppressions.add(digits(numbers)[1:2])
    rows = [
        {"phone": number, "name": name} for number, name in zip(numbers, ("Ann", "Bo", "", "Di", "Ed"), strict=True)
    ]
    rows += [{"phone": "nobody", "name": "Cy"}, {"phone": f"00{digits(numbers)[0]}", "name": "Ann"}]
    before = vendors.ledger()["requests"]
    summary = send(rows, "Hi {{ name }}", dry_run=True, cap=(1, 3600))
    results = summary.pop("results")
    assert summary == {
        "total": 7, "accepted": 0, "would_send": 2, "skipped": 3, "failed": 2, "unknown": 0,
        "output": None, "calls": 0, "batch": None, "dry_run": True,
    }  # fmt: skip
    assert [(row["status"], row["text"]) for row in results] == [
        ("would_send", "Hi Ann"),
        ("skipped", "Hi Bo"),
        ("failed", ""),
        ("skipped", "Hi Di"),
        ("would_send", "Hi Ed"),
        ("failed", ""),
        ("skipped", "Hi Ann"),
    ]
    assert [row["detail"].partition(",")[0] for row in results] == [
        "",
        "the recipient is suppressed",
        "message: row has no value for column 'name'; give the template a default: {{ name | default('...') }}",
        "capped: 1 message in 1 hour",
        "",
        results[5]["detail"].partition(",")[0],
        "same recipient as row 1",
    ]
    assert tuple(results[0]) == ("input", "to", "status", "message_id", "settled_at", "detail", "text")
    assert vendors.ledger()["requests"] == before, "no request of any kind"
    assert counts(send(rows, "Hi {{ name }}", cap=(1, 3600))) == {"total": 7, "accepted": 2, "skipped": 3, "failed": 2}


def test_a_dry_run_leaves_the_store_as_it_was(vendors: Vendors, airflow_store: Store, tmp_path: Path) -> None:
    def stored() -> list[list[Any]]:
        with airflow_store.database.reading() as connection:
            return [
                [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]
                for name in ("wa_sends", "wa_batches", "wa_suppressions", "wa_events", "wa_positions")
            ]

    send(existing(1), context=run(task_id="earlier"))
    before, output = stored(), tmp_path / "dry.csv"
    assert send([*existing(3), "nobody"], dry_run=True, output_path=str(output))["results"] is None
    assert stored() == before
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["would_send"] * 3 + ["failed"]


def test_a_dry_run_heeds_limits_and_quiet_hours_as_they_are_now(vendors: Vendors) -> None:
    send(existing(1), context=run(task_id="earlier"))
    skipped = send(existing(3)[1:], dry_run=True, daily_limit=2, on_hold="skip")
    assert statuses(skipped) == ["would_send", "skipped"]
    assert "the daily limit of 2 messages is reached" in skipped["results"][1]["detail"]
    options = {"dry_run": True, "quiet_hours": quiet_now(), "wa_conn_id": "wuzapi_default"}
    asleep, later = (send([GROUP], on_hold=on_hold, **options)["results"][0] for on_hold in ("skip", "wait"))
    assert (asleep["status"], later["status"]) == ("skipped", "would_send")
    assert later["detail"] == f"later: {asleep['detail']}"


def test_a_dry_run_knows_what_was_sent_before(vendors: Vendors) -> None:
    send(existing(1))
    (row,) = send(existing(1), dry_run=True)["results"]
    assert (row["status"], row["detail"]) == ("skipped", "it was accepted before")


# SendingPolicy.


def test_the_limit_of_a_day_is_that_of_all_tasks_together(vendors: Vendors) -> None:
    assert counts(send(existing(3), daily_limit=5, on_hold="skip")) == {"total": 3, "accepted": 3}
    summary = send(existing(6), "another", context=run(task_id="other"), daily_limit=5, on_hold="skip")
    assert counts(summary) == {"total": 6, "accepted": 2, "skipped": 4}
    assert "the daily limit of 5 messages is reached" in summary["results"][-1]["detail"]
    assert len(taken(vendors)) == 5


def test_the_rest_of_a_days_limit_is_waited_for_in_the_triggerer(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = operator(existing(3), daily_limit=2, deferrable=True, execution_timeout=timedelta(seconds=60))
    with pytest.raises(TaskDeferred) as waits:
        made.execute(RUN)
    assert waits.value.method_name == "execute_complete"
    assert timedelta(0) < waits.value.timeout <= timedelta(seconds=60)
    moment = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert waits.value.trigger.moment == moment  # type: ignore[attr-defined]
    assert json.dumps(waits.value.trigger.serialize()[1], default=str)
    assert len(taken(vendors)) == 2
    monkeypatch.setattr(
        "airflow_provider_wa.bulk.pacing.daily_since", lambda now, zone: now + timedelta(seconds=1)
    )  # the next day
    summary = made.execute_complete(RUN, None, **waits.value.kwargs or {})
    assert counts(summary) == {"total": 3, "accepted": 3}
    assert taken(vendors) == digits(existing(3))


def quiet_now() -> tuple[str, str]:
    """From an hour before now until an hour after it, by the clock of UTC."""
    now = datetime.now(timezone.utc)
    return f"{now - timedelta(hours=1):%H:%M}", f"{now + timedelta(hours=1):%H:%M}"


GROUP = "120363041234567890@g.us"


def test_who_is_asleep_is_waited_for_in_the_triggerer_and_the_others_are_not(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group has no time zone, so that the task's own counts: for it alone it is night."""
    ends, awake = QuietHours.ends, existing(2)

    def only_groups(self: QuietHours, recipient: str, now: datetime, zone: str) -> datetime | None:
        return ends(self, recipient, now, zone) if "@" in recipient else None

    monkeypatch.setattr(QuietHours, "ends", only_groups)
    made = operator([GROUP, *awake], quiet_hours=quiet_now(), deferrable=True, wa_conn_id="wuzapi_default")
    with pytest.raises(TaskDeferred) as waits:
        made.execute(RUN)
    assert timedelta(0) < waits.value.trigger.moment - datetime.now(timezone.utc) <= timedelta(hours=1)  # type: ignore[attr-defined]
    assert taken(vendors) == digits(awake)
    monkeypatch.setattr(QuietHours, "ends", lambda *values: None)
    assert counts(made.execute_complete(RUN, None, **waits.value.kwargs or {})) == {"total": 3, "accepted": 3}
    assert len(taken(vendors)) == 3


def test_a_wait_that_goes_on_with_another_store_sends_nothing(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = operator(existing(3), daily_limit=2, deferrable=True)
    with pytest.raises(TaskDeferred) as waits:
        made.execute(RUN)
    set_store(monkeypatch, tmp_path / "another.db")
    with pytest.raises(AirflowFailException, match="the task began with store"):
        made.execute_complete(RUN, None, **waits.value.kwargs or {})
    assert len(taken(vendors)) == 2


def test_without_deferring_the_task_itself_waits(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    now = datetime.now(timezone.utc)
    clock = SimpleNamespace(now=lambda tz: now + timedelta(seconds=sum(slept)))
    monkeypatch.setattr("airflow_provider_wa.operators._run.bulk_send.time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr("airflow_provider_wa.operators._run.bulk_send.datetime", clock)
    night = iter([None, now + timedelta(minutes=30)])
    monkeypatch.setattr(QuietHours, "ends", lambda *values: next(night, None))
    summary = send(existing(2), quiet_hours=("21:00", "08:00"))
    assert counts(summary) == {"total": 2, "accepted": 2}
    assert sum(slept) == pytest.approx(1800, abs=30)
    assert max(slept) <= bulk_send.LONGEST_SLEEP, "the clock may be set in the meantime"
    assert summary["calls"] == 4, "each time a message, and a question for the session"


def test_who_is_asleep_is_skipped_if_the_author_wants_that(vendors: Vendors) -> None:
    summary = send([GROUP], quiet_hours=quiet_now(), on_hold="skip", wa_conn_id="wuzapi_default", output_path=None)
    assert counts(summary) == {"total": 1, "skipped": 1}
    assert "quiet hours until" in summary["results"][0]["detail"]
    assert taken(vendors) == []


def test_sends_are_as_far_apart_as_the_pace_says(vendors: Vendors) -> None:
    send(existing(4), pace=0.5, concurrency=4)
    moments = sorted(message["at"] for message in vendors.ledger()["messages"])
    # The first request may be under way for a while before the vendor has it: 1.5 s less that.
    assert moments[-1] - moments[0] >= 1.0


# Mistakes.

BAD_ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"recipients": None}, "recipients: give exactly one of recipients, input_path and sql"),
    "nobody": ({"recipients": []}, "recipients: the list is empty"),
    "no such duplicates": ({"duplicates": "maybe"}, "duplicates: unknown value 'maybe'; expected skip or allow"),
    "no cap": ({"cap": 2}, "cap: '2' is invalid; expected a number of messages from 1, and a duration"),
    "no column": (
        {"recipients": [{"mobile": "1"}]},
        "column: the list has no column 'phone'; it has 'mobile'",
    ),
    "no such variable": ({"message": "Hi {{ nam }}"}, "message: there is no column 'nam'; the list has 'phone'"),
    "no template": ({"message": "Hi {{ name"}, "message: "),
    "no such variable in the key": ({"idempotency_key": "{{ invoice }}"}, "idempotency_key: there is no column"),
    "no message": ({"message": 5}, "expected text, a dict or a message"),
    "no text": ({"message": " "}, "the body is empty"),
    "no file": ({"message": {"type": "image", "path": "/nowhere/a.png"}}, "there is no file /nowhere/a.png"),
    "no list": ({"recipients": None, "input_path": "/nowhere/list.csv"}, "there is no file"),
    "no such kind": (
        {"message": {"type": "poll", "question": "Tea?", "options": ["yes", "no"]}},
        "of the type poll; connection types that can",
    ),
    "cannot send": ({"wa_conn_id": "checkwa_default"}, "green_api, wa_portal, wuzapi"),
    "no workers": ({"concurrency": 0}, "concurrency: must be at least 1, got 0"),
    "no limit": ({"daily_limit": 0}, "daily_limit: must be at least 1, got 0"),
    "no rate": ({"rate_limit": "fast"}, "rate_limit: invalid rate 'fast'"),
    "no pace": ({"pace": "slowly"}, "expected seconds, such as 5, or a range"),
    "no hours": ({"quiet_hours": "at night"}, "expected two times of day"),
    "no zone": ({"timezone": "Mars"}, "expected an IANA name"),
    "no such wait": ({"on_hold": "hang"}, "on_hold: unknown value 'hang'; expected wait or skip"),
    "no such way": ({"on_unknown": "shrug"}, "on_unknown: unknown value 'shrug'; expected fail, skip or resend"),
    "no country": ({"default_region": "XX"}, "default_region: 'XX' is not a country"),
    "too many for an XCom": ({"recipients": existing(1001)}, "more than 1,000 recipients"),
    "unknown output": ({"output_path": "/tmp/out.xlsx"}, "must end with"),
    "unwritable output": ({"output_path": "/proc/nowhere/out.csv"}, "cannot write to"),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_a_mistake_fails_for_good_before_any_call(vendors: Vendors, case: str) -> None:
    arguments, message = BAD_ARGUMENTS[case]
    with pytest.raises(AirflowFailException, match=message):
        send(**{"recipients": existing(2), **arguments})
    assert not any(vendors.ledger()["requests"].values())


def test_more_than_a_thousand_go_to_a_file(vendors: Vendors, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    numbers = [f"+1202555{place:02d}{ending}" for place in range(100) for ending in range(10, 21)]
    summary = send(numbers, output_path=str(output), concurrency=8)
    assert counts(summary) == {"total": 1100, "accepted": 1100}
    assert [json.loads(line)["input"] for line in output.read_text().splitlines()] == numbers


def test_a_vendor_out_of_reach_is_left_to_airflows_retries(vendors: Vendors, tmp_path: Path) -> None:
    conn_id = vendors.connect("wa_portal", "away", host="http://127.0.0.1:9")
    with pytest.raises(VendorUnavailable):
        send(existing(3), wa_conn_id=conn_id)


@pytest.mark.parametrize("conn_type", SENDERS)
def test_no_token_shows_in_a_log_or_an_error(
    vendors: Vendors, caplog: pytest.LogCaptureFixture, conn_type: str
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for kind in ("lost_reply", "html", "junk", "server_error", "rate_limit"):
        fault(vendors, conn_type, kind, **({"retry_after": 0.01} if kind == "rate_limit" else {}))
        try:
            shown.append(repr(send(existing(2), kind, wa_conn_id=f"{conn_type}_default", on_unknown="skip")))
        except Exception as error:  # noqa: BLE001 - whatever it is
            shown += [repr(error), repr(error.__cause__), repr(error.__context__)]
        vendors.state.faults.clear()
    secret = CREDENTIALS[conn_type]["password"]
    assert secret not in "\n".join([*shown, caplog.text])
    assert caplog.text


def test_the_store_has_the_batch_with_its_run_and_counts(vendors: Vendors, airflow_store: Store) -> None:
    summary = send(existing(2), context=run(run_id="r1", map_index=3))
    batch = airflow_store.batches.get(summary["batch"])
    assert batch is not None
    assert (batch.kind, batch.run_id, batch.map_index) == (BatchKind.SEND, "r1", 3)
    assert batch.counts == {"total": 2, "accepted": 2, "skipped": 0, "failed": 0, "unknown": 0}
    assert batch.ended_at is not None


# How numbers are read.


def test_each_row_is_read_by_its_country_and_nobody_elses(vendors: Vendors) -> None:
    rows = [
        {"phone": "3224323817", "land": "CO"},
        {"phone": "666666611", "land": "ES"},
        {"phone": "3105550111", "land": ""},
        {"phone": "3105550112", "land": "Colombia"},
    ]
    summary = send(rows, country_column="land")
    assert [(row["to"], row["status"]) for row in summary["results"][:2]] == [
        ("573224323817", "accepted"),
        ("34666666611", "accepted"),
    ]
    reasons = [row["detail"] for row in summary["results"][2:]]
    assert "is not a valid phone number; write it with +" in reasons[0]
    assert "country_column: 'COLOMBIA' is not a country" in reasons[1]
    assert taken(vendors) == ["573224323817", "34666666611"]


def test_nothing_is_sent_if_too_many_numbers_are_invalid(vendors: Vendors) -> None:
    with pytest.raises(AirflowFailException, match=r"max_invalid: 2 of 3 numbers are invalid; at most 0.5 of them"):
        send(["+34666666611", "3.46667E+10", "+34666666612 / 3"], max_invalid="50%")
    assert taken(vendors) == []


# What is seen of a batch while it runs, and of what it wrote.


def test_what_each_person_was_written_is_kept_and_is_not_in_the_log(
    vendors: Vendors, airflow_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"phone": to, "name": name} for to, name in zip(existing(2), ("Ana", "Bo"), strict=True)]
    with caplog.at_level("DEBUG"):
        summary = send(rows, "Secretly, {{ name }}")
    sent = [row["to"] for row in summary["results"]]
    said = [airflow_store.conversations.of(to, 10) for to in sent]
    assert [[(each.text, each.status) for each in some] for some in said] == [
        [("Secretly, Ana", "accepted")], [("Secretly, Bo", "accepted")],
    ]  # fmt: skip
    # The sandbox runs in this process, and its server may log the addresses that it was asked for.
    assert [
        record for record in caplog.records if record.name != "uvicorn.access" and "Secretly" in str(vars(record))
    ] == []


def test_a_batch_that_fails_is_stopped_and_its_next_try_ends_it(vendors: Vendors, airflow_store: Store) -> None:
    fault(vendors, "wa_portal", "server_error", times=1000)
    people = existing(8)
    with pytest.raises(VendorUnavailable):
        send(people)
    (batch,) = airflow_store.batches.newest(10)
    assert (batch.state, batch.ended_at, batch.rows) == (BatchState.STOPPED, None, 8)
    assert batch.reported_at is not None
    vendors.control("reset")
    summary = send(people, on_unknown="resend")
    (batch,) = airflow_store.batches.newest(10)
    assert (batch.name, batch.state, batch.done) == (summary["batch"], BatchState.ENDED, 8)


def test_a_batch_that_is_held_says_until_when(vendors: Vendors, airflow_store: Store) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        send(existing(3), deferrable=True, daily_limit=2)
    (batch,) = airflow_store.batches.newest(10)
    assert (batch.state, batch.held_until) == (BatchState.HELD, deferred.value.trigger.moment)
    assert batch.counts is not None
    assert (batch.counts["accepted"], batch.counts["held"], batch.done) == (2, 1, 2)
