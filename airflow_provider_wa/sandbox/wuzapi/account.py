# SPDX-License-Identifier: Apache-2.0
"""The state of WuzAPI's user: its clients, and what the server keeps for it (wuzapi-server.md, "Call by call")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from airflow_provider_wa.sandbox.directory import OWN_NUMBER
from airflow_provider_wa.sandbox.profile import Session
from airflow_provider_wa.sandbox.state import Sandbox

NAME = "wuzapi"

DOCUMENT = "document"
ANSWERS = "answers"
CURRENT = "1.0.6"
NEWEST = "newest"
GENERATIONS = (CURRENT, DOCUMENT, ANSWERS, NEWEST)
"""Servers: 1.0.6 (the default), of the old document, of a time when buttons could only answer, and the newest."""


class State(Enum):
    """State of a user, which decides what most calls answer."""

    NEVER_CONNECTED = "A"
    CONNECT_FAILED = "B"
    NO_WEBSOCKET = "F"
    QR_SHOWN = "C"
    LOGGED_IN = "D"


@dataclass
class Account:
    """State of the user in the server, besides the session and the webhook.

    `client`: a client is there although it is not connected. `clients`: number of clients that were started.
    `reachable`: WhatsApp can be reached. `deaf`: nothing is posted, although events are stored; `signs`: posts are
    signed with the key. `history`: messages to keep of each chat, from `history_since` on. `introduced`: members whose
    key was posted. `queued`: bodies to post.
    """

    client: bool = False
    clients: int = 1
    reachable: bool = True
    deaf: bool = False
    signs: bool = True
    history: int = 0
    history_since: float = 0.0
    blocked: list[str] = field(default_factory=list)
    introduced: set[tuple[str, str]] = field(default_factory=set)
    queued: list[dict[str, Any]] = field(default_factory=list)
    seen: tuple[bool, bool] | None = None


def account(sandbox: Sandbox) -> Account:
    """Return the account of the sandbox's user."""
    return sandbox.own_state(Account)


def state(sandbox: Sandbox) -> State:
    """Return the state of the user."""
    session = sandbox.session(NAME)
    if session.connected:
        return State.LOGGED_IN if session.paired else State.QR_SHOWN
    if not account(sandbox).client:
        return State.NEVER_CONNECTED
    return State.NO_WEBSOCKET if session.paired else State.CONNECT_FAILED


def generation(sandbox: Sandbox) -> str:
    """Return the server that the sandbox plays."""
    return sandbox.generations[NAME]


def session_events(before: tuple[bool, bool], session: Session) -> list[dict[str, Any]]:
    """Return the bodies that tell of a new state of the session; `before` is whether it was connected and paired."""
    connected, paired = before
    if session.paired and not paired:
        return [
            {
                "type": "PairSuccess",
                "event": {"ID": f"{OWN_NUMBER}:1@s.whatsapp.net", "LID": "", "BusinessName": "", "Platform": "android"},
            },
            {"type": "Connected", "event": {}},
        ]
    if paired and not session.paired:
        return [{"type": "LoggedOut", "event": {"OnConnect": False, "Reason": 401}}]
    if session.connected and not connected and session.paired:
        return [{"type": "Connected", "event": {}}]
    if connected and not session.connected:
        return [{"type": "Disconnected", "event": {}}]
    return []


def _set(client: bool, connected: bool, paired: bool, reachable: bool) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        session, own = sandbox.session(NAME), account(sandbox)
        session.connected, session.paired, session.scan_due = connected, paired, None
        session.connected_at = sandbox.clock()
        own.client, own.reachable = client, reachable

    return change


def _restart(sandbox: Sandbox) -> None:
    """Restart the server: it loads the user again, and no longer signs the posts for it."""
    account(sandbox).signs = False


STATES: Mapping[str, Callable[[Sandbox], None]] = {
    "never_connected": _set(client=False, connected=False, paired=False, reachable=True),
    "connect_failed": _set(client=True, connected=False, paired=False, reachable=False),
    "no_websocket": _set(client=True, connected=False, paired=True, reachable=False),
    "qr_shown": _set(client=False, connected=True, paired=False, reachable=True),
    "logged_in": _set(client=False, connected=True, paired=True, reachable=True),
    "restarted": _restart,
}
"""States that the control API sets."""
