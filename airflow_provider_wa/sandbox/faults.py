# SPDX-License-Identifier: Apache-2.0
"""Faults that a test switches on: their kinds, the options of each kind, and the requests that one applies to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ANY_VENDOR = "*"


@dataclass
class Fault:
    """One fault of a vendor (or `*`), for requests whose path contains `path`, `times` times (None: until cleared)."""

    vendor: str
    kind: str
    path: str = ""
    times: int | None = None
    seconds: float = 0.0
    retry_after: float | None = None
    status: int = 500
    code: str = ""
    enforce: bool = False

    def applies_to(self, vendor: str, path: str) -> bool:
        """Return True if the fault is for this request."""
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
    """A field of a kind of fault besides vendor, kind, path and times; `meaning` names the accepted values."""

    name: str
    required: bool
    is_valid: Callable[[Any], bool]
    meaning: str


OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "latency": (Option("seconds", True, _seconds, "a number of seconds"),),
    "rate_limit": (
        Option("retry_after", False, _seconds, "a number of seconds"),
        Option("enforce", False, _true, "true, to apply the rates that the vendor documents"),
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
STATUS_OF_CODE = 0  # of `refuse`: the HTTP status that the vendor uses with the code
DEFAULT_STATUS = {"server_error": 500, "html": 502, "refuse": STATUS_OF_CODE}


def parse_fault(data: Any, vendors: tuple[str, ...], session_vendors: tuple[str, ...]) -> Fault:
    """Read a fault from the JSON of the control API; ValueError names the field that is wrong."""
    if not isinstance(data, dict):
        raise ValueError("body: wrong type; expected a JSON object")
    kind, vendor = data.get("kind"), data.get("vendor", ANY_VENDOR)
    if not isinstance(kind, str) or kind not in OPTIONS:
        raise ValueError(f"kind: unknown kind {kind!r}; expected one of {', '.join(OPTIONS)}")
    if not isinstance(vendor, str) or vendor not in (ANY_VENDOR, *vendors):
        raise ValueError(f"vendor: unknown vendor {vendor!r}; expected * or one of {', '.join(vendors)}")
    if kind == "logged_out" and vendor not in (ANY_VENDOR, *session_vendors):
        raise ValueError(f"vendor: {vendor} has no session to log out; expected one of {', '.join(session_vendors)}")
    path, times = data.get("path") or "", data.get("times")
    if not isinstance(path, str):
        raise ValueError("path: not a string; expected a part of the request's path")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ValueError("times: not a count; expected a whole number from 1, or null for always")
    fault = Fault(vendor, kind, path, times, status=DEFAULT_STATUS.get(kind, 500))
    known = {"vendor", "kind", "path", "times"} | {option.name for option in OPTIONS[kind]}
    if extra := sorted(data.keys() - known):
        raise ValueError(f"{extra[0]}: not an option of {kind}; expected one of {', '.join(sorted(known))}")
    for option in OPTIONS[kind]:
        value = data.get(option.name)
        if value is None:
            if option.required:
                raise ValueError(f"{option.name}: missing, {kind} needs it; expected {option.meaning}")
            continue
        if not option.is_valid(value):
            raise ValueError(f"{option.name}: not accepted by {kind}; expected {option.meaning}")
        setattr(fault, option.name, value)
    if fault.enforce and times is not None:
        raise ValueError("times: not accepted with enforce; documented rates apply until the fault is cleared")
    return fault


class Faults:
    """The faults that are switched on, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults, each with the rest of its `times` and the options of its kind."""
        shown = []
        for fault in self._faults:
            names = {"vendor", "kind", "path", "times"} | {option.name for option in OPTIONS[fault.kind]}
            shown.append({name: value for name, value in asdict(fault).items() if name in names and value is not False})
        return shown

    def enforces_rates(self, vendor: str, path: str) -> bool:
        """Return True if the documented rates of a vendor apply to a request."""
        return any(fault.enforce and fault.applies_to(vendor, path) for fault in self._faults)

    def take(self, vendor: str, path: str) -> tuple[float, Fault | None]:
        """Use the faults of a request: return the sum of the latencies and at most one fault of another kind."""
        seconds, hit = 0.0, None
        for fault in [fault for fault in self._faults if fault.applies_to(vendor, path) and not fault.enforce]:
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
