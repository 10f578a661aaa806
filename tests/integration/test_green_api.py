# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar

import pytest

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, SessionDown, Unauthorized
from airflow_provider_wa.api.messages import Audio, ContactCard, Document, Image, Location, Media, Poll, Text
from airflow_provider_wa.api.records import CheckStatus, DeliveryState, InboxMessage, SessionState
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.green_api import GreenApiHook

if TYPE_CHECKING:
    from helpers.vendors import Vendors

pytestmark = pytest.mark.sockets

ANA = "51987654321"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)

T = TypeVar("T")


@pytest.fixture
def hook(vendors: Vendors) -> GreenApiHook:
    found = WaHook.for_connection("green_api_default")
    assert isinstance(found, GreenApiHook)
    return found


def eventually(ask: Callable[[], T], is_right: Callable[[T], bool]) -> T:
    """What ``ask`` gives once it is right; each try waits for the vendor's rate limit."""
    for _ in range(10):
        if is_right(found := ask()):
            return found
    raise AssertionError(f"never: {found}")


def test_a_walk_through_the_methods(hook: GreenApiHook, vendors: Vendors) -> None:
    began = datetime.now(timezone.utc) - timedelta(minutes=1)
    assert hook.session().state is SessionState.LOGGED_IN
    with pytest.raises(SessionDown, match="logged in already"):
        hook.qr_code()

    exists, absent = hook.check([f"+{ANA}", "+51987654300"])
    assert (exists.status, absent.status) == (CheckStatus.EXISTS, CheckStatus.ABSENT)
    assert exists.jid == f"{ANA}@c.us"
    assert hook.check_chat(f"{ANA}@c.us").status is CheckStatus.EXISTS

    group = hook.group(hook.group_chats()[0].jid)
    assert group.participants
    messages = [
        Text("Hello"),
        Text("Hello to all"),
        Image(Media(PNG, filename="a.png"), "A picture"),
        Audio(Media(url="https://x.test/a.ogg")),
        Document(Media(b"%PDF-1.7", filename="bill.pdf"), "For May"),
        Location(-12.05, -77.04, "Lima", "A street 1"),
        ContactCard("Rosa", "+51987654305", "Flores"),
        Poll("Which?", ("this", "that")),
    ]
    sent = [hook.send(group.jid if "all" in str(message) else ANA, message) for message in messages]
    assert len({message.message_id for message in sent}) == len(messages)
    first = sent[0]
    kinds = [message["type"] for message in vendors.ledger("green_api")["messages"]]
    assert kinds == ["text", "text", "image", "audio", "document", "location", "contact", "poll"]

    quoting = hook.send(ANA, Text("Again", quoted_id=first.message_id))
    delivered = eventually(
        lambda: hook.message_status(first.message_id, to=first.to), lambda it: it.state is DeliveryState.DELIVERED
    )
    assert delivered.to == ANA
    assert hook.message_status(quoting.message_id).state is not DeliveryState.UNKNOWN
    assert hook.message_status(f"{ANA}/no-such-id").state is DeliveryState.UNKNOWN
    report = hook.delivery_report(since=began)
    assert {row.message_id for row in report} == {message.message_id for message in (*sent, quoting)}
    assert hook.delivery_report(since=began, limit=2) == report[:2]

    vendors.control("inbox", vendor="green_api", **{"from": ANA, "text": "Hi there"})
    vendors.control("inbox", vendor="green_api", **{"from": ANA, "text": "And this"})
    inbox = hook.inbox(since=began)
    assert [message.text for message in inbox] == ["Hi there", "And this"]
    assert inbox[0].sender == ANA
    assert hook.inbox(after=inbox[0].message_id) == inbox[1:]

    received = []
    while (notification := hook.receive_notification()) is not None:
        assert hook.receive_notification() == notification, "it stays until it is deleted"
        received.append(notification)
        assert hook.delete_notification(notification.receipt_id)
        if len([it for it in received if isinstance(it.content, InboxMessage)]) == len(inbox):
            break
    assert [it.content.text for it in received if isinstance(it.content, InboxMessage)] == ["Hi there", "And this"]
    assert hook.delete_notification(received[0].receipt_id) is False

    assert ("Ana Quispe", f"{ANA}@c.us") in {(contact.name, contact.jid) for contact in hook.contacts()}
    assert hook.avatar("51987654303").url

    hook.logout()
    assert hook.session().state is SessionState.LOGGED_OUT
    assert hook.qr_code().png.startswith(b"\x89PNG")
    with pytest.raises(SessionDown):
        hook.check(f"+{ANA}")


def test_a_message_of_a_logged_out_account_waits_in_the_queue(hook: GreenApiHook, vendors: Vendors) -> None:
    hook.logout()
    waiting = hook.send(ANA, "Later")
    assert hook.message_status(waiting.message_id, to=ANA).state is DeliveryState.ACCEPTED


def test_a_used_up_quota_says_how_much_was_used(hook: GreenApiHook, vendors: Vendors) -> None:
    vendors.control("quota", vendor="green_api", left=0)
    with pytest.raises(QuotaExceeded, match=r"\d+ of \d+ used for checkwhatsapp"):
        hook.check(f"+{ANA}")


def test_too_long_a_text_never_leaves(hook: GreenApiHook, vendors: Vendors) -> None:
    with pytest.raises(BadInput, match="text: body: 20001 characters"):
        hook.send(ANA, "x" * 20_001)
    assert vendors.ledger("green_api")["messages"] == []


def test_a_wrong_token_is_told_without_showing_it(vendors: Vendors) -> None:
    vendors.connect("green_api", password="not-the-right-token")
    with pytest.raises(Unauthorized, match="API token was refused") as caught:
        WaHook.for_connection("green_api_default").session()
    assert "not-the-right-token" not in f"{caught.value} {caught.value.raw}"
