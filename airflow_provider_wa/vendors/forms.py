# SPDX-License-Identifier: Apache-2.0
"""The five connection types as data: what their forms show, and which extras they know.

Airflow 3.3 reads forms from the provider's metadata, 3.1 from methods of the hook, 3.2 from either: all of them are
made here, from one table. Nothing of Airflow is imported: the metadata is read at each start of each component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Extra:
    """One extra of a connection, as a field of its form. ``type`` is a JSON schema type.

    A secret one has ``secret``, ``token`` or ``password`` in its name: by that Airflow knows what not to show.
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
        from wtforms import BooleanField, IntegerField, PasswordField, StringField
        from wtforms.validators import Optional, any_of

        kinds = {"boolean": BooleanField, "integer": IntegerField}
        kind = PasswordField if self.secret else kinds.get(self.type, StringField)
        validators = [Optional(), any_of([*self.choices])] if self.choices else [Optional()]
        return kind(self.label, validators=validators, description=self.description, default=self.default)


COMMON_EXTRAS = (
    Extra("timeout", "Time-out", "Seconds to wait for a reply", "integer", default=30),
    Extra("rate_limit", "Rate limit", "At most so many calls, for example 10/s, 20/m or 1000/h"),
    Extra("concurrency", "Concurrency", "How many calls a bulk run makes at once", "integer", default=10),
    Extra("default_region", "Default region", "Country of numbers without + and country code, for example PE"),
    Extra("verify", "Verify TLS", "Check the server's certificate", "boolean", default=True),
    Extra("callback_base_url", "Callback base URL", "The receiver as vendors reach it, such as https://wa.example.com"),
    Extra("webhook_secret", "Webhook secret", "The last part of the receiver's path for this connection", secret=True),
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

    @property
    def extras(self) -> tuple[Extra, ...]:
        """The type's own extras, then those that every type takes."""
        return (*self.own_extras, *COMMON_EXTRAS)

    @property
    def default_conn_id(self) -> str:
        """The connection that a hook takes when none is named."""
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
        """What a hook's ``get_ui_field_behaviour`` returns."""
        return {
            "hidden_fields": [*self.hidden],
            "relabeling": {**self.labels},
            "placeholders": {**self.placeholders},
        }

    @property
    def widgets(self) -> dict[str, Any]:
        """What a hook's ``get_connection_form_widgets`` returns."""
        return {extra.name: extra.widget for extra in self.extras}


_HOOKS = "airflow_provider_wa.hooks"

FORMS: Mapping[str, ConnectionForm] = {
    form.conn_type: form
    for form in (
        ConnectionForm(
            "wuzapi",
            f"{_HOOKS}.wuzapi.WuzApiHook",
            "WhatsApp: WuzAPI",
            labels={"host": "Server URL", "password": "User token"},
            placeholders={"host": "https://wuzapi.example.com:8080", "password": "the user's token"},
            own_extras=(
                Extra("admin_token", "Admin token", "For calls that manage the server's users", secret=True),
                Extra("hmac_secret", "HMAC key", "Proves that a webhook comes from this server", secret=True),
            ),
            hidden=("schema", "port", "login", "extra"),
        ),
        ConnectionForm(
            "wa_portal",
            f"{_HOOKS}.wa_portal.WaPortalHook",
            "WhatsApp: portal (HTTP API 2.0)",
            labels={"host": "Portal URL", "password": "Instance token"},
            placeholders={"host": "https://portal.example.com", "password": "instance id, API key or access token"},
            own_extras=(Extra("timezone", "Time zone", "Of the dates in reports", default="Asia/Kolkata"),),
            hidden=("schema", "port", "login", "extra"),
        ),
        ConnectionForm(
            "green_api",
            f"{_HOOKS}.green_api.GreenApiHook",
            "WhatsApp: Green-API",
            labels={"host": "API URL (apiUrl)", "login": "Instance id", "password": "API token"},
            placeholders={
                "host": "https://api.green-api.com",
                "login": "idInstance, for example 1101000001",
                "password": "apiTokenInstance",
            },
            own_extras=(Extra("media_url", "Media URL", "mediaUrl of the instance, for uploads"),),
            default_host="https://api.green-api.com",
        ),
        ConnectionForm(
            "checkwa",
            f"{_HOOKS}.checkwa.CheckWaHook",
            "WhatsApp: CheckWA",
            labels={"host": "Server URL", "login": "User", "password": "API key"},
            placeholders={"host": "https://w2.checkwa.com", "login": "the API user", "password": "the API key"},
            own_extras=(
                Extra(
                    "mode",
                    "Mode",
                    "queue: the result comes by callback; sync: the server answers at once",
                    choices=("queue", "sync"),
                    default="queue",
                ),
            ),
            default_host="https://w2.checkwa.com",
        ),
        ConnectionForm(
            "accuauth",
            f"{_HOOKS}.accuauth.AccuAuthHook",
            "WhatsApp: AccuAuth",
            labels={"host": "API URL", "login": "API id", "password": "API secret"},
            placeholders={
                "host": "https://cloudapi.peru.accuauth.com",
                "login": "X-DF-API-ID",
                "password": "X-DF-API-SECRET",
            },
            own_extras=(
                Extra("path", "Path", "The endpoint's path", default="/check/whatsapp_advanced"),
                Extra("encoding", "Encoding", "Of the request's body", choices=("json", "form"), default="json"),
            ),
            default_host="https://cloudapi.peru.accuauth.com",
        ),
    )
}
"""The connection types by name."""
