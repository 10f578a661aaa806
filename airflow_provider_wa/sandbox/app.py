# SPDX-License-Identifier: Apache-2.0
"""The sandbox as one Starlette app: five vendors under their prefixes, and the control API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from airflow_provider_wa.sandbox import accuauth, checkwa, control, green_api, wa_portal, wuzapi
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.vendor import VendorApp

VENDOR_TABLE = (wuzapi.VENDOR, wa_portal.VENDOR, green_api.VENDOR, checkwa.VENDOR, accuauth.VENDOR)


def create_app(sandbox: Sandbox | None = None) -> Starlette:
    """Build the app around a sandbox's state; `app.state.sandbox` is that state."""
    state = sandbox or Sandbox()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        state.close()

    mounts = [Mount(vendor.prefix, VendorApp(vendor, state)) for vendor in VENDOR_TABLE]
    app = Starlette(routes=[*mounts, *control.ROUTES], lifespan=lifespan)
    app.state.sandbox = state
    app.state.codes = {vendor.name: vendor.codes for vendor in VENDOR_TABLE}
    return app
