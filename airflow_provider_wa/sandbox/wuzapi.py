# SPDX-License-Identifier: Apache-2.0
"""WuzAPI as its newest servers behave (vendor-docs/wuzapi.txt, field-notes.md "WuzAPI")."""

from __future__ import annotations

from airflow_provider_wa.sandbox import (
    wuzapi_actions,
    wuzapi_chat,
    wuzapi_groups,
    wuzapi_media,
    wuzapi_session,
    wuzapi_users,
)
from airflow_provider_wa.sandbox.vendor import Vendor
from airflow_provider_wa.sandbox.wuzapi_base import ERRORS, NAME, TOKEN, refuse

__all__ = ["NAME", "TOKEN", "VENDOR"]

VENDOR = Vendor(
    NAME,
    "/wuzapi",
    {
        **wuzapi_session.ROUTES,
        **wuzapi_users.ROUTES,
        **wuzapi_chat.ROUTES,
        **wuzapi_actions.ROUTES,
        **wuzapi_media.ROUTES,
        **wuzapi_groups.ROUTES,
    },
    frozenset(ERRORS),
    refuse,
    route_of=wuzapi_users.route_of,
)
