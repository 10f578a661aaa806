# SPDX-License-Identifier: Apache-2.0
"""The ASGI app of one simulated vendor."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from airflow_provider_wa.sandbox.fault_injection import Exchange, Panic, cut, inject
from airflow_provider_wa.sandbox.simulated_vendor import Handler, SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox


class VendorApp:
    """Answers as one vendor: counts the request, applies latency and faults, and calls the route's handler."""

    def __init__(self, vendor: SimulatedVendor, sandbox: Sandbox) -> None:
        self.vendor = vendor
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        sandbox, vendor = self.sandbox, self.vendor
        sandbox.ledger.requests[vendor.name] += 1
        seconds, fault = sandbox.settings.latency, None
        if sandbox.faults:
            extra, fault = sandbox.faults.take(vendor.name, scope["path"])
            seconds += extra
        if seconds:
            await sandbox.sleep(seconds)
        if self._exceeds_rate(scope):
            await vendor.rate_limited(None)(scope, receive, send)
        elif fault is None:
            await self.answer(scope, receive, send)
        else:
            await inject(fault, Exchange(vendor, sandbox, self.answer, scope, receive, send))

    def _route(self, scope: Scope) -> str:
        return self.vendor.route_of(scope["path"].removeprefix(scope.get("root_path", "")))

    def _exceeds_rate(self, scope: Scope) -> bool:
        sandbox, vendor = self.sandbox, self.vendor
        if not sandbox.faults.enforces_rates(vendor.name, scope["path"]):
            return False
        route = self._route(scope)
        rate = vendor.rates.get(route)
        return rate is not None and not sandbox.rate_limiter.allow((vendor.name, route), rate, sandbox.clock())

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the vendor does without a fault."""
        request = Request(scope, receive)
        try:
            response = await self._handler(scope)(request, self.sandbox)
        except ClientDisconnect:
            return
        except Panic:
            await cut(scope, receive)
            return
        await response(scope, receive, send)

    def _handler(self, scope: Scope) -> Handler:
        """Return the handler of a request's route, in the generation that the vendor plays."""
        vendor, route = self.vendor, (scope["method"], self._route(scope))
        differing = vendor.generation_routes.get(self.sandbox.generations.get(vendor.name, ""), {})
        return differing.get(route) or vendor.routes.get(route, vendor.not_found)
