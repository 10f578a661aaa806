# SPDX-License-Identifier: Apache-2.0
"""The routes by which other generations of WuzAPI differ from version 1.0.6."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_wa.sandbox.replies import plain_not_found
from airflow_provider_wa.sandbox.simulated_vendor import Handler, Routes
from airflow_provider_wa.sandbox.wuzapi import history, interactive, session, subscriptions, users
from airflow_provider_wa.sandbox.wuzapi.account import ANSWERS, DOCUMENT
from airflow_provider_wa.sandbox.wuzapi.chat import Send, sender

_GONE: Handler = plain_not_found

_ANSWERS: Routes = {
    ("POST", "/chat/send/buttons"): sender("buttons", Send(read=interactive.old_buttons)),
    ("POST", "/chat/send/list"): sender("list", Send(read=interactive.old_list)),
}

_LATER = (
    *(("POST", f"/chat/send/{kind}") for kind in ("buttons", "list", "poll", "edit")),
    ("POST", "/chat/delete"),
    ("POST", "/session/pairphone"),
    ("PUT", "/webhook"),
    ("DELETE", "/webhook"),
    ("POST", "/chat/downloadsticker"),
    ("GET", "/health"),
    *((method, "/session/hmac/config") for method in ("GET", "POST", "DELETE")),
    *history.ROUTES,
    ("POST", "/user/avatar"),
    ("POST", "/user/block"),
    ("POST", "/user/unblock"),
    ("GET", f"{users.LID}*"),
)

_DOCUMENT: Routes = {
    **dict.fromkeys(_LATER, _GONE),
    ("POST", "/chat/send/template"): sender("template", Send(read=interactive.template)),
    ("GET", "/session/status"): session.old_status,
    ("GET", "/user/avatar"): users.old_avatar,
    ("POST", "/webhook"): subscriptions.set_old_webhook,
}

GENERATION_ROUTES: Mapping[str, Routes] = {ANSWERS: _ANSWERS, DOCUMENT: _DOCUMENT}
"""Routes by generation."""
