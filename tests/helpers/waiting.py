# SPDX-License-Identifier: Apache-2.0
"""What the tests of triggers and sensors share: a trigger as a triggerer runs it, and one whose looks are scripted."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from airflow.triggers.base import BaseTrigger
from sqlalchemy import event

from airflow_provider_wa import triggers
from airflow_provider_wa.api.records import CheckStatus, MediaFile
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.checkwa.events import CheckCallback
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

T = TypeVar("T")


def round_trip(trigger: BaseTrigger) -> Any:
    """The trigger as it is in the triggerer: made anew from what was stored of it as JSON."""
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))


async def event_of(trigger: BaseTrigger) -> dict[str, Any]:
    """The one event of a trigger, as a worker gets it."""
    (fired,) = [fired async for fired in round_trip(trigger).run()]
    payload: dict[str, Any] = json.loads(json.dumps(fired.payload))
    return payload


def all_triggers() -> list[type[BaseTrigger]]:
    """Every trigger class of the package that can be made."""
    modules = [
        importlib.import_module(f"{triggers.__name__}.{found.name}")
        for found in pkgutil.iter_modules(triggers.__path__)
    ]
    classes = {
        value
        for module in modules
        for value in vars(module).values()
        # `dict[str, Any]` passes for a class on Python 3.10.
        if issubclass(type(value), type) and issubclass(value, BaseTrigger)
        if value.__module__ == module.__name__
    }
    return sorted((cls for cls in classes if not inspect.isabstract(cls)), key=lambda cls: cls.__name__)


Look = Found | NotYet | Exception | float
"""What a look comes to; a number is how many seconds it takes before the next one of the script is what it comes to."""


class Scripted(WaTrigger):
    """Looks come to what the script says, the last one over and over. ``looks`` are the moments of the looks."""

    expired = "it was not there in time"

    def __init__(self, *script: Look, interval: float = 10.0, deadline: float = 0.0, max_failures: int = 3) -> None:
        super().__init__("some_conn", interval, deadline, max_failures)
        self.script = list(script)
        self.looks: list[float] = []
        self.opened = 0

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        self.opened += 1
        yield Source(look=self._look_by_script, pause=asyncio.sleep)

    async def _look_by_script(self) -> Found | NotYet:
        self.looks.append(asyncio.get_running_loop().time())
        now = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(now, float):
            await asyncio.sleep(now)
            now = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(now, Exception):
            raise now
        assert not isinstance(now, float)
        return now


def call_back(reference: str, status: str = "exists", conn_id: str = "checkwa_default", **more: Any) -> NewEvent:
    """What the receiver stores of a callback: ``picture=True`` is one with a picture in a file."""
    picture = MediaFile(content=reference.encode(), media_type="image/png") if more.pop("picture", False) else None
    record = CheckCallback(
        vendor="checkwa", number="34666666610", status=CheckStatus(status), reference=reference, **more
    )
    told = Event(kind=EventKind.CHECK, record=record, raw={"token": reference}, file=picture)
    file = f"file:///pictures/{reference}.png" if picture else None
    return NewEvent(conn_id=conn_id, vendor="checkwa", event=told, file=file)


async def inline(function: Callable[..., T], *arguments: Any) -> T:
    """In place of ``asyncio.to_thread``, for a loop with virtual time: no thread may run beside that."""
    return function(*arguments)


@contextmanager
def queries(store: Store) -> Iterable[list[str]]:  # type: ignore[misc]
    """The questions that are asked of the store meanwhile."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(" ".join(statement.split()))

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)
