# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException, BaseHook
from helpers.connections import FIELDS, SECRETS, Answers, Connect, assert_no_secret

from airflow_provider_wa.api.capabilities import (
    CAPABILITIES,
    ChecksNumbers,
    HasBalance,
    HasQrCode,
    HasSession,
    ReportsDelivery,
    SendsMessages,
)
from airflow_provider_wa.api.errors import BadInput, Unauthorized, UnexpectedReply, UnsupportedByVendor
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.api.records import CheckStatus, SessionState
from airflow_provider_wa.connections import settings
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.transport.channel import Channel
from airflow_provider_wa.vendors.base import Vendor, secret
from airflow_provider_wa.vendors.forms import ConnectionForm, Extra
from airflow_provider_wa.vendors.registry import VENDORS

PROBED = {
    "wuzapi": (
        {"code": 200, "success": True, "data": {"Connected": True, "LoggedIn": True}},
        "the token is valid; the WhatsApp session is logged in",
    ),
    "wa_portal": (
        {"status": "success", "data": {"quota": 250, "status": "active"}},
        "the token is valid; 250 messages of credit left",
    ),
    "green_api": ({"stateInstance": "authorized"}, "id and token are valid; the instance is authorized"),
}
"""For each vendor with a free call what it answers to it, and what the user is told."""

UNPROVED = sorted(FORMS.keys() - PROBED.keys())


def stall(hook: WaHook) -> Channel:
    raise AssertionError("a channel was opened")


# ---- which hook


@pytest.mark.parametrize("conn_type", FORMS)
def test_hook_is_that_of_the_connections_type_and_knows_its_fields(connect: Connect, conn_type: str) -> None:
    hook = WaHook.for_connection(connect(conn_type))

    assert type(hook).__module__ == f"airflow_provider_wa.hooks.{conn_type}"
    assert hook.wa_conn_id == "my_wa"
    assert hook.vendor.name == conn_type
    assert hook.settings.password == SECRETS["password"]
    assert hook.endpoint.base_url == FIELDS[conn_type].get("host", FORMS[conn_type].default_host)


def test_connection_that_does_not_exist_is_named() -> None:
    with pytest.raises(AirflowNotFoundException, match="`no_such_wa`"):
        WaHook.for_connection("no_such_wa")


def test_connection_of_a_type_that_no_package_knows_is_refused_with_ours_listed(connect: Connect) -> None:
    with pytest.raises(BadInput) as caught:
        WaHook.for_connection(connect("telegraph", password=SECRETS["password"]))

    assert str(caught.value) == (
        "connection 'my_wa': type 'telegraph' is not that of a WhatsApp vendor; "
        "expected one of accuauth, checkwa, green_api, wa_portal, wuzapi"
    )


@pytest.mark.parametrize("conn_type", ["fs", "http"])
def test_connection_of_another_packages_type_is_refused_with_ours_listed(connect: Connect, conn_type: str) -> None:
    with pytest.raises(
        BadInput, match=f"'my_wa': type '{conn_type}' is not .* accuauth, checkwa, green_api, wa_portal"
    ):
        WaHook.for_connection(connect(conn_type))


def test_connection_is_looked_up_once_and_only_when_it_is_needed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    get_connection = WaHook.get_connection

    def watched(conn_id: str) -> Any:
        looked_up.append(conn_id)
        return get_connection(conn_id)

    monkeypatch.setattr(WaHook, "get_connection", staticmethod(watched))
    hook = WuzApiHook(connect("wuzapi"))
    assert looked_up == []
    assert (hook.vendor, hook.settings, hook.endpoint) == (hook.vendor, hook.settings, hook.endpoint)
    assert looked_up == ["my_wa"]


async def test_on_an_event_loop_the_hook_comes_without_blocking_the_loop(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    get_connection = BaseHook.get_connection

    def watched(conn_id: str) -> Any:
        threads.append(threading.get_ident())
        return get_connection(conn_id)

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(watched))
    hook = await WaHook.afor_connection(connect("green_api"))

    assert hook.vendor.name == "green_api"
    assert threads != [threading.get_ident()]
    assert len(threads) == 1


async def test_many_hooks_at_once_on_an_event_loop(connect: Connect) -> None:
    ids = [connect(conn_type, conn_id=f"wa_{conn_type}") for conn_type in FORMS]

    hooks = await asyncio.gather(*(WaHook.afor_connection(conn_id) for conn_id in ids * 4))

    assert [hook.vendor.name for hook in hooks] == [*FORMS] * 4


async def test_on_an_event_loop_errors_are_the_same(connect: Connect) -> None:
    with pytest.raises(AirflowNotFoundException, match="`no_such_wa`"):
        await WaHook.afor_connection("no_such_wa")
    with pytest.raises(BadInput, match="'my_wa': type 'fs'"):
        await WaHook.afor_connection(connect("fs"))
    with pytest.raises(BadInput, match="'my_wa': User token"):
        await WaHook.afor_connection(connect("wuzapi", password=""))


# ---- a vendor from another package


class Sixth(Vendor):
    name = "sixth"
    errors = ()

    token: str = secret(default="")

    def probe(self) -> Flow[str]:
        yield from self.ask(Request("GET", "/ping"))
        return "pong"

    def error_code(self, reply: Reply) -> str | None:
        return None if reply.status == 200 else "no"


class SixthHook(WaHook):
    form = ConnectionForm(
        "sixth",
        "sixth_vendor.SixthHook",
        "WhatsApp: sixth",
        labels={"host": "URL", "password": "Token"},
        placeholders={},
        own_extras=(Extra("colour", "Colour", "Of the tick"),),
    )

    @classmethod
    def make_vendor(cls, settings: Settings) -> Sixth:
        return Sixth(base_url=settings.base_url)


@pytest.fixture
def sixth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's registry with one more connection type in it, as another package's metadata would have it."""
    try:
        from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime as Registry
    except ImportError:
        from airflow.providers_manager import ProvidersManager as Registry
    package = ModuleType("sixth_vendor")
    package.SixthHook = SixthHook  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sixth_vendor", package)
    entry = SimpleNamespace(
        hook_class_name="sixth_vendor.SixthHook",
        connection_id_attribute_name="wa_conn_id",
        hook_name="WhatsApp: sixth",
        package_name="sixth-vendor",
    )
    monkeypatch.setitem(Registry().hooks, "sixth", entry)  # type: ignore[arg-type]


@pytest.mark.usefixtures("sixth")
def test_vendor_of_another_package_is_found_and_driven_like_ours(connect: Connect, answers: Answers) -> None:
    requests = answers({})
    hook = WaHook.for_connection(connect("sixth", host="https://six.test", password="t-6", colour="blue"))

    assert type(hook) is SixthHook
    assert SixthHook.conn_type == "sixth"
    assert SixthHook().wa_conn_id == "sixth_default"
    assert "get_connection_form_widgets" in SixthHook.__dict__
    assert hook.test_connection() == (True, "pong")
    assert str(requests[0].url) == "https://six.test/ping"
    with pytest.raises(UnsupportedByVendor, match="sixth: this vendor cannot check"):
        hook.check("+34666666666")


def test_subclass_of_a_hook_may_have_its_own_form_methods_and_inherits_the_form_otherwise() -> None:
    class Own(SixthHook):
        form = SixthHook.form

        @classmethod
        def get_ui_field_behaviour(cls) -> dict[str, Any]:
            return {"hidden_fields": ["login"], "relabeling": {}}

    class Plain(SixthHook):
        pass

    assert Own.get_ui_field_behaviour()["hidden_fields"] == ["login"]
    assert (Plain.conn_type, Plain.default_conn_name) == ("sixth", "sixth_default")


# ---- capabilities


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.__name__)
@pytest.mark.parametrize("conn_type", FORMS)
def test_what_a_vendor_cannot_do_is_refused_with_those_that_can(
    connect: Connect, conn_type: str, capability: type[Any]
) -> None:
    vendor = WaHook.for_connection(connect(conn_type)).vendor
    able = sorted(v.name for v in VENDORS if isinstance(WaHook.for_connection(connect(v.name)).vendor, capability))
    hook = WaHook.for_connection(connect(conn_type))

    if isinstance(vendor, capability):
        assert hook.able(capability) == vendor
        return
    with pytest.raises(UnsupportedByVendor) as caught:
        hook.able(capability)
    assert str(caught.value) == (
        f"{conn_type}: this vendor cannot {CAPABILITIES[capability]}; connection types that can: {', '.join(able)}"
    )


@pytest.mark.parametrize(
    ("conn_type", "call", "capability"),
    [
        ("wa_portal", lambda hook: hook.check("+34666666666"), ChecksNumbers),
        ("checkwa", lambda hook: hook.send("+34666666666", "hi"), SendsMessages),
        ("checkwa", lambda hook: hook.session(), HasSession),
        ("accuauth", lambda hook: hook.qr_code(), HasQrCode),
        ("accuauth", lambda hook: hook.message_status("id-1"), ReportsDelivery),
        ("wuzapi", lambda hook: hook.balance(), HasBalance),
    ],
)
def test_methods_refuse_what_the_vendor_cannot_do_before_a_channel_is_opened(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, conn_type: str, call: Any, capability: type[Any]
) -> None:
    monkeypatch.setattr(WaHook, "channel", stall)

    with pytest.raises(UnsupportedByVendor, match=CAPABILITIES[capability]):
        call(WaHook.for_connection(connect(conn_type)))


# ---- the Test button


@pytest.mark.parametrize("conn_type", PROBED)
def test_test_button_proves_the_credentials_by_calls_that_only_read(
    connect: Connect, answers: Answers, conn_type: str
) -> None:
    reply, said = PROBED[conn_type]
    requests = answers(reply)

    assert WaHook.for_connection(connect(conn_type)).test_connection() == (True, said)
    # WuzAPI's server is asked for its version as well.
    assert [request.method for request in requests] == ["GET"] * (2 if conn_type == "wuzapi" else 1)


@pytest.mark.parametrize("conn_type", UNPROVED)
def test_test_button_makes_no_call_where_every_call_costs_credit(
    connect: Connect, answers: Answers, conn_type: str
) -> None:
    requests = answers({})
    ok, said = WaHook.for_connection(connect(conn_type)).test_connection()

    assert ok
    assert "no free call" in said
    assert requests == []


@pytest.mark.parametrize("conn_type", FORMS)
def test_test_button_finds_missing_and_wrong_fields_before_any_call(
    connect: Connect, answers: Answers, conn_type: str
) -> None:
    requests = answers({})
    hook = type(WaHook.for_connection(connect(conn_type)))("my_wa")
    for fields in ({"password": ""}, {"rate_limit": "fast"}, {"host": "ftp://wuz.test"}):
        connect(conn_type, **fields, webhook_secret=SECRETS["webhook_secret"])
        ok, said = hook.test_connection()
        assert not ok
        assert "connection 'my_wa'" in said
        assert_no_secret(said)
    assert requests == []


@pytest.mark.parametrize("conn_type", PROBED)
@pytest.mark.parametrize("status", [401, 403, 404, 500, 502])
def test_test_button_says_what_is_wrong_without_secrets(
    connect: Connect, answers: Answers, conn_type: str, status: int
) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        # A server that shows the credentials in its error, as proxies do.
        token = request.headers.get("token", "")
        return httpx.Response(status, text=f"refused {request.url} {token} {SECRETS['password']}")

    requests = answers(echo)
    ok, said = WaHook.for_connection(connect(conn_type)).test_connection()

    assert requests
    assert not ok
    assert said.startswith(f"{conn_type}: ")
    assert_no_secret(said)


@pytest.mark.parametrize("conn_type", PROBED)
def test_test_button_says_that_the_server_is_down(connect: Connect, answers: Answers, conn_type: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"[Errno 111] Connection refused: {request.url}")

    answers(refuse)
    ok, said = WaHook.for_connection(connect(conn_type)).test_connection()

    assert not ok
    assert "Connection refused" in said
    assert_no_secret(said)


def test_test_button_names_a_connection_that_does_not_exist() -> None:
    ok, said = SixthHook("no_such_wa").test_connection()

    assert not ok
    assert "no_such_wa" in said


# ---- secrets


@pytest.mark.parametrize("conn_type", FORMS)
def test_airflow_is_told_to_mask_every_secret_before_the_connection_is_used(
    connect: Connect, masked: list[str], conn_type: str
) -> None:
    extras = {extra.name for extra in FORMS[conn_type].extras}
    given = {name: value for name, value in SECRETS.items() if name == "password" or name in extras}

    hook = WaHook.for_connection(connect(conn_type, **given))

    assert set(masked) == set(given.values())
    assert set(given.values()) <= set(hook.endpoint.secrets)


def test_secrets_are_masked_even_if_the_connection_is_refused(connect: Connect, masked: list[str]) -> None:
    with pytest.raises(BadInput):
        WaHook.for_connection(connect("wuzapi", host="", webhook_secret=SECRETS["webhook_secret"]))

    assert set(masked) == {SECRETS["password"], SECRETS["webhook_secret"]}


def test_log_records_of_libraries_show_no_secret_once_a_connection_is_read(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    WaHook.for_connection(connect("wuzapi", webhook_secret=SECRETS["webhook_secret"])).endpoint  # noqa: B018
    caplog.set_level("ERROR", "uvicorn.error")
    logging.getLogger("uvicorn.error").error("POST /wa/hooks/crm_records/%s", SECRETS["webhook_secret"])
    assert caplog.messages == ["POST /wa/hooks/crm_records/***"]


@pytest.mark.parametrize("conn_type", FORMS)
def test_representations_show_no_secret(connect: Connect, conn_type: str) -> None:
    extras = {extra.name for extra in FORMS[conn_type].extras}
    given = {name: value for name, value in SECRETS.items() if name in extras}
    hook = WaHook.for_connection(connect(conn_type, **given, callback_base_url="https://af.test"))

    for thing in (hook, hook.settings, hook.vendor, hook.endpoint, hook.connected):
        assert_no_secret(repr(thing), str(thing))


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_errors_of_a_call_hold_no_secret(connect: Connect, answers: Answers, status: int) -> None:
    answers(lambda request: httpx.Response(status, json={"error": f"bad {SECRETS['password']} at {request.url}"}))
    hook = WaHook.for_connection(connect("green_api"))

    with pytest.raises(Exception, match="green_api") as caught:
        hook.session()
    error = caught.value
    assert_no_secret(error, repr(error), error.__dict__, error.__cause__, error.__context__)


def test_log_lines_of_the_http_client_hold_no_secret(connect: Connect, answers: Answers) -> None:
    lines: list[str] = []
    logger, handler = logging.getLogger("httpx"), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        seen = answers({"stateInstance": "authorized"})
        WaHook.for_connection(connect("green_api")).session()
        # What a client of httpx writes for each request, whoever uses it with the same address.
        logger.info('HTTP Request: %s %s "%s"', "GET", seen[0].url, "HTTP/1.1 200 OK")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert "/getStateInstance/***" in str(lines)
    assert_no_secret(lines)


def test_misspelt_extras_are_warned_of_by_name_and_without_their_values(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    log = SimpleNamespace(warning=lambda text, *details: warned.append(text % details))
    monkeypatch.setattr(settings, "log", log)

    WaHook.for_connection(connect("wuzapi", timeout=5))
    assert warned == []
    WaHook.for_connection(connect("wuzapi", time_out=5, hmacsecret=SECRETS["hmac_secret"]))
    (text,) = warned
    assert "'my_wa': unknown extras ['hmacsecret', 'time_out']; known are: hmac_secret, timeout" in text
    assert_no_secret(text)


# ---- work


def test_check_reads_any_spelling_and_answers_in_the_callers_order(connect: Connect, answers: Answers) -> None:
    users = [
        {"Query": digits, "IsInWhatsapp": known, "JID": f"{digits}@s.whatsapp.net"}
        for digits, known in (("51912345678", False), ("34666666666", True))
    ]
    requests = answers({"code": 200, "data": {"Users": users}})
    hook = WaHook.for_connection(connect("wuzapi", default_region="PE"))

    results = hook.check(["+34 666 666 666", "912-345-678"])

    assert [(result.number, result.status) for result in results] == [
        ("34666666666", CheckStatus.EXISTS),
        ("51912345678", CheckStatus.ABSENT),
    ]
    assert len(requests) == 1


@pytest.mark.parametrize("number", ["+34666666666", 34666666666])
def test_check_takes_one_number_as_well(connect: Connect, answers: Answers, number: str | int) -> None:
    answers({"existsWhatsapp": True})

    (result,) = WaHook.for_connection(connect("green_api")).check(number)

    assert (result.number, result.status) == ("34666666666", CheckStatus.EXISTS)


def test_check_asks_nothing_when_one_number_is_wrong(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WaHook, "channel", stall)
    hook = WaHook.for_connection(connect("green_api"))

    for wrong in ("12", "", "no number", "+34 123", "912 345 678"):
        with pytest.raises(BadInput):
            hook.check(["+34666666666", "+51 912 345 678", wrong])


def test_check_of_many_asks_as_many_at_once_as_the_vendor_takes(connect: Connect, answers: Answers) -> None:
    requests = answers({"code": 200, "data": {"Users": []}})
    numbers = [f"+34666666{last:03}" for last in range(120)]

    results = WaHook.for_connection(connect("wuzapi")).check(numbers)

    assert [result.number for result in results] == [number[1:] for number in numbers]
    assert {result.status for result in results} == {CheckStatus.UNKNOWN}
    assert len(requests) == 3


def test_check_of_no_number_asks_nothing(connect: Connect, answers: Answers) -> None:
    requests = answers({})

    assert WaHook.for_connection(connect("green_api")).check([]) == []
    assert requests == []


@pytest.mark.parametrize("message", ["hello", Text("hello")])
def test_send_takes_plain_text_and_a_message(connect: Connect, answers: Answers, message: Any) -> None:
    requests = answers({"code": 200, "data": {"Id": "m-1"}})

    sent = WaHook.for_connection(connect("wuzapi", default_region="PE")).send("912 345 678", message, message_id="m-1")

    assert (sent.to, sent.message_id) == ("51912345678", "m-1")
    assert len(requests) == 1


def test_wrong_recipient_or_text_is_refused_before_any_call(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WaHook, "channel", stall)
    hook = WaHook.for_connection(connect("wuzapi"))

    with pytest.raises(BadInput):
        hook.send("912 345 678", "hello")
    with pytest.raises(BadInput):
        hook.send("+34666666666", "")


def test_run_and_arun_carry_out_a_vendors_flow(connect: Connect, answers: Answers) -> None:
    answers({"stateInstance": "authorized"})
    hook = WaHook.for_connection(connect("green_api"))

    assert hook.run(hook.vendor.session()).state is SessionState.LOGGED_IN  # type: ignore[attr-defined]
    assert hook.session().state is SessionState.LOGGED_IN


async def test_async_channel_takes_its_concurrency_and_rate_from_the_connection_or_the_call(connect: Connect) -> None:
    hook = WaHook.for_connection(connect("green_api", concurrency=3, rate_limit="2/s"))

    own, other = hook.async_channel(), hook.async_channel(concurrency=7, rate=5.0)

    assert (own.endpoint.concurrency, own.endpoint.rate) == (3, 2.0)
    assert (other.endpoint.concurrency, other.endpoint.rate) == (7, 5.0)
    assert own.endpoint.secrets == other.endpoint.secrets != ()


def test_errors_are_the_vendors_and_no_airflow_errors(connect: Connect, answers: Answers) -> None:
    hook = WaHook.for_connection(connect("wuzapi"))
    for status, kind in ((401, Unauthorized), (404, UnexpectedReply)):
        answers({"error": "no"}, status)
        with pytest.raises(kind) as caught:
            hook.session()
        assert not isinstance(caught.value, AirflowException)
