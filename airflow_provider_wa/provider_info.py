# SPDX-License-Identifier: Apache-2.0
"""The provider's metadata, which Airflow reads through the entry point ``apache_airflow_provider``.

Each component of Airflow reads it at its start: nothing heavy may be imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.vendors import accuauth, checkwa, green_api, wa_portal, wuzapi
from airflow_provider_wa.vendors.forms import ConnectionForm

FORMS: Mapping[str, ConnectionForm] = {
    vendor.FORM.conn_type: vendor.FORM for vendor in (wuzapi, wa_portal, green_api, checkwa, accuauth)
}
"""The connection types by name."""

CONFIG: dict[str, Any] = {
    "wa": {
        "description": "Receiver of webhooks and callbacks, in the API server or as ``wa-receiver``; opt-outs; store.",
        "options": {
            "media_path": {
                "description": "Folder for files that come with messages: a path, or an ``ObjectStoragePath`` URI, "
                "with a connection if needed (``s3://my_s3@bucket/wa``). If empty: ``wa_media`` in AIRFLOW_HOME.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "s3://my_s3@bucket/wa",
                "default": "",
            },
            "opt_out_words": {
                "description": "Words to opt out with, separated by commas. A person whose whole message is one of "
                "them, in capitals or not, gets no more messages. If empty, nobody can opt out.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "STOP, UNSUBSCRIBE, BAJA",
                "default": "STOP",
            },
            "receiver_max_body_mb": {
                "description": "Longest body that the receiver accepts, in megabytes of 1,048,576 bytes. WuzAPI and "
                "portals post files within the body.",
                "version_added": "0.1.0",
                "type": "float",
                "example": "25",
                "default": "10",
            },
            "receiver_max_in_flight_mb": {
                "description": "Size of all posts that one process of the receiver holds at once, in megabytes of "
                "1,048,576 bytes. Further posts are answered with 503, and their senders repeat them. A decoded post "
                "may take several times its size.",
                "version_added": "0.1.0",
                "type": "float",
                "example": "64",
                "default": "128",
            },
            "allow_local_store": {
                "description": "Let the store be a SQLite file although the executor may run tasks on other machines. "
                "Only for an installation whose workers, API server and triggerer are all on one machine and use the "
                "same file: elsewhere each worker has a store of its own, and people are messaged again.",
                "version_added": "0.1.0",
                "type": "boolean",
                "example": "True",
                "default": "False",
            },
            "keep_texts": {
                "description": "Keep sent messages in the store: the text of each send, with its buttons "
                "and the name of its file, but not the file. If False, the store knows that a message was sent, "
                "but not its content.",
                "version_added": "0.1.0",
                "type": "boolean",
                "example": "False",
                "default": "True",
            },
        },
    }
}
"""Airflow's configuration section for this provider."""

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
                "how-to-guide": [f"/docs/{name}.md" for name in ("operators", "bulk", "waiting", "notifications")],
                "logo": "/docs/logo/airflow-provider-wa.svg",
                "tags": ["service"],
            }
        ],
        "config": CONFIG,
        "connection-types": [form.metadata for form in FORMS.values()],
        "hooks": _modules("hooks", *(form.hook_class.split(".")[-2] for form in FORMS.values())),
        "operators": _modules("operators", "check", "send", "reports", "chat", "session", "directory"),
        "sensors": _modules("sensors", "session", "check", "callback", "delivery", "reply"),
        "extra-links": [
            f"airflow_provider_wa.links.{name}" for name in ("CampaignLink", "ConversationLink", "QrCodeLink")
        ],
        "notifications": ["airflow_provider_wa.notifications.wa.WaNotifier"],
        "queues": ["airflow_provider_wa.queues.wa.WaMessageQueueProvider"],
        "triggers": _modules("triggers", "session", "check", "callback", "delivery", "reply", "inbox"),
    }
