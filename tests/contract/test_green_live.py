# SPDX-License-Identifier: Apache-2.0
"""Green-API's hook against the sandbox: the webhook, and what is done with messages that exist."""

from __future__ import annotations

import base64

import pytest
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import BadInput, QueueClosed
from airflow_provider_wa.api.messages import Button, Buttons, Edit, Poll
from airflow_provider_wa.api.records import CheckStatus, DeliveryStatus, InboxMessage
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.green_api import GreenApiHook

PERSON, HIDDEN = "51987654321", "51987654308"
URL = "http://127.0.0.1:1/hook"


@pytest.fixture
def hook(vendors: Vendors) -> GreenApiHook:
    found = WaHook.for_connection("green_api_default")
    assert isinstance(found, GreenApiHook)
    return found


def test_a_webhook_is_set_read_back_and_taken_away(hook: GreenApiHook) -> None:
    first = hook.set_webhook(URL)
    assert first.url == URL
    assert {"incomingWebhook", "outgoingWebhook", "stateWebhook", "pollMessageWebhook"} < {*first.events}
    assert "within 5 minutes" in str(first.warning)
    assert hook.set_webhook(URL).warning is None, "it is set already"
    assert hook.set_webhook(URL, ["incomingMessageReceived"]).events == ("incomingWebhook",)
    with pytest.raises(QueueClosed):
        hook.receive_notification()
    hook.delete_webhook()
    assert hook.webhook().url == ""
    assert hook.receive_notification() is None


def test_an_edit_and_a_deletion(vendors: Vendors, hook: GreenApiHook) -> None:
    message_id = hook.send(PERSON, "Hello").message_id
    hook.send(PERSON, Edit(message_id, "Hello again"))
    assert [message["text"] for message in vendors.ledger("green_api")["messages"]] == ["Hello again"]
    hook.delete_message(PERSON, message_id)
    with pytest.raises(BadInput, match="not found"):
        hook.delete_message(PERSON, message_id)


def test_a_history_has_both_ways(vendors: Vendors, hook: GreenApiHook) -> None:
    sent = hook.send(PERSON, Buttons("Coming?", (Button("Yes"), Button("No")))).message_id
    quoting = hook.send(PERSON, Poll("When?", ("Thursday", "Friday"), quoted_id=sent)).message_id
    vendors.control("inbox", vendor="green_api", **{"from": PERSON}, text="Yes")
    rows = hook.chat_history(PERSON)
    assert {row.message_id for row in rows if isinstance(row, DeliveryStatus)} == {sent, quoting}
    assert [row.text for row in rows if isinstance(row, InboxMessage)] == ["Yes"]
    assert vendors.ledger("green_api")["messages"][1]["quoted"] == sent


def test_a_file_that_came_in_is_downloaded_and_forwarded(vendors: Vendors, hook: GreenApiHook) -> None:
    media = base64.b64encode(b"%PDF").decode()
    vendors.control("inbox", vendor="green_api", **{"from": PERSON}, text="For May", media=media, filename="bill.pdf")
    (message,) = hook.inbox()
    file = hook.download("document", message.raw)
    assert (file.content, file.media_type, file.filename) == (b"%PDF", "application/pdf", "bill.pdf")
    hook.mark_read([message.message_id], PERSON)
    (forwarded,) = hook.forward(HIDDEN, PERSON, [message.message_id])
    (sent,) = vendors.ledger("green_api")["messages"]
    assert (sent["message_id"], sent["to"], sent["filename"]) == (forwarded.message_id, HIDDEN, "bill.pdf")


def test_a_hidden_person_is_found_by_number_and_by_lid(hook: GreenApiHook) -> None:
    (by_number,) = hook.check(f"+{HIDDEN}")
    assert by_number.jid is not None
    assert by_number.jid.endswith("@lid")
    by_lid = hook.check_chat(by_number.jid)
    assert (by_lid.status, by_lid.number, by_lid.jid) == (CheckStatus.EXISTS, HIDDEN, by_number.jid)


@pytest.mark.parametrize("state", ["yellowCard", "suspended"])
def test_an_account_that_may_not_send_holds_messages(vendors: Vendors, hook: GreenApiHook, state: str) -> None:
    vendors.control("state", vendor="green_api", state=state)
    message_id = hook.send(PERSON, "Hello").message_id
    assert hook.message_status(message_id, to=PERSON).state.value == "accepted"
    assert hook.session().state.value == "blocked"
