# SPDX-License-Identifier: Apache-2.0
"""The runners that make one or a few calls, over a fake hook."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.sdk.log import mask_secret
from helpers.tasks import FakeHook, FakeTask

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, SessionDown, VendorUnavailable
from airflow_provider_wa.api.messages import Reaction
from airflow_provider_wa.api.records import (
    Balance,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    MediaFile,
    QrCode,
    SentMessage,
    Session,
    SessionState,
    Webhook,
)
from airflow_provider_wa.operators._run import chat, directory, reports, session

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PULLED: dict[str, tuple[Any, dict[str, Any]]] = {
    "contacts": (directory.contacts, {}),
    "groups": (directory.groups, {}),
    "inbox": (
        reports.pull_inbox,
        {"context": {}, "since": None, "until": None, "after": None, "limit": None, "kinds": None},
    ),
    "delivery_report": (reports.pull_delivery_report, {"context": {}, "since": None, "until": None, "limit": None}),
}
RECORDS = {
    "contacts": [Contact(jid="1@s.whatsapp.net", name="Ann"), Contact(jid="2@s.whatsapp.net")],
    "groups": [Group(jid="9@g.us", participants=("1", "2"))],
    "inbox": [
        InboxMessage(message_id="m1", sender="1", text="hi"),
        InboxMessage(message_id="m2", sender="2", kind="image"),
    ],
    "delivery_report": [DeliveryStatus(message_id="m1", state=DeliveryState.READ, read_at=NOON)],
}
pulls = pytest.mark.parametrize("name", PULLED)


def task(**answers: Any) -> FakeTask:
    return FakeTask(FakeHook(answers))


def pull(made: FakeTask, name: str, **changed: Any) -> dict[str, Any]:
    runner, arguments = PULLED[name]
    return runner(made, **{"output_path": None, **arguments, **changed})  # type: ignore[no-any-return]


@pulls
def test_a_list_goes_into_the_xcom_with_the_last_items_id(name: str) -> None:
    records = RECORDS[name]
    cursor = getattr(records[-1], "jid", None) or records[-1].message_id  # type: ignore[union-attr]
    assert pull(task(**{name: records}), name) == {
        "count": len(records),
        "cursor": cursor,
        "output": None,
        "items": [record.to_dict() for record in records],
    }


@pulls
def test_an_empty_list_is_not_an_error(name: str) -> None:
    assert pull(task(**{name: []}), name) == {"count": 0, "cursor": None, "output": None, "items": []}


@pulls
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_list_goes_to_a_file_in_place_of_the_xcom(name: str, suffix: str, tmp_path: Path) -> None:
    output = tmp_path / "new" / f"list.{suffix}"
    found = pull(task(**{name: RECORDS[name]}), name, output_path=str(output))
    assert (found["count"], found["items"], found["output"]) == (len(RECORDS[name]), None, str(output))
    assert output.stat().st_size > 0
    if suffix == "csv":
        with output.open() as rows:
            assert list(csv.DictReader(rows).fieldnames or ()) == list(RECORDS[name][0].to_dict())


@pulls
def test_a_path_that_cannot_be_written_costs_no_call(name: str) -> None:
    made = task(**{name: RECORDS[name]})
    with pytest.raises(BadInput, match="must end with"):
        pull(made, name, output_path="/tmp/list.xlsx")
    assert made.hook.calls == []


@pulls
def test_more_than_an_xcom_holds_needs_a_file(name: str, tmp_path: Path) -> None:
    made = task(**{name: RECORDS[name][:1] * 1001})
    with pytest.raises(BadInput, match="output_path: more than 1,000 items"):
        pull(made, name)
    assert pull(made, name, output_path=str(tmp_path / "list.jsonl"))["count"] == 1001


@pytest.mark.parametrize("name", ["inbox", "delivery_report"])
@pytest.mark.parametrize(
    ("given", "interval", "asked"),
    [
        ({}, None, (None, None)),
        ({}, (NOON - HOUR, NOON), (NOON - HOUR, NOON)),
        ({}, (NOON, NOON), (None, None)),
        ({"since": "2026-11-21T11:00:00Z"}, (NOON, NOON + HOUR), (NOON - HOUR, None)),
        ({"until": NOON}, None, (None, NOON)),
    ],
)
def test_the_time_is_the_one_given_or_the_runs_data_interval(
    name: str, given: dict[str, Any], interval: Any, asked: Any
) -> None:
    made = task(**{name: []})
    context = {} if interval is None else {"data_interval_start": interval[0], "data_interval_end": interval[1]}
    pull(made, name, context=context, limit=7, **given)
    assert made.hook.calls == [(name, (), {"since": asked[0], "until": asked[1], "limit": 7})]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"since": "yesterday"}, "since: not a date or time"),
        ({"since": NOON, "until": NOON}, "until: .* is not after since"),
        ({"after": "m1", "since": NOON}, "after: it does not go with since or until"),
        ({"after": "m1", "until": NOON}, "after: it does not go with since or until"),
    ],
)
def test_a_wrong_time_costs_no_call(given: dict[str, Any], message: str) -> None:
    made = task(inbox=[])
    with pytest.raises(BadInput, match=message):
        pull(made, "inbox", **given)
    assert made.hook.calls == []


def test_the_inbox_goes_on_after_a_message() -> None:
    made = task(inbox=RECORDS["inbox"])
    pull(made, "inbox", after="m0", context={"data_interval_start": NOON, "data_interval_end": NOON + HOUR}, limit=3)
    assert made.hook.calls == [("inbox", (), {"after": "m0", "limit": 3})]


def test_the_state_of_one_message_is_the_vendors() -> None:
    status = DeliveryStatus(message_id="m1", state=DeliveryState.READ)
    made = task(message_status=status, able=None)
    assert reports.message_status(made, message_id="m1", output_path=None) == status.to_dict()
    assert (
        reports.message_status(made, message_id={"message_id": "m1", "to": "34"}, output_path=None) == status.to_dict()
    )
    asked = [call for call in made.hook.calls if call[0] == "message_status"]
    assert asked == [("message_status", ("m1",), {"to": None}), ("message_status", ("m1",), {"to": "34"})]


@pytest.mark.parametrize(
    ("message_id", "message"),
    [([str(number) for number in range(1001)], "more than 1,000 messages"), (" ", "message_id: not a message id")],
)
def test_wrong_messages_cost_no_call(message_id: Any, message: str) -> None:
    made = task(able=None)
    with pytest.raises(BadInput, match=message):
        reports.message_status(made, message_id=message_id, output_path=None)


BALANCE = Balance(vendor="v", left=10.0, state="active")


@pytest.mark.parametrize("least", [None, "", 10, "10", 9.5])
def test_enough_credit_is_returned(least: Any) -> None:
    assert directory.balance(task(balance=BALANCE), min_balance=least, on_low="fail") == BALANCE.to_dict()


@pytest.mark.parametrize("left", [10.0, None], ids=str)
@pytest.mark.parametrize(("on_low", "error"), [("fail", QuotaExceeded), ("skip", AirflowSkipException)])
def test_too_little_credit_fails_or_skips(left: float | None, on_low: str, error: type[Exception]) -> None:
    made = task(balance=replace(BALANCE, left=left))
    with pytest.raises(error, match=f"{left} left, 10.5 needed"):
        directory.balance(made, min_balance="10.5", on_low=on_low)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_balance": "much", "on_low": "fail"}, "min_balance: not a number: 'much'; expected for example 100"),
        ({"min_balance": 1, "on_low": "shrug"}, "on_low: unknown value 'shrug'; expected fail or skip"),
    ],
)
def test_wrong_limits_of_the_credit_cost_no_call(arguments: dict[str, Any], message: str) -> None:
    made = task(balance=BALANCE)
    with pytest.raises(BadInput) as refused:
        directory.balance(made, **arguments)
    assert str(refused.value) == message
    assert made.hook.calls == []


def test_a_session_is_connected_disconnected_and_logged_out() -> None:
    found = Session(vendor="v", state=SessionState.LOGGED_OUT, detail="scan")
    made = task(connect=found, disconnect=None, logout=None)
    assert session.connect(made) == found.to_dict()
    session.disconnect(made)
    session.logout(made)
    assert [call[0] for call in made.hook.calls] == ["connect", "disconnect", "logout"]


def test_a_qr_code_goes_into_a_png_and_nowhere_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made, path = task(qr_code=QrCode(png=b"\x89PNG secret")), tmp_path / "new" / "qr.png"
    assert session.qr_code(made, output_path=str(path)) == str(path)
    assert path.read_bytes() == b"\x89PNG secret"
    assert "secret" not in caplog.text
    with pytest.raises(BadInput, match=r"output_path: the name .* must end with \.png"):
        session.qr_code(made, output_path=str(tmp_path / "qr.txt"))
    with pytest.raises(BadInput, match="output_path: cannot write to"):
        session.qr_code(made, output_path="/proc/nowhere/qr.png")
    assert len(made.hook.calls) == 2


@pytest.mark.parametrize(
    ("state", "error"), [(SessionState.LOGGED_IN, AirflowSkipException), (SessionState.STARTING, SessionDown)]
)
def test_there_is_no_qr_code_to_write_while_logged_in(
    tmp_path: Path, state: SessionState, error: type[Exception]
) -> None:
    path = tmp_path / "qr.png"
    made = task(qr_code=SessionDown("no code"), session=Session(vendor="v", state=state))
    made.hook.vendor = SimpleNamespace()
    with pytest.raises(SessionDown):
        session.qr_code(made, output_path=str(path))
    made.hook.vendor = SimpleNamespace(session=print)  # one whose sessions are known
    with pytest.raises(error):
        session.qr_code(made, output_path=str(path))
    made.hook.answers["session"] = VendorUnavailable("away")
    with pytest.raises(SessionDown, match="no code"):
        session.qr_code(made, output_path=str(path))
    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "receiver", "taken"), [("https://x", "https://r", "https://x"), (None, "https://r", "https://r")]
)
def test_the_webhook_is_the_url_given_or_the_receivers(url: str | None, receiver: str, taken: str) -> None:
    made = task(set_webhook=Webhook(vendor="v", url=taken, events=("a",)))
    made.hook.settings = SimpleNamespace(callback_url=receiver)
    assert session.set_webhook(made, url=url, events=("a",)) == {"vendor": "v", "events": ["a"], "warning": None}
    assert made.hook.calls == [("set_webhook", (taken, ["a"]), {})]


@pytest.mark.parametrize(
    ("url", "message"), [(None, r"url: it is missing; .* callback_base_url"), ("ftp://x", "url: unknown scheme")]
)
def test_a_wrong_webhook_costs_no_call(url: str | None, message: str) -> None:
    made = task(set_webhook=None)
    made.hook.settings = SimpleNamespace(callback_url=None)
    with pytest.raises(BadInput, match=message):
        session.set_webhook(made, url=url, events=())
    assert made.hook.calls == []


def test_a_reaction_is_a_message() -> None:
    sent = SentMessage(vendor="v", message_id="r1", to="34")
    made = task(send=sent)
    assert chat.react(made, to="+34", message_id="m1", emoji="x", own=True) == sent.to_dict()
    assert made.hook.calls == [("send", ("+34", Reaction("m1", "x", True)), {})]


def test_a_reaction_that_is_still_a_template_or_a_secret_is_not_sent() -> None:
    made = task(send=SentMessage(vendor="v", message_id="r1", to="34"))
    mask_secret("s3cret-of-a-test")
    for emoji, told in (("{{ emoji }}", "emoji holds"), ("s3cret-of-a-test", "emoji contains a secret")):
        with pytest.raises(BadInput, match=told):
            chat.react(made, to="+34", message_id="m1", emoji=emoji, own=True)
    assert made.hook.calls == []


@pytest.mark.parametrize(
    ("given", "ids"),
    [("m1", ["m1"]), (["m1", 2], ["m1", "2"]), (iter(["m1"]), ["m1"])],
    ids=["one", "many", "iterator"],
)
def test_one_message_or_many_are_marked_as_read(given: Any, ids: list[str]) -> None:
    made = task(mark_read=None)
    chat.mark_read(made, message_ids=given, chat="1@g.us", sender="2")
    assert made.hook.calls == [("mark_read", (ids, "1@g.us", "2"), {})]


@pytest.mark.parametrize("given", ["", " ", [], ["m1", ""]], ids=repr)
def test_messages_without_an_id_cannot_be_marked(given: Any) -> None:
    made = task(mark_read=None)
    with pytest.raises(BadInput, match="message_ids: there is no message to mark, or one has an empty id"):
        chat.mark_read(made, message_ids=given, chat="1@g.us", sender=None)
    assert made.hook.calls == []


def test_a_file_is_downloaded_to_a_path_and_its_content_is_not_returned(tmp_path: Path) -> None:
    made, path = task(download=MediaFile(vendor="v", content=b"12345", filename="a.png")), tmp_path / "new" / "a.png"
    found = chat.download_media(made, kind="image", reference={"Url": "x"}, output_path=str(path))
    assert found == {
        "vendor": "v",
        "media_type": "application/octet-stream",
        "filename": "a.png",
        "output": str(path),
        "bytes": 5,
    }
    assert path.read_bytes() == b"12345"
    assert made.hook.calls == [("download", ("image", {"Url": "x"}), {})]
    with pytest.raises(BadInput, match="reference: expected a dict, got str"):
        chat.download_media(made, kind="image", reference="x", output_path=str(path))


LOGGED = [
    (lambda made: session.disconnect(made), "Connection my_wa: disconnected; the login is kept"),
    (lambda made: session.logout(made), "Connection my_wa: logged out; its QR code must be scanned again"),
    (lambda made: directory.contacts(made, output_path=None), "Connection my_wa: 0 found"),
    (
        lambda made: directory.balance(made, min_balance=None, on_low="fail"),
        "Connection my_wa: credit left: 5.0, until 2026-03-01 00:00:00+00:00",
    ),
]


@pytest.mark.parametrize(("runner", "line"), LOGGED, ids=[line for _, line in LOGGED])
def test_the_log_says_what_was_done(runner: Any, line: str, caplog: pytest.LogCaptureFixture) -> None:
    until = datetime(2026, 3, 1, tzinfo=timezone.utc)
    made = task(disconnect=None, logout=None, contacts=[], balance=Balance(vendor="v", left=5.0, expires_at=until))
    with caplog.at_level("INFO"):
        runner(made)
    assert caplog.messages == [line]
