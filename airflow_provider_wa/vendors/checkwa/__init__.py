# SPDX-License-Identifier: Apache-2.0
"""CheckWA: checks whether numbers are on WhatsApp."""

from __future__ import annotations

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "checkwa",
    "airflow_provider_wa.hooks.checkwa.CheckWaHook",
    "WhatsApp: CheckWA",
    labels={"host": "Server URL", "login": "User", "password": "API key"},
    placeholders={"host": "https://w2.checkwa.com", "login": "API user", "password": "API key of the user"},
    own_extras=(
        Extra(
            "mode",
            "Mode",
            "queue: the server calls back with the result; sync: it answers at once",
            choices=("queue", "sync"),
            default="queue",
        ),
    ),
    default_host="https://w2.checkwa.com",
)
"""The connection type."""
