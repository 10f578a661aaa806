# SPDX-License-Identifier: Apache-2.0
"""The sandbox as one Starlette app: each vendor under its prefix, the control API, and the phones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from airflow_provider_wa.sandbox import control, phone
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.vendor_app import VendorApp
from airflow_provider_wa.sandbox.vendors import VENDORS


def create_app(sandbox: Sandbox | None = None, vendors: Sequence[SimulatedVendor] = VENDORS) -> Starlette:
    """Build the app of some vendors around their state; `app.state.sandbox` is that state."""
    state = sandbox or Sandbox(vendors)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        state.close()

    mounts = [Mount(vendor.prefix, VendorApp(vendor, state)) for vendor in vendors]
    app = Starlette(routes=[*mounts, *control.ROUTES, *phone.ROUTES], lifespan=lifespan)
    app.state.sandbox = state
    app.state.vendors = {vendor.name: vendor for vendor in vendors}
    return app
