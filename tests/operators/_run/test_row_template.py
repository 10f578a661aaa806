# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Image, Media, Text
from airflow_provider_wa.operators._run.row_template import RowTemplate

ROW: dict[str, Any] = {"phone": "51987654321", "name": "Ann", "first name": "Ann B.", "n": 3, "nothing": None}
CONTEXT = {"ds": "2026-03-01", "params": {"shop": "Tea & Co"}, "name": "of Airflow"}


def rendered(spec: Any, row: Any = None) -> Any:
    return RowTemplate(spec, "message", CONTEXT).render(ROW if row is None else row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Hi {{ name }}", "Hi Ann"),
        ("{{ ds }}, {{ params.shop }}", "2026-03-01, Tea & Co"),
        ('{{ row["first name"] }}', "Ann B."),
        ("{{ n * 2 }}{% if n > 2 %}!{% endif %}", "6!"),
        ("{{ nothing or 'friend' }}", "friend"),
        ("{{ nothing | default('friend', true) }}", "friend"),
        ("{% for i in range(n) %}{{ i }}{% endfor %}", "012"),
        ("{% set greeting = 'Hi' %}{{ greeting }}", "Hi"),
        ("two\nlines\n", "two\nlines\n"),
        ("<b>{{ params.shop }}</b>", "<b>Tea & Co</b>"),
    ],
)
def test_a_text_is_rendered_with_the_row_and_what_airflow_knows(text: str, expected: str) -> None:
    template = RowTemplate(text, "message", CONTEXT)
    template.refuse_unknown(ROW)
    assert template.render(ROW) == expected


def test_texts_are_rendered_at_any_depth_and_all_else_is_left() -> None:
    spec = {
        "type": "buttons",
        "body": "{{ name }}",
        "buttons": [{"text": "{{ n }}"}, {"text": "x"}],
        "n": 5,
        "no": None,
    }
    assert rendered(spec) == {
        "type": "buttons",
        "body": "Ann",
        "buttons": [{"text": "3"}, {"text": "x"}],
        "n": 5,
        "no": None,
    }
    assert rendered(None) is None


def test_a_message_is_a_template_and_its_file_is_not() -> None:
    assert rendered(Text("Hi {{ name }}")) == Text("Hi Ann").to_dict()
    picture = Image(Media(content=b"{{ name }}", filename="{{ name }}.png"), caption="{{ name }}")
    assert rendered(picture)["media"]["content"] == b"{{ name }}"
    assert rendered(picture)["caption"] == "Ann"


def test_what_a_row_holds_is_no_template() -> None:
    assert rendered("{{ name }}", {"name": "{{ ds }} {% raw %}"}) == "{{ ds }} {% raw %}"


def test_names_of_columns_may_be_no_texts() -> None:
    assert rendered("{{ row[1] }}", {1: "one"}) == "one"


@pytest.mark.parametrize(
    "text",
    [
        "{{ missing }}",
        "{{ row.missing }}",
        "{{ nothing }}",
        "Dear {{ row['nothing'] }}",
        "{{ name.missing }}",
        "{{ name + 1 }}",
        "{{ 1 / (n - 3) }}",
        "{{ '%d' % name }}",
        "{{ {}.popitem() }}",
        "{{ name.encode('none such') }}",
        "{{ name.__class__.__mro__ }}",
        "{{ row.update({}) }}",
    ],
)
def test_what_fails_with_a_row_tells_what_and_why(text: str) -> None:
    template = RowTemplate({"body": text}, "message", CONTEXT)
    with pytest.raises(BadInput, match=r"^message: \w+: "):
        template.render(ROW)


def test_a_row_is_not_changed_by_a_template() -> None:
    row = {"names": ["Ann"]}
    with pytest.raises(BadInput):
        rendered("{{ names.append('Bo') }}", row)
    assert row == {"names": ["Ann"]}


@pytest.mark.parametrize("text", ["{{ name", "{% if %}", "{{ name | no_such_filter }}"])
def test_what_is_no_template_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadInput, match=r"^message: "):
        RowTemplate({"parts": [text]}, "message", {})


def test_what_is_neither_a_column_nor_airflows_is_named_before_anything_is_rendered() -> None:
    template = RowTemplate(["{{ nam }} {{ ds }}", {"a": "{{ row.x }}{{ city }}"}], "message", CONTEXT)
    with pytest.raises(BadInput, match=r"^message: there is no column 'city', 'nam'; the list has 'phone', 'name'"):
        template.refuse_unknown({"phone": 1, "name": 2})
    template.refuse_unknown({"phone": 1, "nam": 2, "city": 3})
