# SPDX-License-Identifier: Apache-2.0
"""Drives flows over either channel, so that a test is written once for both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Sleep, Step
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint
from airflow_provider_wa.transport.drive import adrive, drive
from airflow_provider_wa.transport.limiter import RateLimiter
from airflow_provider_wa.vendors.base import ErrorRule, Vendor, secret

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Tiny(Vendor):
    """A vendor with one call. A reply other than 200 is an error; its code is the value under ``error``."""

    name: ClassVar[str] = "tiny"
    errors: ClassVar[tuple[ErrorRule, ...]] = ()

    base_url: str = ""
    token: str = secret("")

    def error_code(self, reply: Reply) -> str | None:
        return None if reply.status == 200 else str(reply.object.get("error", ""))

    def probe(self) -> Flow[str]:
        yield from self.call(Effect.READ)
        return "fine"

    def call(self, effect: Effect, method: str = "POST", path: str = "/call", **options: Any) -> Flow[dict[str, Any]]:
        reply = yield from self.ask(Request(method, path, effect, **options))
        return reply.object


@dataclass
class Ended(Generic[T]):
    """How a flow ended, after how long, with how many calls, and what sleeps it asked for."""

    value: T | None = None
    error: WaError | None = None
    calls: int = 0
    seconds: float = 0.0
    sleeps: list[Sleep] = field(default_factory=list)

    @property
    def kind(self) -> type[WaError] | None:
        return type(self.error) if self.error else None


class _SkipSleeps:
    """Notes a flow's sleeps instead of sleeping."""

    def __init__(self, *args: Any, on_sleep: Callable[[Sleep], object], **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_sleep = on_sleep

    def skips(self, step: Step) -> bool:
        if isinstance(step, Sleep):
            self._on_sleep(step)
        return isinstance(step, Sleep)


class _Channel(_SkipSleeps, Channel):
    def carry_out(self, step: Step) -> Reply | WaError | None:
        return None if self.skips(step) else super().carry_out(step)


class _AsyncChannel(_SkipSleeps, AsyncChannel):
    async def carry_out(self, step: Step, *args: Any) -> Reply | WaError | None:
        return None if self.skips(step) else await super().carry_out(step, *args)


@dataclass(frozen=True)
class Driver:
    """Calling it drives a flow to its end over a channel of its own; a bug in the flow goes through.

    A flow's sleeps are skipped, unless they are ``real``; ``on_sleep`` is called for each that is skipped.
    """

    kind: Literal["sync", "async"]

    def __call__(
        self,
        flow: Flow[T],
        endpoint: Endpoint | str,
        *,
        limiter: RateLimiter | None = None,
        transport: Any = None,
        real_sleeps: bool = False,
        on_sleep: Callable[[Sleep], object] = lambda sleep: None,
    ) -> Ended[T]:
        endpoint = Endpoint(endpoint, timeout=5) if isinstance(endpoint, str) else endpoint
        ended: Ended[T] = Ended()

        def slept(sleep: Sleep) -> None:
            ended.sleeps.append(sleep)
            on_sleep(sleep)

        def sync() -> T:
            channel = Channel(endpoint, limiter, transport) if real_sleeps else _Channel(
                endpoint, limiter, transport, on_sleep=slept
            )  # fmt: skip
            with channel:
                try:
                    return drive(flow, channel)
                finally:
                    ended.calls = channel.calls

        async def on_loop() -> T:
            channel = AsyncChannel(endpoint, limiter, transport) if real_sleeps else _AsyncChannel(
                endpoint, limiter, transport, on_sleep=slept
            )  # fmt: skip
            async with channel:
                try:
                    return await adrive(flow, channel)
                finally:
                    ended.calls = channel.calls

        began = time.monotonic()
        try:
            ended.value = sync() if self.kind == "sync" else asyncio.run(on_loop())
        except WaError as error:
            ended.error = error
        ended.seconds = time.monotonic() - began
        return ended
