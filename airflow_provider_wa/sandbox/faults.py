# SPDX-License-Identifier: Apache-2.0
"""Faults that a test switches on: which kinds there are, what each takes, and which request one is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ANY_VENDOR = "*"


@dataclass
class Fault:
    """One fault: for a vendor (or `*`), for paths that contain `path`, `times` times (None: until cleared)."""

    vendor: str
    kind: str
    path: str = ""
    times: int | None = None
    seconds: float = 0.0
    retry_after: float | None = None
    status: int = 500
    code: str = ""
    enforce: bool = False

    def is_for(self, vendor: str, path: str) -> bool:
        """Say whether a request is one of those that this fault hits."""
        return self.vendor in (ANY_VENDOR, vendor) and self.path in path


def _seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _true(value: Any) -> bool:
    return value is True


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _http_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599


@dataclass(frozen=True)
class Option:
    """A field that a kind takes besides vendor, kind, path and times."""

    name: str
    required: bool
    is_valid: Callable[[Any], bool]
    meaning: str


OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "latency": (Option("seconds", True, _seconds, "a number of seconds"),),
    "rate_limit": (
        Option("retry_after", False, _seconds, "a number of seconds"),
        Option("enforce", False, _true, "true, to bind the rates that Green-API documents"),
    ),
    "server_error": (Option("status", False, (403, 500, 502, 503, 504).__contains__, "403, 500, 502, 503 or 504"),),
    "refuse": (
        Option("code", True, _text, "one of the vendor's codes"),
        Option("status", False, _http_status, "an HTTP status from 200 to 599"),
    ),
    "lost_reply": (),
    "cut": (),
    "cut_body": (),
    "junk": (),
    "html": (Option("status", False, (200, 502).__contains__, "200 or 502"),),
    "logged_out": (),
}
VENDORS_OWN = 0  # of `refuse`: the HTTP status that goes with the code
DEFAULT_STATUS = {"server_error": 500, "html": 502, "refuse": VENDORS_OWN}


def parse_fault(data: Any, vendors: tuple[str, ...], session_vendors: tuple[str, ...]) -> Fault:
    """Read a fault as the control API takes it; ValueError names what is wrong with it."""
    if not isinstance(data, dict):
        raise ValueError("a fault is a JSON object")
    kind, vendor = data.get("kind"), data.get("vendor", ANY_VENDOR)
    if not isinstance(kind, str) or kind not in OPTIONS:
        raise ValueError(f"unknown kind {kind!r}; kinds are {', '.join(OPTIONS)}")
    if not isinstance(vendor, str) or vendor not in (ANY_VENDOR, *vendors):
        raise ValueError(f"unknown vendor {vendor!r}; vendors are * and {', '.join(vendors)}")
    if kind == "logged_out" and vendor not in (ANY_VENDOR, *session_vendors):
        raise ValueError(f"{vendor} has no session to log out")
    path, times = data.get("path") or "", data.get("times")
    if not isinstance(path, str):
        raise ValueError("path is a part of the request's path")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ValueError("times is a whole number from 1 on, or null for always")
    fault = Fault(vendor, kind, path, times, status=DEFAULT_STATUS.get(kind, 500))
    known = {"vendor", "kind", "path", "times"} | {option.name for option in OPTIONS[kind]}
    if extra := sorted(data.keys() - known):
        raise ValueError(f"{kind} takes no {', '.join(extra)}")
    for option in OPTIONS[kind]:
        value = data.get(option.name)
        if value is None:
            if option.required:
                raise ValueError(f"{kind} needs {option.name}: {option.meaning}")
            continue
        if not option.is_valid(value):
            raise ValueError(f"{option.name} of {kind} is {option.meaning}")
        setattr(fault, option.name, value)
    if fault.enforce and times is not None:
        raise ValueError("rates that bind take no times: they bind until cleared")
    return fault


class Faults:
    """The faults that are switched on, in the order of their arrival."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults, each with what is left of its `times` and the options of its kind."""
        shown = []
        for fault in self._faults:
            names = {"vendor", "kind", "path", "times"} | {option.name for option in OPTIONS[fault.kind]}
            shown.append({name: value for name, value in asdict(fault).items() if name in names and value is not False})
        return shown

    def binds_rates(self, vendor: str, path: str) -> bool:
        """Say whether the rates that a vendor documents bind a request."""
        return any(fault.enforce and fault.is_for(vendor, path) for fault in self._faults)

    def take(self, vendor: str, path: str) -> tuple[float, Fault | None]:
        """Use up what a request meets: seconds of latency (they add up) and at most one fault of another kind."""
        seconds, hit = 0.0, None
        for fault in [fault for fault in self._faults if fault.is_for(vendor, path) and not fault.enforce]:
            if fault.kind == "latency":
                seconds += fault.seconds
            elif hit is None:
                hit = fault
            else:
                continue
            self._use(fault)
        return seconds, hit

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self._faults.remove(fault)
