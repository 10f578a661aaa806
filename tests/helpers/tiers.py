# SPDX-License-Identifier: Apache-2.0
"""The three tiers of tests, and the guard that keeps sockets and processes out of the first."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

TIERS = {
    "unit": "no socket, no subprocess: the default",
    "sockets": "talks over loopback to servers of its own process",
    "system": "starts processes: PostgreSQL, Airflow's components, a torture, a benchmark",
}
FIXTURES = {
    "_sandbox": "sockets",
    "vendors": "sockets",
    "shared_server": "sockets",
    "receiver": "sockets",
    "away": "sockets",
    "postgres": "system",
    "fresh_process": "system",
}
"""Fixtures that put a test into a tier without a mark of its own."""

_SOCKETS = ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr")
_PROCESSES = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec")
FORBIDDEN = frozenset([*(f"socket.{name}" for name in _SOCKETS), *_PROCESSES])
"""The audit events of a socket in use and of a process that starts; an event loop's own pair of sockets is neither."""

PLATFORM = ("file", "uname", "/sbin/ldconfig")
"""Programs that the standard library's ``platform`` and ``ctypes`` ask, once, when other packages are imported."""


def assign(items: list[pytest.Item]) -> None:
    """Give each test the mark of one tier: the highest of its marks and fixtures, or ``unit``."""
    tiers = [(item, _tier(item)) for item in items]
    for item, tier in tiers:
        # A mark of the module would select the test in a lower tier as well.
        for node in item.listchain():
            node.own_markers[:] = [mark for mark in node.own_markers if mark.name not in TIERS]
        item.add_marker(tier)


def _tier(item: pytest.Item) -> str:
    marks = [mark.name for mark in item.iter_markers() if mark.name in TIERS]
    fixtures = [FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES]
    return max([*marks, *fixtures], key=list(TIERS).index, default="unit")


class TierError(RuntimeError):
    """A unit test used a socket or started a process."""


class _Guard:
    """Watches the threads that begin while it is on, and the one that switches it on."""

    def __init__(self) -> None:
        self.found: list[str] = []
        # Servers of other tiers, in the background of the same process, may go on.
        self._others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in FORBIDDEN or threading.get_ident() in self._others:
            return
        if event == "subprocess.Popen" and arguments[0] in PLATFORM:
            return
        # Never the whole arguments: a process is given its environment, and that may hold secrets.
        what = arguments[1] if event.startswith("subprocess") else ""
        self.found.append(f"{event} {what}".strip())
        raise TierError(f"a unit test may not use {event}; mark it `sockets` or `system`")


_guard: _Guard | None = None
_installed = False


def guard_of(item: pytest.Item) -> AbstractContextManager[None]:
    """Return the guard that a test runs under: none but in the unit tier."""
    return guarded() if item.get_closest_marker("unit") else nullcontext()


@contextmanager
def guarded() -> Iterator[None]:
    """Refuse sockets and processes, and fail at the end if there were any, even where their refusal was caught.

    :raises TierError: something was refused.
    """
    global _guard, _installed
    if not _installed:
        sys.addaudithook(lambda event, arguments: _guard.see(event, arguments) if _guard else None)
        _installed = True
    _guard = guard = _Guard()
    try:
        yield
    finally:
        _guard = None
    if guard.found:
        raise TierError(f"a unit test used {', '.join(guard.found)}; mark it `sockets` or `system`")
