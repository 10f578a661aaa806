# SPDX-License-Identifier: Apache-2.0
"""The portal, "Whatsapp - HTTP API Specification" 2.0.0 (vendor-docs/wa_portal.txt, field-notes.md "Portal").

Every route takes GET and POST, with its parameters in the query, in a form, or in both.
"""

from __future__ import annotations

from airflow_provider_wa.sandbox import portal_account, portal_reports, portal_send
from airflow_provider_wa.sandbox.portal_base import ERRORS, NAME, TOKEN, refuse
from airflow_provider_wa.sandbox.vendor import Vendor

__all__ = ["NAME", "TOKEN", "VENDOR"]

ROUTES = {**portal_send.ROUTES, **portal_reports.ROUTES, **portal_account.ROUTES}


def route_of(path: str) -> str:
    """Return the path in the table for one that ends in the name of a picture."""
    return portal_account.QR_FILES if path.startswith(portal_account.QR_FILES) else path


VENDOR = Vendor(
    NAME,
    "/portal",
    {
        **{(method, path): handler for path, handler in ROUTES.items() for method in ("GET", "POST")},
        ("GET", portal_account.QR_FILES): portal_account.qr_file,
    },
    frozenset(ERRORS),
    refuse,
    route_of=route_of,
)
