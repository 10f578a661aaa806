# SPDX-License-Identifier: Apache-2.0
"""Operators are shells: they pass their arguments to a runner. The runners here are fakes, and nothing is sent."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, SessionDown, VendorUnavailable
from airflow_provider_wa.operators import chat, check, directory, reports, send, session
from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.provider_info import get_provider_info

RUN = "airflow_provider_wa.operators._run"
CONTEXT: Any = {"ds": "2026-11-21"}

LIST = {
    "input_path": "list.csv", "sql": "SELECT", "sql_conn_id": "db", "column": "mobile", "part": {"of": 2},
        "delimiter": ";",
        "encoding": "cp1252",
    "output_path": "out.csv", "concurrency": 7, "rate_limit": "3/s", "default_region": "PE", "deferrable": True,
    "country_column": "country", "international_without_plus": True, "max_invalid": "10%",
}  # fmt: skip
PERIOD = {"since": "2026-11-20", "until": "2026-11-21", "limit": 5, "output_path": "out.csv"}


@dataclass(frozen=True)
class Case:
    """An operator, the runner that it calls, and the arguments that both get.

    ``items`` is the operator's name for the runner's ``items``; ``method`` what is called of a runner that is a class.
    """

    operator: type[WaOperator]
    runner: str
    arguments: dict[str, Any] = field(default_factory=dict)
    items: str = ""
    method: str = ""
    with_context: bool = False
    not_templated: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[str, Any]:
        """What the runner is to get."""
        return {"items" if name == self.items else name: value for name, value in self.arguments.items()}


LIST_SETTINGS = ("concurrency", "rate_limit", "deferrable", "international_without_plus")
CASES = [
    Case(
        check.WaBulkCheckOperator,
        "check.CheckRunner",
        {
            **LIST, "numbers": ["1"], "carry": ["name"], "max_age": timedelta(days=1), "budget": 9, "resume": False,
            "pending_timeout": 60.0, "poll_interval": 2.0,
        },
        items="numbers",
        method="begin",
        with_context=True,
        not_templated=(*LIST_SETTINGS, "max_age", "budget", "resume", "pending_timeout", "poll_interval"),
    ),
    Case(
        send.WaBulkSendOperator,
        "bulk_send.SendRunner",
        {
            **LIST, "recipients": ["1"], "message": "Hi {{ name }}", "pace": (3, 8), "daily_limit": 100,
            "quiet_hours": ("21:00", "08:00"), "timezone": "America/Lima", "on_hold": "skip", "on_unknown": "resend",
            "idempotency_key": "invoice-{{ n }}", "resend": True, "duplicates": "allow", "cap": (2, 3600),
            "dry_run": True, "only": ["exists"], "raw": True, "files_under": "/m/",
        },
        items="recipients",
        method="run",
        with_context=True,
        not_templated=(
            *LIST_SETTINGS, "pace", "daily_limit", "quiet_hours", "timezone", "on_hold", "on_unknown", "resend",
            "duplicates", "cap", "dry_run", "raw",
        ),
    ),
    Case(
        send.WaSendMessageOperator,
        "send_message.send_message",
        {
            "to": "+51 987", "message": "hello", "message_id": "m1", "idempotency_key": "k", "on_unknown": "skip",
            "resend": True, "international_without_plus": True, "raw": True,
            "files_under": ["/m/"],
        },
        with_context=True,
        not_templated=("on_unknown", "resend", "international_without_plus", "raw"),
    ),
    Case(
        reports.WaPullInboxOperator,
        "reports.pull_inbox",
        {**PERIOD, "after": "m1", "kinds": ["vote"]},
        with_context=True,
        not_templated=("limit",),
    ),
    Case(
        reports.WaPullDeliveryReportOperator,
        "reports.pull_delivery_report",
        PERIOD,
        with_context=True,
        not_templated=("limit",),
    ),
    Case(
        reports.WaReadInboxOperator,
        "reports.read_inbox",
        {"event_ids": [1], "output_path": "out.csv", "kinds": ["vote"]},
        with_context=True,
    ),
    Case(reports.WaMessageStatusOperator, "reports.message_status", {"message_id": ["m1"], "output_path": "o.csv"}),
    Case(directory.WaPullContactsOperator, "directory.contacts", {"output_path": "out.csv"}),
    Case(directory.WaPullGroupsOperator, "directory.groups", {"output_path": "out.csv"}),
    Case(
        directory.WaBalanceOperator,
        "directory.balance",
        {"min_balance": 5, "on_low": "skip"},
        not_templated=("on_low",),
    ),
    Case(session.WaConnectSessionOperator, "session.connect"),
    Case(session.WaDisconnectSessionOperator, "session.disconnect"),
    Case(session.WaLogoutSessionOperator, "session.logout"),
    Case(session.WaQrCodeOperator, "session.qr_code", {"output_path": "qr.png"}),
    Case(session.WaSetWebhookOperator, "session.set_webhook", {"url": "https://x", "events": ["Message"]}),
    Case(
        chat.WaReactOperator,
        "chat.react",
        {"to": "1", "message_id": "m1", "emoji": "x", "own": True, "sender": "2"},
        not_templated=("own",),
    ),
    Case(chat.WaMarkReadOperator, "chat.mark_read", {"message_ids": ["m1"], "chat": "1@g.us", "sender": "2"}),
    Case(
        chat.WaDownloadMediaOperator,
        "chat.download_media",
        {"kind": "image", "reference": {"Url": "x"}, "output_path": "a.png"},
    ),
]  # fmt: skip
BULK = [case for case in CASES if case.method]
SILENT = (session.WaDisconnectSessionOperator, session.WaLogoutSessionOperator, chat.WaMarkReadOperator)
"""Operators that return nothing."""


def operator(case: Case, **changed: Any) -> Any:
    return case.operator(task_id="t", wa_conn_id="my_wa", **{**case.arguments, **changed})


@dataclass
class Runner:
    """A fake runner: a function, or a class whose every method does the same."""

    outcome: Any = None
    built: list[dict[str, Any]] = field(default_factory=list)
    called: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        self.called.append((name, arguments, named))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def build(self, **named: Any) -> Runner:
        self.built.append(named)
        return self

    def __getattr__(self, name: str) -> Any:
        if name not in ("begin", "take_over", "run"):
            raise AttributeError(name)
        return lambda *arguments: self.call(name, *arguments)


def fake(case: Case, monkeypatch: pytest.MonkeyPatch, outcome: Any = None) -> Runner:
    """Put a fake runner in the place of the case's."""
    module, name = case.runner.split(".")
    runner = Runner(outcome)
    in_place = runner.build if case.method else lambda *given, **named: runner.call(name, *given, **named)
    monkeypatch.setattr(importlib.import_module(f"{RUN}.{module}"), name, in_place)
    return runner


every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.operator.__name__)
bulk = pytest.mark.parametrize("case", BULK, ids=lambda case: case.operator.__name__)


def test_every_operator_is_here() -> None:
    modules = [name for group in get_provider_info()["operators"] for name in group["python-modules"]]
    found = {
        value
        for name in modules
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, WaOperator) and value.__module__ == name
    }
    assert found == {case.operator for case in CASES}


@every
def test_the_runner_gets_the_operator_and_all_of_its_arguments(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, made = fake(case, monkeypatch, {"any": 1}), operator(case)
    made.execute(CONTEXT)
    (name, arguments, named) = runner.called[0]
    if case.method:
        assert runner.built == [{"task": made, **case.wanted}]
        assert (name, arguments, named) == (case.method, (CONTEXT,), {})
    else:
        assert arguments == ((made, CONTEXT) if case.with_context else (made,))
        assert named == case.wanted


@every
def test_the_runners_result_is_the_tasks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"count": 1, "items": [{"a": None}]}
    fake(case, monkeypatch, result)
    returned = operator(case).execute(CONTEXT)
    assert returned is (None if case.operator in SILENT else result)
    assert json.loads(json.dumps(returned)) == returned


@every
def test_every_argument_is_templated_but_settings(case: Case) -> None:
    assert set(case.operator.template_fields) == {"wa_conn_id", *case.arguments} - set(case.not_templated)
    # The message and its key may be templates over the rows, which the runner renders.
    later = getattr(case.operator, "row_templates", ())
    values = {name: "{{ x }}" for name in case.operator.template_fields if name not in later}
    made = operator(case, **{name: value for name, value in values.items() if name != "wa_conn_id"})
    made.wa_conn_id = "{{ x }}"
    made.render_template_fields({"x": "rendered"})
    assert {name: getattr(made, name) for name in values} == dict.fromkeys(values, "rendered")


@every
@pytest.mark.parametrize("error", [BadInput("number: too short"), OutcomeUnknown("no reply")], ids=repr)
def test_an_error_that_no_retry_mends_fails_the_task_for_good(
    case: Case, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(case, monkeypatch, error)
    with pytest.raises(AirflowFailException, match=f"{type(error).__name__}: {error}") as failed:
        operator(case).execute(CONTEXT)
    assert failed.value.__cause__ is error


@every
@pytest.mark.parametrize(
    "error",
    [SessionDown("logged out"), VendorUnavailable("502"), AirflowSkipException("low"), ValueError("a bug")],
    ids=repr,
)
def test_another_error_is_left_to_airflow(case: Case, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(case, monkeypatch, error)
    with pytest.raises(type(error)) as raised:
        operator(case).execute(CONTEXT)
    assert raised.value is error


@bulk
def test_a_runner_may_defer_the_task(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    made = operator(case)
    fake(case, monkeypatch, TaskDeferred(trigger="any", method_name="execute_complete"))  # type: ignore[arg-type]
    with pytest.raises(TaskDeferred) as deferred:
        made.execute(CONTEXT)
    assert callable(getattr(made, deferred.value.method_name))


def test_a_check_is_taken_over_from_the_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    case, event = BULK[0], {"status": "success", "carry": {}}
    runner, made = fake(case, monkeypatch, {"total": 1}), operator(BULK[0])
    assert made.execute_complete(CONTEXT, event) == {"total": 1}
    assert runner.built == [{"task": made, **case.wanted}]
    assert runner.called == [("take_over", (event,), {})]
    runner.outcome = BadInput("quota")
    with pytest.raises(AirflowFailException, match="quota"):
        made.execute_complete(CONTEXT, event)
    runner.outcome = SessionDown("logged out")
    with pytest.raises(SessionDown):
        made.execute_complete(CONTEXT, event)


def test_a_bulk_send_goes_through_its_list_again_after_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    runner, made = fake(BULK[1], monkeypatch, {"total": 1}), operator(BULK[1])
    assert made.execute_complete(CONTEXT, None) == {"total": 1}
    so_far = {"began": "2026-11-21T08:00:00+00:00", "clear_ups": 1}
    assert made.execute_complete(CONTEXT, None, so_far=so_far) == {"total": 1}
    assert made.execute_complete(CONTEXT, None, mark={"id": "s"}) == {"total": 1}
    arguments = [(CONTEXT, None, None), (CONTEXT, so_far, None), (CONTEXT, None, {"id": "s"})]
    assert runner.called == [("run", each, {}) for each in arguments]


def test_a_message_object_becomes_a_dict_so_that_its_texts_are_templates() -> None:
    from airflow_provider_wa.api.messages import Text

    made = send.WaSendMessageOperator(task_id="t", wa_conn_id="c", to="1", message=Text("Hi {{ x }}"))
    made.render_template_fields({"x": "Ann"})  # type: ignore[typeddict-unknown-key, typeddict-item]
    assert made.message == {"type": "text", "body": "Hi Ann"}
