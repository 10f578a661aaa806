# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.vendors.forms import ConnectionForm
from airflow_provider_wa.vendors.registry import VENDORS

pytestmark = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())

STANDARD_FIELDS = {"host", "schema", "port", "login", "password", "extra"}


def hook_class(form: ConnectionForm) -> type[WaHook]:
    module, _, name = form.hook_class.rpartition(".")
    found: type[WaHook] = getattr(import_module(module), name)
    return found


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Airflow's service behind the connection form, and what it puts into ``sys.modules`` undone afterwards."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
    from airflow.providers_manager import ProvidersManager

    if hasattr(type(ProvidersManager), "_instances"):
        # Airflow 3.1 reads the hooks' widgets but once, and an earlier test may have let it do so without wtforms.
        monkeypatch.setattr(type(ProvidersManager), "_instances", {})
        monkeypatch.setattr(ProvidersManager, "_initialized", False)
    for name in ("wtforms", "flask_babel", "flask_appbuilder"):
        for part in ("", ".csrf", ".fields", ".fields.simple", ".validators", ".fieldwidgets"):
            if name + part not in sys.modules:
                monkeypatch.setitem(sys.modules, name + part, None)
                monkeypatch.delitem(sys.modules, name + part)
    return HookMetaService


@pytest.fixture(params=["attribute", "module"])
def wtforms(monkeypatch: pytest.MonkeyPatch, service: Any, request: pytest.FixtureRequest) -> None:
    """Stand-ins for ``wtforms``: Airflow's own, with which the API server reads the widgets of a hook.

    Without wtforms Airflow puts them into the attribute ``validators`` on Python 3.10, and later into the module of
    that name, while the other one is a mock without meaning.
    """
    module, validators, other = ModuleType("wtforms"), ModuleType("wtforms.validators"), MagicMock()
    for kind in ("BooleanField", "IntegerField", "PasswordField", "StringField"):
        setattr(module, kind, getattr(service, f"Mock{kind}"))
    validators.Optional, validators.any_of = service.MockOptional, service.MockEnum  # type: ignore[attr-defined]
    in_attribute, in_module = (validators, other) if request.param == "attribute" else (other, validators)
    module.validators = in_attribute  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wtforms", module)
    monkeypatch.setitem(sys.modules, "wtforms.validators", in_module)


def comparable(field: dict[str, Any]) -> dict[str, Any]:
    """What of a field the user sees, out of the UI's own format."""
    schema = field["schema"]
    return {
        "label": schema["title"],
        "description": field["description"],
        "value": field["value"],
        "type": list(schema["type"]),
        "choices": schema.get("enum"),
        "format": schema.get("format"),
    }


def declared(form: ConnectionForm) -> dict[str, dict[str, Any]]:
    """The same, out of the provider's metadata."""
    return {
        name: {
            "label": field["label"],
            "description": field["description"],
            "value": field["schema"].get("default"),
            "type": field["schema"]["type"],
            "choices": field["schema"].get("enum"),
            "format": field["schema"].get("format"),
        }
        for name, field in form.metadata["conn-fields"].items()
    }


def test_type_is_a_vendor_and_fits_into_airflows_field_names(form: ConnectionForm) -> None:
    assert form.conn_type in {vendor.name for vendor in VENDORS}
    # Airflow splits extra__<type>__<field>, and URIs turn _ into - and back.
    assert "__" not in form.conn_type
    assert "-" not in form.conn_type


def test_hook_is_of_the_type_that_the_metadata_says(form: ConnectionForm) -> None:
    hook = hook_class(form)

    assert hook.form is form
    assert hook.conn_type == form.metadata["connection-type"]
    assert hook.hook_name == form.metadata["hook-name"]
    assert hook.default_conn_name == f"{form.conn_type}_default"
    assert hook().wa_conn_id == hook.default_conn_name
    assert f"{hook.__module__}.{hook.__qualname__}" == form.metadata["hook-class-name"]


def test_every_visible_standard_field_has_a_label_and_the_others_are_hidden(form: ConnectionForm) -> None:
    behaviour = form.metadata["ui-field-behaviour"]

    assert set(behaviour["hidden-fields"]) | set(behaviour["relabeling"]) == STANDARD_FIELDS
    assert not set(behaviour["hidden-fields"]) & set(behaviour["relabeling"])
    assert set(behaviour["placeholders"]) == set(behaviour["relabeling"])


def test_host_that_may_be_left_out_is_its_own_placeholder(form: ConnectionForm) -> None:
    if form.default_host:
        assert form.placeholders["host"] == form.default_host
    else:
        assert "example.com" in form.placeholders["host"]


def test_secret_extras_are_password_fields_that_airflow_hides_by_their_names(form: ConnectionForm) -> None:
    from airflow.providers.common.compat.sdk import redact

    for extra in form.extras:
        assert (extra.conn_field["schema"].get("format") == "password") is extra.secret
        assert ("value-1" not in str(redact({extra.name: "value-1"}))) is extra.secret


def test_extras_have_different_names_and_say_what_they_are(form: ConnectionForm) -> None:
    names = [extra.name for extra in form.extras]

    assert len(set(names)) == len(names)
    assert not STANDARD_FIELDS & set(names)
    assert all(extra.label and extra.description for extra in form.extras)


def test_defaults_are_what_their_fields_take(form: ConnectionForm) -> None:
    types = {"string": str, "integer": int, "boolean": bool}
    for extra in form.extras:
        if extra.default is not None:
            assert type(extra.default) is types[extra.type]
            assert not extra.choices or extra.default in extra.choices


def test_a_choice_can_be_left_open_without_a_null_among_the_choices(form: ConnectionForm) -> None:
    for extra in form.extras:
        schema = extra.conn_field["schema"]
        assert "null" in schema["type"]
        assert None not in schema.get("enum", [])


@pytest.mark.skipif(version("apache-airflow") == "3.1.1", reason="Airflow 3.1.1 shows no extras without wtforms")
def test_the_ui_is_told_the_whole_form(form: ConnectionForm, service: Any) -> None:
    (told,) = [meta for meta in service.hook_meta_data() if meta.connection_type == form.conn_type]
    fields = {name: comparable(_dumped(field)) for name, field in (told.extra_fields or {}).items()}

    assert told.hook_name == form.hook_name
    assert fields == declared(form)
    assert list(fields) == list(declared(form))
    shown = told.standard_fields.model_dump()
    for name in STANDARD_FIELDS - {"extra"}:
        field = shown["url_schema" if name == "schema" else name]
        assert field == {
            "hidden": name in form.hidden,
            "title": form.labels.get(name),
            "placeholder": form.placeholders.get(name),
        }


@pytest.mark.usefixtures("wtforms")
def test_widgets_of_older_airflow_are_the_fields_of_the_metadata(form: ConnectionForm) -> None:
    widgets = hook_class(form).get_connection_form_widgets()

    assert {name: comparable(_dumped(widget.param)) for name, widget in widgets.items()} == declared(form)
    assert list(widgets) == list(declared(form))


def test_older_airflow_finds_the_methods_in_the_hook_itself(form: ConnectionForm) -> None:
    # It looks into the class's own __dict__ and takes no notice of what is inherited.
    methods = hook_class(form).__dict__

    assert {"get_connection_form_widgets", "get_ui_field_behaviour"} <= methods.keys()


def test_field_behaviour_of_older_airflow_is_that_of_the_metadata(form: ConnectionForm) -> None:
    behaviour, metadata = hook_class(form).get_ui_field_behaviour(), form.metadata["ui-field-behaviour"]

    assert behaviour == {name.replace("-", "_"): value for name, value in metadata.items()}


def _dumped(field: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = field if isinstance(field, dict) else field.dump()
    return dumped


def test_a_form_asks_for_the_receivers_address_where_the_vendor_posts_something(form: ConnectionForm) -> None:
    asked = {"webhook_secret", "callback_base_url"} & set(form.metadata["conn-fields"])
    assert len(asked) == (0 if form.conn_type == "accuauth" else 2)


def test_the_path_of_a_ca_bundle_fits_into_the_form(form: ConnectionForm) -> None:
    assert form.metadata["conn-fields"]["verify"]["schema"] == {"type": ["string", "null"], "default": "true"}
