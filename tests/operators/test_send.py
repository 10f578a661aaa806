# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from helpers.tasks import run_of
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import SessionDown, VendorUnavailable
from airflow_provider_wa.api.messages import ContactCard, Image, Location, Media, Text
from airflow_provider_wa.bulk import send_run
from airflow_provider_wa.connections import store as stores
from airflow_provider_wa.operators.send import WaSendMessageOperator
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

pytestmark = pytest.mark.sockets

SENDERS = ("wuzapi", "wa_portal", "green_api")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
FILES = {
    "image": ("a.png", PNG),
    "audio": ("a.ogg", b"OggS" + bytes(50)),
    "video": ("a.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(50)),
    "document": ("a.pdf", b"%PDF-1.7" + bytes(50)),
}


def run(max_tries: int = 0, **fields: Any) -> Any:
    return run_of(**{"task_id": "send", "max_tries": max_tries, **fields})


RUN = run()


def send(message: Any = "hello", context: Any = None, **arguments: Any) -> dict[str, Any]:
    defaults = {"task_id": "send", "wa_conn_id": "wa_portal_default", "to": "+1 202 555 0110"}
    return WaSendMessageOperator(**{**defaults, **arguments}, message=message).execute(context or {})


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits for what the sandbox shows at once."""
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.0)
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 0.0)


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_text_is_accepted(vendors: Vendors, conn_type: str) -> None:
    sent = send("hello", wa_conn_id=f"{conn_type}_default")
    assert set(sent) == {"message_id", "to", "vendor", "accepted", "timestamp", "warning"}
    assert (sent["to"], sent["vendor"], sent["accepted"], sent["warning"]) == ("12025550110", conn_type, True, None)
    assert json.loads(json.dumps(sent)) == sent
    (seen,) = vendors.ledger()["messages"]
    assert (seen["message_id"], seen["to"], seen["text"]) == (sent["message_id"], "12025550110", "hello")


@pytest.mark.parametrize("conn_type", SENDERS)
@pytest.mark.parametrize("kind", ["image", "audio", "video", "document"])
def test_files_are_loaded_from_a_path(vendors: Vendors, tmp_path: Path, conn_type: str, kind: str) -> None:
    name, content = FILES[kind]
    (tmp_path / name).write_bytes(content)
    send({"type": kind, "path": f"file://{tmp_path / name}"}, wa_conn_id=f"{conn_type}_default")
    (seen,) = vendors.ledger(conn_type)["messages"]
    assert (seen["bytes"], seen["sha256"]) == (len(content), sha256(content).hexdigest())


@pytest.mark.parametrize("conn_type", SENDERS)
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Text("hi"), {"text": "hi"}),
        ({"body": "hi"}, {"text": "hi"}),
        (Location(48.85837, 2.294481, "Paris"), {"name": "Paris"}),
        ({"type": "contact", "name": "Ann", "phone": "+1 202 555 0111"}, {}),
        (ContactCard("Ann", "+1 202 555 0111", "Example"), {}),
        (Image(Media(content=PNG, filename="a.png"), caption="look"), {"caption": "look"}),
        ({"type": "image", "url": "https://www.example.com/a.png", "caption": "look"}, {"caption": "look"}),
    ],
    ids=lambda value: str(value)[:30] if not isinstance(value, dict) else None,
)
def test_objects_and_dicts_are_messages(
    vendors: Vendors, conn_type: str, message: Any, expected: dict[str, Any]
) -> None:
    send(message, wa_conn_id=f"{conn_type}_default")
    (seen,) = vendors.ledger(conn_type)["messages"]
    assert {name: seen[name] for name in expected} == expected


BUTTONS = {"type": "buttons", "body": "Well?", "buttons": [{"text": "Yes"}, {"text": "No"}]}
LIST = {
    "type": "list",
    "body": "Choose",
    "button": "Open",
    "header": "Tea",
    "rows": [{"title": "Green", "section": "A"}],
}
POLL = {"type": "poll", "question": "Tea?", "options": ["yes", "no"]}
STICKER = {"type": "sticker", "media": {"content": b"RIFF\x24\x00\x00\x00WEBPVP8 ", "filename": "a.webp"}}


@pytest.mark.parametrize(
    ("conn_type", "message"),
    [
        ("wuzapi", BUTTONS),
        ("wa_portal", BUTTONS),
        ("wuzapi", LIST),
        ("wa_portal", LIST),
        ("wuzapi", POLL),
        ("green_api", POLL),
        ("wuzapi", STICKER),
    ],
    ids=lambda value: value if isinstance(value, str) else value["type"],
)
def test_messages_to_answer_by_a_tap_are_accepted(vendors: Vendors, conn_type: str, message: dict[str, Any]) -> None:
    assert send(message, wa_conn_id=f"{conn_type}_default")["accepted"]
    (seen,) = vendors.ledger(conn_type)["messages"]
    assert seen["type"] in (message["type"], "list", "buttons", "poll", "sticker")


@pytest.mark.parametrize(("conn_type", "message"), [("wa_portal", POLL), ("green_api", LIST)])
def test_a_kind_of_message_that_a_vendor_lacks_is_refused_before_any_call(
    vendors: Vendors, conn_type: str, message: dict[str, Any]
) -> None:
    able = {"poll": "green_api, wuzapi", "list": "wa_portal, wuzapi"}[message["type"]]
    with pytest.raises(AirflowFailException, match=f"of the type {message['type']}; connection types that can: {able}"):
        send(message, wa_conn_id=f"{conn_type}_default")
    assert not any(vendors.ledger()["requests"].values())


def test_wuzapi_keeps_the_callers_own_id(vendors: Vendors) -> None:
    first = send("hello", wa_conn_id="wuzapi_default", message_id="ORDER-17")
    again = send("hello", wa_conn_id="wuzapi_default", message_id="ORDER-17")
    assert first["message_id"] == again["message_id"] == "ORDER-17"
    (seen,) = vendors.ledger()["messages"]
    assert seen["repeats"] == 1


def test_a_jid_from_a_check_is_a_recipient(vendors: Vendors) -> None:
    assert send(to="5215512345607@s.whatsapp.net", wa_conn_id="wuzapi_default")["to"] == "5215512345607"


def test_accepted_while_logged_out_comes_with_a_warning(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wa_portal", kind="logged_out", times=1)
    assert "not connected" in send()["warning"]


FAULTS = ["lost_reply", "cut", "cut_body", "junk", "server_error", "html"]


@pytest.mark.parametrize("conn_type", SENDERS)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_lost_reply_is_cleared_up_at_once_where_the_vendor_can_tell(
    vendors: Vendors, at_once: None, conn_type: str, kind: str
) -> None:
    vendors.control("faults", vendor=conn_type, kind=kind, times=1)
    sent = send(wa_conn_id=f"{conn_type}_default")
    messages = vendors.ledger(conn_type)["messages"]
    assert {message["message_id"] for message in messages} == {sent["message_id"]}
    assert sent["accepted"] is True


@pytest.mark.parametrize("conn_type", SENDERS)
@pytest.mark.parametrize("kind", FAULTS)
def test_what_cannot_be_cleared_up_yet_is_left_to_airflows_retries_and_never_doubled(
    vendors: Vendors, at_once: None, airflow_store: Store, conn_type: str, kind: str
) -> None:
    vendors.control("faults", vendor=conn_type, kind=kind)
    with pytest.raises(VendorUnavailable):
        send(wa_conn_id=f"{conn_type}_default", context=RUN)
    vendors.state.faults.clear()
    sent = send(wa_conn_id=f"{conn_type}_default", context=RUN)
    assert {message["message_id"] for message in vendors.ledger(conn_type)["messages"]} == {sent["message_id"]}
    assert send(wa_conn_id=f"{conn_type}_default", context=RUN)["message_id"] == sent["message_id"]


def test_what_the_vendor_cannot_tell_fails_for_good_or_as_the_author_says(
    vendors: Vendors, at_once: None, airflow_store: Store
) -> None:
    where = Location(48.85837, 2.294481, "Paris")
    vendors.control("faults", vendor="wa_portal", kind="lost_reply", times=1)
    with pytest.raises(AirflowFailException, match=r"OutcomeUnknown.*may or may not have gone out"):
        send(where, context=RUN)
    with pytest.raises(AirflowFailException, match="OutcomeUnknown"):
        send(where, context=RUN)
    assert send(where, context=RUN, on_unknown="skip")["accepted"] is None
    assert len(vendors.ledger()["messages"]) == 1
    assert send(where, context=RUN, on_unknown="resend")["accepted"] is True
    assert len(vendors.ledger()["messages"]) == 2
    assert send(where, context=RUN, on_unknown="resend")["accepted"] is True
    assert len(vendors.ledger()["messages"]) == 2, "its outcome is known now"


@pytest.mark.parametrize("conn_type", SENDERS)
def test_a_send_that_was_refused_as_too_fast_is_repeated(vendors: Vendors, conn_type: str) -> None:
    vendors.control("faults", vendor=conn_type, kind="rate_limit", retry_after=0.01, times=2)
    send(wa_conn_id=f"{conn_type}_default")
    ledger = vendors.ledger()
    assert (ledger["requests"][conn_type], len(ledger["messages"])) == (3, 1)


def test_a_send_that_never_left_is_left_to_airflows_retries(vendors: Vendors, at_once: None) -> None:
    conn_id = vendors.connect("wa_portal", "away", host="http://127.0.0.1:9")
    with pytest.raises(VendorUnavailable, match="cannot connect") as caught:
        send(wa_conn_id=conn_id)
    assert caught.value.never_left


def test_a_session_that_is_down_is_left_to_airflows_retries(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wuzapi", kind="logged_out", times=1)
    with pytest.raises(SessionDown, match="scan its QR code"):
        send(wa_conn_id="wuzapi_default")


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"to": "nobody"}, "'nobody' is not a phone number"),
    "no JID": ({"to": "x@example.com"}, "neither a phone number nor a JID"),
    "no text": ({"message": "  "}, "the body is empty"),
    "text too long": ({"message": "é" * 1001}, "2,002 bytes; the portal takes at most 2,000"),
    "unknown type": ({"message": {"type": "fax"}}, "unknown type 'fax'; expected one of"),
    "unknown field": ({"message": {"body": "a", "colour": "red"}}, "unknown field colour"),
    "no message": ({"message": 5}, "expected text, a dict or a message"),
    "no file": ({"message": {"type": "image", "path": "/nowhere/a.png"}}, "there is no file /nowhere/a.png"),
    "upload too long": (
        {"message": Image(Media(content=bytes(3 * 1024 * 1024 + 1), filename="a.png"))},
        "the portal takes at most 3,145,728",
    ),
    "cannot send": ({"wa_conn_id": "checkwa_default"}, "connection types that can: green_api, wa_portal, wuzapi"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_fails_for_good_before_any_call(vendors: Vendors, case: str) -> None:
    arguments, message = BAD_INPUT[case]
    with pytest.raises(AirflowFailException, match=message):
        send(**arguments)
    assert not any(vendors.ledger()["requests"].values())


def test_templates_are_rendered_in_every_part_of_a_message() -> None:
    spec = {"type": "image", "url": "https://www.example.com/{{ name }}.png", "caption": "for {{ name }}"}
    for message, rendered in (
        ("hello {{ name }}", "hello Ann"),
        (Text("hello {{ name }}"), {"type": "text", "body": "hello Ann"}),
        (spec, {"type": "image", "url": "https://www.example.com/Ann.png", "caption": "for Ann"}),
    ):
        operator = WaSendMessageOperator(
            task_id="send", wa_conn_id="{{ conn }}", to="{{ to }}", message=message, message_id="{{ name }}-1"
        )
        operator.render_template_fields({"name": "Ann", "to": "+1 202", "conn": "my_wa"})
        assert (operator.wa_conn_id, operator.to, operator.message, operator.message_id) == (
            "my_wa",
            "+1 202",
            rendered,
            "Ann-1",
        )


def test_a_retry_does_not_send_again_what_was_accepted(vendors: Vendors, airflow_store: Store) -> None:
    first, second = send(context=RUN), send(context=RUN)
    assert second["message_id"] == first["message_id"]
    assert (second["to"], second["vendor"], second["accepted"]) == (first["to"], first["vendor"], True)
    assert len(vendors.ledger()["messages"]) == 1


@pytest.mark.parametrize(
    "other",
    [{"context": run(run_id="r2")}, {"context": run(map_index=1)}, {"to": "+12025550111"}],
)
def test_another_run_or_recipient_is_another_message(
    vendors: Vendors, airflow_store: Store, other: dict[str, Any]
) -> None:
    for arguments in ({}, other):
        send(**{"context": RUN, **arguments})
    assert len(vendors.ledger()["messages"]) == 2


def test_a_key_of_the_authors_is_sent_once_in_whatever_run(vendors: Vendors, airflow_store: Store) -> None:
    for number in range(3):
        send(f"text {number}", context=run(run_id=f"r{number}"), idempotency_key="invoice-17")
    assert [message["text"] for message in vendors.ledger()["messages"]] == ["text 0"]


def test_a_retry_with_another_text_sends_nothing_more_and_returns_the_first(
    vendors: Vendors, airflow_store: Store
) -> None:
    first, second = send("first", context=RUN), send("second", context=RUN)
    assert second["message_id"] == first["message_id"]
    assert [message["text"] for message in vendors.ledger()["messages"]] == ["first"]


def test_one_key_is_for_one_recipient(vendors: Vendors, airflow_store: Store) -> None:
    send(context=RUN, idempotency_key="invoice-17")
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=r"idempotency_key 'invoice-17': .* for another recipient"):
            send(context=run(run_id="r2"), idempotency_key="invoice-17", to="+12025550111")
    assert send(context=run(run_id="r2"), idempotency_key="invoice-18", to="+12025550111")["to"] == "12025550111"
    assert len(vendors.ledger()["messages"]) == 2


def test_with_resend_a_clear_sends_again_and_a_retry_does_not(vendors: Vendors, airflow_store: Store) -> None:
    for max_tries in (2, 2, 5, 5):  # Airflow raises it when the task is cleared
        send(context=run(max_tries=max_tries), resend=True, retries=2)
    assert len(vendors.ledger()["messages"]) == 2


def test_who_is_suppressed_is_sent_nothing(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.suppressions.add(["12025550110"], "wrote STOP")
    with pytest.raises(AirflowSkipException, match="suppressed"):
        send(context=RUN)
    assert vendors.ledger()["messages"] == []
    airflow_store.suppressions.remove(["12025550110"])
    assert send(context=RUN)["accepted"] is True


def test_nothing_is_sent_if_the_intent_cannot_be_stored(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.sends.counts("makes the tables")
    with airflow_store.database.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE wa_sends")
        connection.commit()
    with pytest.raises(StoreUnavailable):
        send(context=RUN)
    assert not any(vendors.ledger()["requests"].values())


def test_what_was_written_is_kept_unless_the_configuration_forbids_it(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    send("Hello Ana", context=run(run_id="r1"))
    monkeypatch.setenv("AIRFLOW__WA__KEEP_TEXTS", "False")
    stores._store.cache_clear()
    send("Secret", context=run(run_id="r2"))
    found = airflow_store.conversations.of("12025550110", 10)
    assert [(said.text, said.kind, said.status) for said in found] == [
        ("", "", "accepted"), ("Hello Ana", "text", "accepted"),
    ]  # fmt: skip


def test_a_wrong_flag_for_texts_is_named_before_anything_is_sent(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__WA__KEEP_TEXTS", "sometimes")
    stores._store.cache_clear()
    with pytest.raises(AirflowFailException, match=r"\[wa\] keep_texts: 'sometimes' is not allowed; expected True or"):
        send(context=RUN)
    assert not vendors.ledger()["requests"]
