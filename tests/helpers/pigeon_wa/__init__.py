# SPDX-License-Identifier: Apache-2.0
"""A vendor of another package, as CONTRIBUTING.md describes one: its connection type."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "pigeon",
    "pigeon_wa.hook.PigeonHook",
    "WhatsApp: Pigeon",
    labels={"host": "Server URL", "password": "Token"},
    placeholders={"host": "https://pigeon.example.com", "password": "token of the account"},
    own_extras=(Extra("breed", "Breed", "Kind of pigeon that carries messages", default="homing"),),
    hidden=("schema", "port", "login", "extra"),
)


def get_provider_info() -> dict[str, Any]:
    """Return the metadata by which Airflow knows the connection type."""
    return {
        "package-name": "pigeon-wa",
        "name": "Pigeon",
        "description": "A vendor of WhatsApp messages for tests",
        "versions": ["0.1"],
        "connection-types": [FORM.metadata],
    }
