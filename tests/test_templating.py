# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException
from jinja2 import UndefinedError

from airflow_provider_wa.api.messages import Buttons, ContactCard, Image, ListMessage, Location, Media, Poll, Text
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.reports import WaPullInboxOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.sensors.reply import WaReplySensor
from airflow_provider_wa.templating import OutsideText


def dag(native: bool = False, folder: Path | None = None) -> DAG:
    return DAG(
        "d", schedule=None, render_template_as_native_obj=native, template_searchpath=[str(folder)] if folder else None
    )


def rendered(cls: type[Any], name: str, value: Any, context: Any = None, **around: Any) -> Any:
    """Return an argument of an operator of a DAG as it is after rendering."""
    needed = {WaSendMessageOperator: {"to": "1", "message": "m"}, WaBulkSendOperator: {"message": "m"}}.get(cls, {})
    needed = {"sender": "1"} if cls is WaReplySensor else needed
    with dag(**around):
        operator = cls(**{"task_id": "t", "wa_conn_id": "c", **needed, name: value})
    operator.render_template_fields({"seven": 7, "name": "Ann", **(context or {})})
    return getattr(operator, name)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "text", ["482913", "007", "1_000", "1e5", "0x1F", "True", "None", "[1]", "{'a': 1}", "'quoted'"]
)
def test_a_text_stays_the_text_that_it_is(text: str, native: bool) -> None:
    assert rendered(WaSendMessageOperator, "message", text, native=native) == text
    assert rendered(WaSendMessageOperator, "message", "{{ code }}", {"code": text}, native=native) == text
    nested = rendered(WaSendMessageOperator, "message", {"type": "text", "body": text}, native=native)
    assert nested == {"type": "text", "body": text}


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (WaSendMessageOperator, "to"),
        (WaSendMessageOperator, "message"),
        (WaSendMessageOperator, "message_id"),
        (WaSendMessageOperator, "idempotency_key"),
        (WaBulkSendOperator, "idempotency_key"),
        (WaBulkCheckOperator, "input_path"),
        (WaBulkCheckOperator, "column"),
        (WaBulkCheckOperator, "numbers"),
        (WaPullInboxOperator, "since"),
        (WaReplySensor, "pattern"),
        (WaReplySensor, "sender"),
    ],
)
def test_a_number_is_its_text(cls: type[Any], name: str, native: bool) -> None:
    assert rendered(cls, name, 7, native=native) == "7"
    assert rendered(cls, name, "+34666666666", native=native) == "+34666666666"
    if (cls, name) != (WaBulkSendOperator, "idempotency_key"):  # it is rendered with the row
        assert rendered(cls, name, "{{ seven }}", native=native) == "7"


def test_a_limit_stays_a_number() -> None:
    assert rendered(WaBulkCheckOperator, "max_invalid", 0.1) == 0.1


@pytest.mark.parametrize(
    "value", [{"type": "text", "body": "hi"}, ["+34666666666"], datetime(2026, 3, 1, tzinfo=timezone.utc), None, True]
)
def test_with_native_objects_an_expression_alone_gives_its_value(value: Any) -> None:
    assert rendered(WaBulkCheckOperator, "numbers", "{{ value }}", {"value": value}, native=True) == value


@pytest.mark.parametrize("native", [False, True])
def test_a_name_that_is_missing_is_an_error_and_an_empty_text_is_empty(native: bool) -> None:
    with pytest.raises(UndefinedError):
        rendered(WaSendMessageOperator, "message", "{{ nobody }}", native=native)
    # Airflow 3.1 leaves the template in its place.
    assert rendered(WaSendMessageOperator, "idempotency_key", "{{ name[9:] }}", native=native) == ""


def test_a_template_file_is_read_and_a_missing_one_fails_for_good(tmp_path: Path) -> None:
    (tmp_path / "hello.j2").write_text("Hi {{ name }}")
    for cls, text in ((WaSendMessageOperator, "Hi Ann"), (WaBulkSendOperator, "Hi {{ name }}")):
        assert rendered(cls, "message", "hello.j2", folder=tmp_path) == text
        assert rendered(cls, "message", {"body": "hello.j2"}, folder=tmp_path) == {"body": text}
        with pytest.raises(AirflowFailException, match=r"message: there is no template file 'nobody.j2'"):
            rendered(cls, "message", "nobody.j2", folder=tmp_path)


PARAMS = {"params": {"text": "Hola {{ name }}", "spec": {"type": "text", "body": "{{ name }}"}, "code": 482913}}


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("{{ params.text }}", "Hola {{ name }}"),
        (" {{- params['text'] | upper -}} ", "HOLA {{ NAME }}"),
        ("{{ params.spec }}", {"type": "text", "body": "{{ name }}"}),
        ("{{ params.code }}", "482913"),
    ],
)
@pytest.mark.parametrize("native", [False, True])
def test_an_expression_alone_over_params_is_the_row_template(text: str, template: Any, native: bool) -> None:
    found = rendered(WaBulkSendOperator, "message", text, PARAMS, native=native)
    assert found == template
    assert isinstance(found["body"] if isinstance(found, dict) else found, OutsideText)


@pytest.mark.parametrize(
    "text",
    [
        "{{ name }}",
        "{{ ds }}",
        "{{ params.text }}!",
        "{{ params.text ~ name }}",
        "{{ params.text }}{{ params.text }}",
        "{% if params.text %}x{% endif %}",
        "{{ conn.other.password }}",
        "{{ broken",
    ],
)
def test_all_else_is_rendered_for_each_row(text: str) -> None:
    found = rendered(WaBulkSendOperator, "message", text, PARAMS)
    assert found == text
    assert not isinstance(found, OutsideText)


class ToCome:
    """The output of another task, as Airflow has it: only its place is known."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def iter_references(self) -> Any:
        return iter(())

    def resolve(self, context: Any) -> Any:
        return self.value


@pytest.mark.parametrize(
    "message",
    [
        lambda other: Text(other),
        lambda other: Text("hi", mentions=(other,)),
        lambda other: Image(Media(url=other), caption=other),
        lambda other: Location(other, 2, name=other),
        lambda other: ContactCard(other, other),
        lambda other: Poll(other, (other, "no")),
        lambda other: Buttons(other, ()),
        lambda other: ListMessage(other, other, rows=other),
    ],
)
def test_a_message_may_hold_the_output_of_another_task_anywhere(message: Any) -> None:
    values = [
        part
        for cls in (WaSendMessageOperator, WaBulkSendOperator)
        for part in _leaves(rendered(cls, "message", message(ToCome("of a task"))))
    ]
    assert "of a task" in values
    assert not any(isinstance(value, ToCome) for value in values)


def _leaves(value: Any) -> Any:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def test_the_output_of_another_task_is_a_row_template_that_sees_the_row() -> None:
    found = rendered(WaBulkSendOperator, "message", {"body": ToCome("Hi {{ name }}"), "footer": "{{ ds }}"})
    assert found == {"body": "Hi {{ name }}", "footer": "{{ ds }}"}
    assert [isinstance(text, OutsideText) for text in found.values()] == [True, False]
