# SPDX-License-Identifier: Apache-2.0
"""What each fault comes to, for each vendor: the tests hold the package to it, and docs/reliability.md shows it.

An outcome is an error's class or a result, how many requests the vendor saw in all, and whether it took the message
although nobody was told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

CHECK, SEND = "check", "send"

VENDORS: Mapping[str, tuple[str, ...]] = {
    CHECK: ("wuzapi", "green_api", "checkwa", "accuauth"),
    SEND: ("wuzapi", "wa_portal", "green_api"),
}
"""Who can do what is asked."""

COLUMNS = [(conn_type, deed) for deed, conn_types in VENDORS.items() for conn_type in conn_types]

IMPOSSIBLE = "-"

SHORT, BRISK = 0.1, 0.3
"""Time-outs in seconds: where no reply is in time, and where the second one is to be."""

EXISTS, AGAIN = "exists, 1 request", "exists, 2 requests"
ACCEPTED, ACCEPTED_AGAIN = "accepted, 1 request", "accepted, 2 requests"
UNAVAILABLE = "VendorUnavailable, 4 requests"
UNCLEAR = "OutcomeUnknown, 1 request"
TAKEN = "OutcomeUnknown, 1 request, message taken"
TOO_FAST = "RateLimited, 4 requests"
REFUSED = "Unauthorized, 1 request"
NO_QUOTA = "QuotaExceeded, 1 request"
NO_SESSION = "SessionDown, 1 request"
WRONG = "BadInput, 1 request"
CLOSED = "QueueClosed, 1 request"
STRANGE = "UnexpectedReply, 1 request"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with a vendor, and what comes of it: of a check, of a send, of some vendors' others.

    ``body`` is posted to ``/sandbox/<control>`` together with the vendor's name, if there is one; ``connection`` are
    fields of the connection in place of the usual ones; ``timeout`` is the longest wait for a reply, in seconds.
    """

    name: str
    check: str
    send: str
    others: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    control: str = "faults"
    connection: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 30.0

    def outcome(self, conn_type: str, deed: str) -> str:
        """What comes of what a vendor is asked to do; ``IMPOSSIBLE`` where there is no such fault."""
        if conn_type not in VENDORS[deed]:
            return IMPOSSIBLE
        return self.others.get(f"{conn_type} {deed}", self.check if deed == CHECK else self.send)


def _fault(name: str, check: str, send: str, others: Mapping[str, str] | None = None, **body: Any) -> Fault:
    return Fault(name, check, send, others or {}, body)


def _once(name: str, check: str, send: str, **body: Any) -> Fault:
    return _fault(f"{name}, once", check, send, times=1, **body)


def _slow(name: str, check: str, timeout: float, **body: Any) -> Fault:
    # Only the portal's sends do not need the request's body, which nobody is there any more to give.
    others = {"wa_portal send": TAKEN}
    return Fault(name, check, UNCLEAR, others, {"kind": "latency", "seconds": timeout + SHORT, **body}, timeout=timeout)


FAULTS: Sequence[Fault] = (
    Fault("connection refused", "VendorUnavailable, 0 requests", "VendorUnavailable, 0 requests",
          # Port 9 (discard), where nobody listens.
          connection={"host": "http://127.0.0.1:9"}),
    _slow("no reply in time", UNAVAILABLE, SHORT),
    _slow("no reply in time, once", AGAIN, BRISK, times=1),
    _fault("429", TOO_FAST, TOO_FAST, kind="rate_limit"),
    _fault("429 with Retry-After", TOO_FAST, TOO_FAST, kind="rate_limit", retry_after=0.02),
    _fault("429 with Retry-After of an hour", "RateLimited, 1 request", "RateLimited, 1 request",
           kind="rate_limit", retry_after=3600),
    _once("429", AGAIN, ACCEPTED_AGAIN, kind="rate_limit"),
    _once("429 with Retry-After", AGAIN, ACCEPTED_AGAIN, kind="rate_limit", retry_after=0.02),
    # Here the portal says that it hangs.
    _fault("403", REFUSED, REFUSED, {"wa_portal send": UNCLEAR}, kind="server_error", status=403),
    _fault("500", UNAVAILABLE, UNCLEAR, kind="server_error"),
    _fault("502", UNAVAILABLE, UNCLEAR, kind="server_error", status=502),
    _fault("503", UNAVAILABLE, UNCLEAR, kind="server_error", status=503),
    _fault("504", UNAVAILABLE, UNCLEAR, kind="server_error", status=504),
    _fault("502 with HTML", UNAVAILABLE, UNCLEAR, kind="html", status=502),
    _fault("something that is not HTTP", UNAVAILABLE, UNCLEAR, kind="junk"),
    _fault("connection cut before the request was taken", UNAVAILABLE, UNCLEAR, kind="cut"),
    _once("500", AGAIN, UNCLEAR, kind="server_error"),
    _once("502 with HTML", AGAIN, UNCLEAR, kind="html", status=502),
    _once("something that is not HTTP", AGAIN, UNCLEAR, kind="junk"),
    _once("connection cut before the request was taken", AGAIN, UNCLEAR, kind="cut"),
    _fault("reply lost after the request was taken", UNAVAILABLE, TAKEN, kind="lost_reply"),
    _fault("connection cut in the middle of the reply", UNAVAILABLE, TAKEN, kind="cut_body"),
    _once("reply lost after the request was taken", AGAIN, TAKEN, kind="lost_reply"),
    _once("connection cut in the middle of the reply", AGAIN, TAKEN, kind="cut_body"),
    _fault("200 with HTML", STRANGE, UNCLEAR, kind="html", status=200),
    # The other two keep a message until the account is logged in again.
    _fault("account logged out", NO_SESSION, ACCEPTED,
           {"wuzapi send": NO_SESSION, "wa_portal send": "accepted with a warning, 1 request",
            "checkwa check": IMPOSSIBLE, "accuauth check": IMPOSSIBLE}, kind="logged_out"),
    Fault("credit used up", NO_QUOTA, NO_QUOTA,
          # Green-API counts checks only.
          {"wuzapi check": IMPOSSIBLE, "wuzapi send": IMPOSSIBLE, "green_api send": ACCEPTED},
          {"left": 0}, "quota"),
    Fault("wrong credentials", REFUSED, REFUSED, connection={"password": "wrong-password"}),
)  # fmt: skip

_CODES: Mapping[str, Iterable[tuple[str, str, str]]] = {
    "wuzapi": (
        ("no session", NO_SESSION, NO_SESSION),
        ("websocket", NO_SESSION, NO_SESSION),
        ("no device", NO_SESSION, NO_SESSION),
        ("no lid", WRONG, WRONG),
        ("unknown server", WRONG, WRONG),
        ("479", UNAVAILABLE, UNCLEAR),
        # The session is asked for, to tell what it means; it cannot be asked for either.
        ("plain", "VendorUnavailable, 2 requests", UNCLEAR),
        *((code, UNAVAILABLE, "VendorUnavailable, 1 request") for code in ("upload", "device list", "info query")),
        # Only a send can have this one.
        ("timeout", IMPOSSIBLE, UNCLEAR),
    ),
    "wa_portal": (
        *((code, IMPOSSIBLE, REFUSED) for code in ("01", "02", "03")),
        # The session is asked for, to tell what the code means.
        ("04", IMPOSSIBLE, "BadInput, 2 requests"),
        *((code, IMPOSSIBLE, NO_QUOTA) for code in ("05", "06", "07")),
        *((code, IMPOSSIBLE, WRONG) for code in ("08", "09", "10", "11", "12", "13", "14")),
        ("15", IMPOSSIBLE, UNCLEAR),
    ),
    "green_api": (
        ("401", REFUSED, REFUSED),
        ("403", REFUSED, REFUSED),
        ("429", TOO_FAST, TOO_FAST),
        ("466", NO_QUOTA, NO_QUOTA),
        ("466 chats", NO_QUOTA, NO_QUOTA),
        ("469", NO_QUOTA, NO_QUOTA),
        ("not authorized", NO_SESSION, NO_SESSION),
        ("bad number", WRONG, WRONG),
        ("bad request", WRONG, WRONG),
        ("queue closed", CLOSED, CLOSED),
        ("suspended", NO_SESSION, NO_SESSION),
        ("timeout", UNAVAILABLE, UNCLEAR),
    ),
    "checkwa": (
        ("0", "absent, 1 request", IMPOSSIBLE),
        ("1", EXISTS, IMPOSSIBLE),
        ("2", "unknown, 1 request", IMPOSSIBLE),
        ("3", REFUSED, IMPOSSIBLE),
        ("7", REFUSED, IMPOSSIBLE),
        ("4", STRANGE, IMPOSSIBLE),
        ("5", WRONG, IMPOSSIBLE),
        ("9", WRONG, IMPOSSIBLE),
        ("6", NO_QUOTA, IMPOSSIBLE),
    ),
    "accuauth": (
        ("PENDING", "pending, 1 request", IMPOSSIBLE),
        *((code, REFUSED, IMPOSSIBLE) for code in ("UNAUTHORIZED", "KEY_EXPIRED", "NO_PERMISSION")),
        ("OUT_OF_QUOTA", NO_QUOTA, IMPOSSIBLE),
        ("RATE_LIMIT_EXCEEDED", TOO_FAST, IMPOSSIBLE),
        ("INVALID_ARGUMENT", WRONG, IMPOSSIBLE),
        ("NOT_FOUND", STRANGE, IMPOSSIBLE),
        ("INTERNAL_ERROR", UNAVAILABLE, IMPOSSIBLE),
    ),
}
"""A vendor's own codes, in the sandbox's words (docs/sandbox.md), with what comes of a check and of a send."""

_STATES = ("blocked", "sleepMode", "starting", "yellowCard", "suspended", None)

CODES: Mapping[str, Sequence[Fault]] = {
    conn_type: [_fault(code, check, send, kind="refuse", code=code) for code, check, send in codes]
    for conn_type, codes in _CODES.items()
}

STATES: Sequence[Fault] = [
    Fault(f"state {state or 'null'}", NO_SESSION, ACCEPTED, {}, {"state": state}, "state") for state in _STATES
]
"""What Green-API's instance may be in. It keeps messages meanwhile."""

OWN: Mapping[str, Sequence[Fault]] = {**CODES, "green_api": [*CODES["green_api"], *STATES]}
"""What only one vendor may say."""


def cases() -> list[tuple[Fault, str, str]]:
    """Every fault with every vendor that may have it, and all that this vendor can do."""
    everywhere = [(fault, conn_type, deed) for fault in FAULTS for conn_type, deed in COLUMNS]
    own = [(fault, conn_type, deed) for conn_type in OWN for fault in OWN[conn_type] for deed in VENDORS]
    return [case for case in (*everywhere, *own) if case[0].outcome(*case[1:]) != IMPOSSIBLE]


def tables() -> str:
    """Both tables, as Markdown: the faults that any vendor may have, and what only one may say."""
    head = ["fault", *(f"`{conn_type}` {deed}" for conn_type, deed in COLUMNS)]
    rows = [[fault.name, *(fault.outcome(*column) for column in COLUMNS)] for fault in FAULTS]
    own = [
        [f"`{conn_type}`", fault.name, *(fault.outcome(conn_type, deed) for deed in VENDORS)]
        for conn_type, faults in OWN.items()
        for fault in faults
    ]
    return f"{_table(head, _merged(rows, 0))}\n{_table(['vendor', 'code or state', *VENDORS], _merged(own, 1))}"


def _merged(rows: Iterable[Sequence[str]], name: int) -> list[Sequence[str]]:
    """Rows that follow each other and differ in their names only, as one."""
    merged: list[Sequence[str]] = []
    for rest, alike in groupby(rows, lambda row: [*row[:name], *row[name + 1 :]]):
        merged.append([*rest[:name], "; ".join(row[name] for row in alike), *rest[name:]])
    return merged


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
