# SPDX-License-Identifier: Apache-2.0
"""What Airflow is told about this provider, through the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.hooks.forms import FORMS

_INTEGRATION = "WhatsApp"


def _modules(room: str, *names: str) -> list[dict[str, Any]]:
    return [
        {
            "integration-name": _INTEGRATION,
            "python-modules": [f"airflow_provider_wa.{room}.{name}" for name in names],
        }
    ]


def get_provider_info() -> dict[str, Any]:
    """The provider's metadata, as Airflow's ``provider_info.schema.json`` wants it."""
    return {
        "package-name": "airflow-provider-wa",
        "name": "WhatsApp",
        "description": "Verify phone numbers, send messages and follow their delivery over WhatsApp APIs: "
        "WuzAPI, Green-API, CheckWA, AccuAuth and portals of HTTP API 2.0.",
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://www.whatsapp.com/",
                "tags": ["service"],
            }
        ],
        "connection-types": [form.metadata for form in FORMS.values()],
        "hooks": _modules("hooks", *(form.hook_class.split(".")[-2] for form in FORMS.values())),
        "operators": _modules("operators", "check", "send", "reports", "chat", "session", "directory"),
        "sensors": _modules("sensors", "session"),
        "triggers": _modules("triggers", "session"),
    }
