# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from helpers.refusals import refusal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Image, Media, Text
from airflow_provider_wa.operators._run.row_template import RowTemplate
from airflow_provider_wa.templating import OutsideText

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
    template.prove(ROW)
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


class Reaches:
    """A variable of Airflow that reaches further than its own value."""

    password = "secret"


@pytest.mark.parametrize("name", ["params", "conn", "var", "ti", "dag"])
def test_a_template_from_outside_reaches_nothing_of_airflow(name: str) -> None:
    context = {**CONTEXT, "conn": Reaches(), "var": Reaches(), "ti": Reaches(), "dag": None}
    template = RowTemplate(
        {"body": OutsideText(f"{{{{ {name}.password }}}}"), "footer": "{{ conn.password }}"}, "m", context
    )
    with pytest.raises(BadInput, match=f"m: there is no column {name!r}"):
        template.prove(ROW)
    with pytest.raises(BadInput, match=f"m: row has no value for column '{name}"):
        template.render(ROW)


def test_a_template_from_outside_sees_the_row_the_recipient_and_plain_values() -> None:
    text = OutsideText("{{ name }} {{ row['first name'] }} {{ to }} {{ ds }} {{ at.year }}")
    template = RowTemplate([text, "{{ params.shop }}"], "message", {**CONTEXT, "at": date(2026, 3, 1)})
    template.prove(ROW)
    assert template.render(ROW, {"to": "+1"}) == ["Ann Ann B. +1 2026-03-01 2026", "Tea & Co"]


def test_names_of_columns_may_be_no_texts() -> None:
    assert rendered("{{ row[1] }}", {1: "one"}) == "one"


@pytest.mark.parametrize(
    "text",
    [
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
    with pytest.raises(
        BadInput, match=r"^message: there is no column 'city', 'nam', 'x'; the list has 'phone', 'name'"
    ):
        template.prove({"phone": 1, "name": 2})
    template.prove({"phone": 1, "nam": 2, "city": 3, "x": 4})


LISTED: dict[str, Any] = {
    "name": "Ann",
    "blank": "  ",
    "nan": float("nan"),
    "nil": None,
    "price": 2.5,
    "whole": 1234.0,
    "amount": Decimal("10.00"),
    "day": date(2026, 3, 1),
    "address": {"city": "Lima", "street": None, "floor": 3.0, "zip": ""},
    "items": ["tea", "milk"],
    "empty": [],
    "holes": ["tea", None],
    "tags": {"a"},
    "photo": b"\xff\xfe",
    "people": [{"name": "Bo"}, {"name": None}],
    "x": "x",
    "first name": "Ann B.",
}
COLUMNS = [*LISTED, "vip"]


def shown(text: str, row: Any = LISTED, **options: Any) -> str:
    template = RowTemplate(text, "message", CONTEXT, **options)
    template.prove(COLUMNS)
    return str(template.render(row, {"to": "+1", "jid": "1@s.whatsapp.net"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ blank | default('friend') }}", "friend"),
        ("{{ nil | default('friend') }}{{ nan | d('') }}", "friend"),
        ("{{ vip or 'friend' }}", "friend"),
        ("{{ 'VIP' if vip else 'you' }}", "you"),
        ("{% if vip %}VIP {{ vip }}{% else %}you{% endif %}", "you"),
        ("{% if not vip %}you{% endif %}", "you"),
        ("{% if vip is defined %}{{ vip }}{% else %}you{% endif %}", "you"),
        ("{{ address.street | default('the square') }}", "the square"),
        ("{{ vip.city.name | default('no city') }}", "no city"),
        ("{{ row['nil'] | default('-') }}{{ row.vip | default('-') }}", "--"),
        ("{{ '' }}{{ ' ' }}{% set gap = '' %}{{ gap }}", " "),
        ("{{ whole }} {{ price * 2 }} {{ price }} {{ amount }} {{ amount * 2 }}", "1234 5 2.5 10 20"),
        ("{{ 'No. ' ~ whole ~ '/' ~ price * 2 }}", "No. 1234/5"),
        ("{{ '%.2f' | format(price) }} {{ price | round(1) }}", "2.50 2.5"),
        ("{{ day }}", "2026-03-01"),
        ("{{ address.city }} {{ address.floor }}", "Lima 3"),
        ("{{ items | join(', ') }} {{ items[0] }} {{ items | length }}", "tea, milk tea 2"),
        ("{% for item in items %}{{ loop.index }}{{ item }}{% endfor %}", "1tea2milk"),
        ("{{ people[0].name }} {{ address | tojson }}", 'Bo {"city": "Lima", "floor": 3}'),
        ("{{ to }} {{ jid }}", "+1 1@s.whatsapp.net"),
        ("{% macro hi(who) %}{% if who %}Hi {{ who }}{% endif %}{% endmacro %}{{ hi(name) }}{{ hi(vip) }}", "Hi Ann"),
    ],
)
def test_what_rows_have_is_shown_and_what_they_lack_has_the_authors_answer(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "column"),
    [
        *((f"Hello {{{{ {name} }}}},", name) for name in ("vip", "blank", "nan", "nil")),
        ("{{ address.street }}", "address.street"),
        ("{{ address.zip }}", "address.zip"),
        ("{{ vip.city }}", "vip.city"),
        ("{{ nil | upper }}", "nil"),
        ("{{ blank | trim }}", "blank"),
        ("{{ 'Hello ' ~ nil }}", "nil"),
        ("{{ '%s' | format(nil) }}", "nil"),
        ("{{ 'Hello {}'.format(nil) }}", "nil"),
        ("{{ vip ~ '' }}", "vip"),
        ("{{ holes | join(', ') }}", "holes.1"),
        ("{{ people[1].name }}", "people.1.name"),
        ("{% for one in people %}{{ one.name }}{% endfor %}", "people.1.name"),
        ("{{ vip | length }}", "vip"),
        ("{% if vip == 'x' %}x{% endif %}", "vip"),
        ("{% for one in vip %}x{% endfor %}", "vip"),
        ("{{ row['nil'] }}", "nil"),
        ("{{ row.vip }}", "vip"),
        ("{{ nil or vip }}", "vip"),
    ],
)
def test_a_value_that_lacks_fails_the_row_with_its_column(text: str, column: str) -> None:
    with pytest.raises(
        BadInput, match=rf"^message: row has no value for column '{column}'; give the template a default: "
    ):
        shown(text)


def test_the_hint_is_a_template_that_works() -> None:
    with pytest.raises(BadInput, match=r"default: \{\{ row\['first name'\] \| default\('...'\) \}\}$"):
        shown("{{ row['first name'] }}", {})
    assert shown("{{ row['first name'] | default('...') }}", {}) == "..."


@pytest.mark.parametrize("text", ["{{ x | replace('x', '') }}", "{{ empty | join(', ') }}", "{{ x[1:] }}"])
def test_an_expression_that_comes_to_nothing_fails_the_row(text: str) -> None:
    with pytest.raises(BadInput, match=r"^message: the value of '\w+' is empty; give the template a default"):
        shown(text)


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("{{ address }}", "address", "dict"),
        ("{{ items }}", "items", "list"),
        ("{{ items | list }}", "items", "list"),
        ("{{ tags }}", "tags", "list"),
        ("{{ photo }}", "photo", "bytes"),
        ("{{ row }}", "row", "dict"),
        ("{{ 'in ' ~ address }}", "address", "dict"),
        ("{{ '%s' | format(address) }}", "address", "dict"),
        ("{{ 'in {}'.format(items) }}", "items", "list"),
        ("{{ address | string }}", "address", "dict"),
        ("{{ people[0] }}", "people.0", "dict"),
        ("{{ people | join }}", "people.0", "dict"),
        ("{{ items | map('upper') }}", "items", "generator"),
        ("{{ name.upper }}", "name", "builtin_function_or_method"),
    ],
)
def test_nothing_is_printed_whole(text: str, name: str, kind: str) -> None:
    # An expression's own error names the column that it begins with.
    with pytest.raises(BadInput, match=rf"^message: column '{name.partition('.')[0]}.*' holds a {kind}, which is not"):
        shown(text)


@pytest.mark.parametrize("text", ["{{ 'nan' | float }}", "{{ x | float(1e400) }}", "{{ 'Hi ' ~ none }}", "{{ none }}"])
def test_what_is_no_number_or_none_is_refused_as_well(text: str) -> None:
    with pytest.raises(BadInput, match=r"is missing|NameError"):
        shown(text)


def test_a_column_named_row_is_a_column() -> None:
    template = RowTemplate("{{ row }} {{ row | upper }}", "message", CONTEXT)
    template.prove(["row", "name"])
    assert template.render({"row": "a", "name": "b"}) == "a A"
    with pytest.raises(BadInput, match="row has no value for column 'row'"):
        template.render({"name": "b"})


@pytest.mark.parametrize("name", ["to", "jid", "ds", "params", "range", "row"])
def test_a_column_hides_every_other_variable_of_its_name(name: str) -> None:
    template = RowTemplate(f"{{{{ {name} }}}}", "message", CONTEXT)
    template.prove([name, "phone"])
    recipient = {"to": "+1", "jid": "j"}
    assert template.render({name: "mine"}, recipient) == "mine"
    with pytest.raises(BadInput, match=f"row has no value for column '{name}'"):
        template.render({"phone": "1"}, recipient)


@pytest.mark.parametrize(
    "text",
    [
        "{{ nam | default('') }}",
        "{% if nam is defined %}{{ nam }}{% endif %}",
        "{{ row['nam'] | default('') }}",
        "{{ nam.city | d('x') }}",
    ],
)
def test_a_name_that_no_row_has_is_taken_with_the_authors_answer(text: str) -> None:
    assert refusal(shown, text) is None


@pytest.mark.parametrize("text", ["{{ nam }}", "{% if nam %}x{% endif %}", "{{ row['nam'] }}", "{{ row.nam }}"])
def test_without_an_answer_it_is_refused(text: str) -> None:
    with pytest.raises(
        BadInput, match=r"^message: there is no column 'nam'; the list has 'name', .*give it a default$"
    ):
        shown(text)


def test_a_name_of_several_columns_is_refused_if_it_is_used() -> None:
    for text in ("{{ name }}", "{{ name | default('') }}", "{{ row.name }}"):
        with pytest.raises(BadInput, match=r"^message: the list has several columns 'name', so that it is not clear"):
            RowTemplate(text, "message", CONTEXT).prove(["phone"], ["name"])
    RowTemplate("{{ phone }}", "message", CONTEXT).prove(["phone"], ["name"])


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("{{ name }}", {"Name": "Ann"}, "Ann"),
        ("{{ NAME }}", {" name ": "Ann"}, "Ann"),
        ("{{ row.name }}{{ row['first  NAME'] }}", {"Name": "Ann", "First name": "B."}, "AnnB."),
        ("{{ name | default('friend') }}", {"Name": "Ann"}, "Ann"),
        ("{% if name %}{{ name.city }}{% endif %}", {"NAME": {"city": "Lima"}}, "Lima"),
        ("{{ name }}", {"name": "exact", "Name": "other"}, "exact"),
        ("{{ ds }} {{ to }} {{ row.DS }} {{ row.to }}", {"Ds": "column", "To": "me"}, "2026-03-01 +1 column me"),
        ("{{ range(2) | list | length }}", {"Range": "far"}, "2"),
        ("{% for name in row %}{{ name }}{% endfor %}{{ row.name }}", {"Name": "Ann"}, "NameAnn"),
    ],
)
def test_a_name_in_other_capitals_is_the_one_column_that_is_alike(text: str, row: Any, expected: str) -> None:
    template = RowTemplate(text, "message", {"ds": "2026-03-01"})
    template.prove(list(row))
    assert template.render(row, {"to": "+1", "jid": "j"}) == expected


@pytest.mark.parametrize("text", ["{{ name }}", "{{ name | default('') }}", "{{ row.name }}"])
def test_a_name_that_may_be_several_columns_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^message: 'name' may be the column 'NAME' or 'Name'; write its exact name$"):
        RowTemplate(text, "message", {}).prove(["Name", "phone", "NAME"])
    with pytest.raises(BadInput, match=r"^message: the list has several columns 'Name', so"):
        RowTemplate(text, "message", {}).prove(["phone"], ["Name"])


def test_a_row_without_the_column_that_is_meant_fails() -> None:
    for text in ("{{ name }}", "{{ row.name }}"):
        template = RowTemplate(text, "message", {})
        template.prove(["phone", "Name"])
        with pytest.raises(BadInput, match="row has no value for column 'name'"):
            template.render({"phone": "1"})


def test_a_key_has_no_empty_part_not_even_by_an_answer() -> None:
    assert shown("invoice-{{ whole }}", filled=True) == "invoice-1234"
    for text in ("invoice-{{ vip | default('') }}", "{{ vip or '' }}", "a{{ ' ' if vip is defined else '' }}"):
        with pytest.raises(BadInput, match="is empty; give the template a default"):
            shown(text, filled=True)
