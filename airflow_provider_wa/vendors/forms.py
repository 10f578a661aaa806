# SPDX-License-Identifier: Apache-2.0
"""Connection types as data: the fields of a form, and the extras that a type knows.

Airflow 3.3 reads forms from the provider's metadata, 3.1 from methods of the hook, 3.2 from either: all of them are
made here, from one record. Nothing but the standard library is imported: each component of Airflow reads the metadata
at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Extra:
    """One extra of a connection, as a field of its form. ``type`` is a JSON schema type.

    The name of a secret one contains ``secret``, ``token`` or ``password``: Airflow hides values by such names.
    """

    name: str
    label: str
    description: str
    type: str = "string"
    choices: tuple[str, ...] = ()
    default: Any = None
    secret: bool = False

    @property
    def conn_field(self) -> dict[str, Any]:
        """The field in the provider's metadata."""
        schema: dict[str, Any] = {"type": [self.type, "null"]}
        if self.choices:
            schema["enum"] = [*self.choices]
        if self.default is not None:
            schema["default"] = self.default
        if self.secret:
            schema["format"] = "password"
        return {"label": self.label, "description": self.description, "schema": schema}

    @property
    def widget(self) -> Any:
        """The field as Airflow 3.1 and 3.2 take it."""
        # Only Airflow 3.1 and 3.2 ask for this; 3.3 reads the metadata.
        import wtforms  # noqa: PLC0415

        kinds = {"boolean": wtforms.BooleanField, "integer": wtforms.IntegerField}
        kind = wtforms.PasswordField if self.secret else kinds.get(self.type, wtforms.StringField)
        checks = []
        # One module, except for the stand-ins of an Airflow without wtforms: Python 3.10 has them here, 3.11 there.
        for validators in {import_module("wtforms.validators"), wtforms.validators}:
            checks += [validators.Optional(), *([validators.any_of([*self.choices])] if self.choices else [])]
        return kind(self.label, validators=checks, description=self.description, default=self.default)


COMMON_EXTRAS = (
    Extra("timeout", "Timeout", "Seconds to wait for a reply", "integer", default=30),
    Extra("rate_limit", "Rate limit", "Maximum call rate, for example 10/s, 20/m or 1000/h"),
    Extra("concurrency", "Concurrency", "Number of calls that a bulk run makes at once", "integer", default=10),
    Extra("default_region", "Default region", "Country of numbers without + and country code, for example PE"),
    Extra("verify", "Verify TLS", "Check the TLS certificate: true, false, or a CA bundle's path", default="true"),
)
"""Extras of every type."""

WEBHOOK_EXTRAS = (
    Extra("callback_base_url", "Callback base URL", "Public URL of the receiver, for example https://wa.example.com"),
    Extra("webhook_secret", "Webhook secret", "Random text that ends this connection's webhook URL", secret=True),
)


@dataclass(frozen=True)
class ConnectionForm:
    """A connection type: the standard fields that it shows under its own labels, and its extras."""

    conn_type: str
    hook_class: str
    hook_name: str
    labels: Mapping[str, str]
    placeholders: Mapping[str, str]
    own_extras: tuple[Extra, ...] = ()
    default_host: str = ""
    hidden: tuple[str, ...] = field(default=("schema", "port", "extra"))
    posts: bool = True
    """The vendor posts events or answers: the form asks for the receiver's address."""

    @property
    def extras(self) -> tuple[Extra, ...]:
        """The type's own extras, then those that every type takes."""
        return (*self.own_extras, *COMMON_EXTRAS, *(WEBHOOK_EXTRAS if self.posts else ()))

    @property
    def default_conn_id(self) -> str:
        """The connection id of a hook that is made without one."""
        return f"{self.conn_type}_default"

    @property
    def metadata(self) -> dict[str, Any]:
        """The entry under ``connection-types`` in the provider's metadata."""
        return {
            "connection-type": self.conn_type,
            "hook-class-name": self.hook_class,
            "hook-name": self.hook_name,
            "ui-field-behaviour": {
                "hidden-fields": [*self.hidden],
                "relabeling": {**self.labels},
                "placeholders": {**self.placeholders},
            },
            "conn-fields": {extra.name: extra.conn_field for extra in self.extras},
        }

    @property
    def behaviour(self) -> dict[str, Any]:
        """The answer of a hook's ``get_ui_field_behaviour``."""
        return {
            "hidden_fields": [*self.hidden],
            "relabeling": {**self.labels},
            "placeholders": {**self.placeholders},
        }

    @property
    def widgets(self) -> dict[str, Any]:
        """The answer of a hook's ``get_connection_form_widgets``."""
        return {extra.name: extra.widget for extra in self.extras}
