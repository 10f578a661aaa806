# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
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
from helpers.numbers import digits, existing
from helpers.tasks import run_of
from helpers.vendors import CREDENTIALS, Vendors

from airflow_provider_wa.api.errors import SessionDown, VendorUnavailable
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.bulk import send_run
from airflow_provider_wa.bulk.pacing import QuietHours
from airflow_provider_wa.operators._run import send_once
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

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
    assert "'name' is undefined" in reasons[2]
    assert "'name' is undefined" in reasons[3]
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
    assert "before" in summary["results"][3]["detail"]
    assert counts(summary) == {"total": 4, "accepted": 2, "skipped": 2}


def test_both_forms_of_a_number_are_one_recipient_within_a_list_and_over_its_tries(vendors: Vendors) -> None:
    one, two = "525512345678", "5215512345678"
    first = send([two, f"+{one}", f"{one}@s.whatsapp.net"])
    assert counts(first) == {"total": 3, "accepted": 1, "skipped": 2}
    assert first["results"][1]["detail"] == "the list has this message to this recipient before"
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
    monkeypatch.setattr(send_run, "SESSION_SECONDS", 0.0)
    output = tmp_path / "out.csv"
    arguments = {"wa_conn_id": f"{conn_type}_default", "output_path": str(output)}
    taker, log_out = send_run.BulkSend._enter_outcome, vendors.state.log_out

    async def logged_out_after_three(self: send_run.BulkSend, *values: Any) -> None:
        await taker(self, *values)
        if self.counts.states["accepted"] == 3:  # type: ignore[index]
            log_out(conn_type)

    with monkeypatch.context() as patched:
        patched.setattr(send_run.BulkSend, "_enter_outcome", logged_out_after_three)
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
    settle = send_run.BulkSend._enter_outcome

    async def dropped_after_two(self: send_run.BulkSend, *values: Any) -> None:
        await settle(self, *values)
        if self.counts.states["accepted"] == 2:  # type: ignore[index]
            with airflow_store.database.engine.connect() as connection:
                connection.exec_driver_sql("DROP TABLE wa_sends")
                connection.commit()

    monkeypatch.setattr(send_run.BulkSend, "_enter_outcome", dropped_after_two)
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
    monkeypatch.setattr("airflow_provider_wa.bulk.reconciliation.same_text", lambda one, other: False)
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
    assert "'invoice' is undefined" in summary["results"][1]["detail"]
    summary = send(rows, idempotency_key="{{ invoice | default('') }}", context=run(task_id="other"))
    assert "idempotency_key: it is empty" in summary["results"][1]["detail"]


def test_with_resend_a_clear_sends_again_and_a_retry_does_not(vendors: Vendors) -> None:
    for max_tries in (2, 2, 5, 5):  # Airflow raises it when the task is cleared
        send(existing(2), context=run(max_tries=max_tries), resend=True, retries=2)
    assert len(taken(vendors)) == 4


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
    made = operator(existing(3), daily_limit=2, deferrable=True)
    with pytest.raises(TaskDeferred) as waits:
        made.execute(RUN)
    assert waits.value.method_name == "execute_complete"
    moment = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert waits.value.trigger.moment == moment  # type: ignore[attr-defined]
    assert json.dumps(waits.value.trigger.serialize()[1], default=str)
    assert len(taken(vendors)) == 2
    monkeypatch.setattr(
        "airflow_provider_wa.bulk.pacing.daily_since", lambda now, zone: now + timedelta(seconds=1)
    )  # the next day
    summary = made.execute_complete(RUN, None)
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
    assert counts(made.execute_complete(RUN, None)) == {"total": 3, "accepted": 3}
    assert len(taken(vendors)) == 3


def test_without_deferring_the_task_itself_waits(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("airflow_provider_wa.operators._run.bulk_send.time", SimpleNamespace(sleep=slept.append))
    night = iter([None, datetime.now(timezone.utc) + timedelta(minutes=30)])
    monkeypatch.setattr(QuietHours, "ends", lambda *values: next(night, None))
    summary = send(existing(2), quiet_hours=("21:00", "08:00"))
    assert counts(summary) == {"total": 2, "accepted": 2}
    assert slept == [pytest.approx(1800, abs=30)]
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
