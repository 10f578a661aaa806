# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from helpers.connections import Answers, Connect, assert_no_secret

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply, WaError
from airflow_provider_wa.api.messages import Document, Edit, Media
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.connections.suppression import suppress
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.green_api import GreenApiHook

PATH = "/waInstance1101000001"


@pytest.fixture
def hook(connect: Connect) -> GreenApiHook:
    found = WaHook.for_connection(connect("green_api", password="token-1234"))
    assert isinstance(found, GreenApiHook)
    return found


@pytest.mark.parametrize(
    ("host", "base"),
    [("", "https://api.green-api.com"), ("https://7103.api.greenapi.com/", "https://7103.api.greenapi.com")],
)
def test_calls_go_to_the_instances_own_server_or_the_common_one(
    connect: Connect, answers: Answers, host: str, base: str
) -> None:
    requests = answers({"stateInstance": "authorized"})

    WaHook.for_connection(connect("green_api", host=host, password="token-1234")).session()

    assert [str(request.url) for request in requests] == [f"{base}/waInstance1101000001/getStateInstance/token-1234"]


@pytest.mark.parametrize("field", ["login", "password"])
def test_id_and_token_are_both_needed(connect: Connect, field: str) -> None:
    with pytest.raises(BadInput, match=rf"connection 'my_wa': .* \({field}\): missing"):
        WaHook.for_connection(connect("green_api", **{field: " "}))


def test_id_must_be_a_number(connect: Connect) -> None:
    with pytest.raises(BadInput, match=r"connection 'my_wa': Instance id \(login\): not a number; expected digits"):
        WaHook.for_connection(connect("green_api", login="abc"))


@pytest.mark.parametrize(
    ("extra", "base"),
    [({}, "https://media.green-api.com"), ({"media_url": " https://files.test/v1/ "}, "https://files.test/v1")],
)
def test_files_are_uploaded_to_the_instances_media_url(
    connect: Connect, answers: Answers, extra: dict[str, str], base: str
) -> None:
    requests = answers({"idMessage": "1"})

    WaHook.for_connection(connect("green_api", password="token-1234", **extra)).send(
        "+34666666666", Document(Media(b"%PDF-1.7", filename="bill.pdf"), "for May")
    )

    (request,) = requests
    assert str(request.url) == f"{base}{PATH}/sendFileByUpload/token-1234"
    assert request.headers["content-type"].startswith("multipart/form-data")
    for part in (b'name="chatId"\r\n\r\n34666666666@c.us', b'name="file"; filename="bill.pdf"', b"for May", b"%PDF"):
        assert part in request.content


@pytest.mark.parametrize("url", ["ftp://files.test", "https://", "https://x?y=1", "https://ana:secret@x"])
def test_a_media_url_that_is_none_is_found_with_the_connection(connect: Connect, url: str) -> None:
    with pytest.raises(BadInput, match=r"connection 'my_wa': media_url: (not an http|has credentials)") as caught:
        WaHook.for_connection(connect("green_api", media_url=url))
    assert "secret" not in str(caught.value)


CALLS: dict[str, tuple[Callable[[GreenApiHook], Any], str, Any, Any, Callable[[Any], Any]]] = {
    "checkWhatsapp": (
        lambda hook: hook.check_chat("123456789@lid"), f"POST {PATH}/checkWhatsapp/token-1234",
        {"chatId": "123456789@lid"}, {"existsWhatsapp": True}, lambda it: it.status is CheckStatus.EXISTS,
    ),
    "receiveNotification": (
        lambda hook: hook.receive_notification(20),
        f"GET {PATH}/receiveNotification/token-1234?receiveTimeout=20", None, {"receiptId": 7, "body": {}},
        lambda it: it.receipt_id == 7,
    ),
    "deleteNotification": (
        lambda hook: hook.delete_notification(7), f"DELETE {PATH}/deleteNotification/token-1234/7", None,
        {"result": True}, lambda it: it is True,
    ),
    "getContacts": (
        lambda hook: hook.group_chats(), f"GET {PATH}/getContacts/token-1234", None, [{"id": "1234@g.us"}],
        lambda it: it[0].jid == "1234@g.us",
    ),
    "getGroupData": (
        lambda hook: hook.group("1234@g.us"), f"POST {PATH}/getGroupData/token-1234", {"groupId": "1234@g.us"},
        {"groupId": "1234@g.us", "subject": "Us"}, lambda it: it.name == "Us",
    ),
    "getAvatar": (
        lambda hook: hook.avatar("+34 666 666 666"), f"POST {PATH}/getAvatar/token-1234",
        {"chatId": "34666666666@c.us"}, {"urlAvatar": "https://x"}, lambda it: it.url == "https://x",
    ),
    "getSettings": (
        lambda hook: hook.instance_settings(), f"GET {PATH}/getSettings/token-1234", None,
        {"webhookUrl": "https://x/secret", "webhookUrlToken": "t", "incomingWebhook": "yes"},
        lambda it: it == {"incomingWebhook": "yes"},
    ),
    "setSettings": (
        lambda hook: hook.set_settings({"delaySendMessagesMilliseconds": 500}), f"POST {PATH}/setSettings/token-1234",
        {"delaySendMessagesMilliseconds": 500}, {"saveSettings": True}, lambda it: it is None,
    ),
    "setSettings, no webhook": (
        lambda hook: hook.delete_webhook(), f"POST {PATH}/setSettings/token-1234", {"webhookUrl": ""},
        {"saveSettings": True}, lambda it: it is None,
    ),
    "editMessage": (
        lambda hook: hook.send("+34 666 666 666", Edit("7", "x")), f"POST {PATH}/editMessage/token-1234",
        {"chatId": "34666666666@c.us", "idMessage": "7", "message": "x"}, {"idMessage": "8"},
        lambda it: it.message_id == "8",
    ),
    "forwardMessages": (
        lambda hook: hook.forward("+34 666 666 666", "1234@g.us", ["7"]), f"POST {PATH}/forwardMessages/token-1234",
        {"chatId": "34666666666@c.us", "chatIdFrom": "1234@g.us", "messages": ["7"]}, {"messages": ["8"]},
        lambda it: it[0].message_id == "8",
    ),
    "readChat": (
        lambda hook: hook.mark_read(["7"], "34666666666"), f"POST {PATH}/readChat/token-1234",
        {"chatId": "34666666666@c.us", "idMessage": "7"}, {"setRead": True}, lambda it: it is None,
    ),
    "getChatHistory": (
        lambda hook: hook.chat_history("+34 666 666 666", 5), f"POST {PATH}/getChatHistory/token-1234",
        {"chatId": "34666666666@c.us", "count": 5}, [{"type": "outgoing", "idMessage": "7"}],
        lambda it: it[0].message_id == "7",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "target", "sent", "answer", "is_right"), CALLS.values(), ids=CALLS)
def test_each_typed_method(
    hook: GreenApiHook,
    answers: Answers,
    call: Callable[[GreenApiHook], Any],
    target: str,
    sent: Any,
    answer: Any,
    is_right: Callable[[Any], Any],
) -> None:
    requests = answers(answer)
    assert is_right(call(hook))
    (request,) = requests
    assert f"{request.method} {request.url.raw_path.decode()}" == target
    assert (json.loads(request.content) if request.content else None) == sent


def test_a_message_is_deleted(hook: GreenApiHook, answers: Answers) -> None:
    requests = answers(lambda request: httpx.Response(200))
    hook.delete_message("+34 666 666 666", "7")
    assert json.loads(requests[0].content) == {"chatId": "34666666666@c.us", "idMessage": "7"}


def test_nothing_is_forwarded_to_somebody_who_is_suppressed(hook: GreenApiHook, answers: Answers) -> None:
    requests = answers({"messages": ["8"]})
    suppress("+34666666699")
    with pytest.raises(BadInput, match="suppressed"):
        hook.forward("+34 666 666 699", "1234@g.us", ["7"])
    assert requests == []


def test_a_webhook_that_is_set_already_is_not_set_twice(hook: GreenApiHook, answers: Answers) -> None:
    current = {"webhookUrl": "https://x.test/hook", "incomingWebhook": "yes", "outgoingWebhook": "no"}
    requests = answers(current)
    found = hook.set_webhook("https://x.test/hook", ["incomingMessageReceived"])
    assert found.to_dict() == {"vendor": "green_api", "events": ["incomingWebhook"], "warning": None}
    assert len(requests) == 1


@pytest.mark.parametrize("call", [call for call, *_ in CALLS.values()], ids=CALLS)
def test_no_error_shows_the_token(connect: Connect, answers: Answers, call: Callable[[GreenApiHook], Any]) -> None:
    # The server shows the path that it was asked for.
    answers(lambda request: httpx.Response(200, text=f"no such path: {request.url}"))
    hook = WaHook.for_connection(connect("green_api"))
    assert isinstance(hook, GreenApiHook)
    with pytest.raises(WaError) as caught:
        call(hook)
    assert isinstance(caught.value, (UnexpectedReply, OutcomeUnknown))
    assert_no_secret(caught.value, repr(caught.value), caught.value.raw)
