# SPDX-License-Identifier: Apache-2.0
"""Accounts: each WhatsApp connection with its state, its remaining credit, and the QR code for the login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from airflow_provider_wa.api.capabilities import (
    Connects,
    HasBalance,
    HasQrCode,
    HasSession,
    LogsOut,
    PairsPhone,
    SetsWebhook,
)
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.numbers import parse
from airflow_provider_wa.api.records import Balance, Session, SessionState
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.plugin.pages.audit import note
from airflow_provider_wa.plugin.pages.connections import Account, Remembered, accounts_of, hook_of
from airflow_provider_wa.plugin.pages.errors import Refused
from airflow_provider_wa.plugin.pages.rendering import page, redirect
from airflow_provider_wa.plugin.pages.visit import Page, Visit
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.overview import MOST_COUNTED

_sessions: Remembered = Remembered(2.0)
_balances: Remembered = Remembered(60.0)
_codes: Remembered = Remembered(5.0)


@dataclass(frozen=True)
class Stored:
    """The stored facts of an account: messages sent today, the last event, the last reported state.

    ``limit`` is the daily limit of the last task that had one; without one a day begins at midnight UTC.
    """

    sent_today: int
    limit: int | None
    last_event: StoredEvent | None
    last_session: StoredEvent | None

    @classmethod
    def of(cls, conn_id: str) -> Stored:
        """Read the facts of an account."""
        store, now = get_store(), datetime.now(timezone.utc)
        began = now.replace(hour=0, minute=0, second=0, microsecond=0)
        limit = None
        if (known := store.pauses.daily_limit(conn_id)) and now - known[1] < timedelta(days=1):
            limit, began = known
        newest = store.overview.last_events(conn_id)
        return cls(
            store.overview.sent_since(conn_id, began),
            limit,
            newest[0] if newest else None,
            store.events.last_session(conn_id),
        )


@dataclass(frozen=True)
class Live:
    """The current state of an account at its vendor. ``problem`` is the error if the vendor does not report it.

    ``actions`` are the names of the actions that are possible in this state.
    """

    state: str
    session: Session | None = None
    balance: Balance | None = None
    problem: str = ""
    has_qr_code: bool = False
    pairs: bool = False
    actions: tuple[str, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """True while the account is not logged in: its state may change at any moment."""
        return self.state in (SessionState.LOGGED_OUT.value, SessionState.STARTING.value)


@dataclass(frozen=True)
class Action:
    """An action on an account, with the texts of its button and its confirmation."""

    label: str
    warning: str
    needs: type[Any]
    do: Callable[[WaHook], object]
    states: tuple[str, ...] = ()
    danger: bool = False


def _set_webhook(hook: WaHook) -> object:
    if not (url := hook.settings.callback_url):
        raise BadInput("callback_base_url: missing; set it and webhook_secret in the connection")
    return hook.set_webhook(url)


_OUT, _IN = (SessionState.LOGGED_OUT.value, SessionState.STARTING.value), (SessionState.LOGGED_IN.value,)

ACTION_TABLE: Mapping[str, Action] = {
    "connect": Action(
        "Connect", "Connects the account to WhatsApp. It then waits for its QR code to be scanned.",
        Connects, lambda hook: hook.connect(), _OUT,
    ),
    "disconnect": Action(
        "Disconnect", "Disconnects the account and keeps its login. Nothing is sent or received until it is connected.",
        Connects, lambda hook: hook.disconnect(), _IN,
    ),
    "logout": Action(
        "Log out", "Ends the login. Nobody can send over this account until its QR code is scanned again.",
        LogsOut, lambda hook: hook.logout(), _IN, danger=True,
    ),
    "webhook": Action(
        "Set webhook", "Makes the vendor post its events to the receiver's address of this connection.",
        SetsWebhook, _set_webhook,
    ),
}  # fmt: skip


def overview(visit: Visit) -> Response:
    """Show all accounts of the user. Each card then loads the state from the vendor."""
    accounts = [(account, Stored.of(account.conn_id)) for account in accounts_of(visit)]
    return page(visit, "accounts.html", tab="accounts", accounts=accounts, most=MOST_COUNTED)


def one(visit: Visit) -> Response:
    """Show an account with its current state at the vendor."""
    account = _readable(visit)
    may_edit, live = visit.rights.may("PUT", account.conn_id), _live(account.conn_id)
    return page(
        visit,
        "account.html",
        tab="accounts",
        account=account,
        stored=Stored.of(account.conn_id),
        live=live,
        has_code=may_edit and live.has_qr_code and _code(account.conn_id) is not None,
        may_edit=may_edit,
        actions=ACTION_TABLE,
        most=MOST_COUNTED,
        stamp=int(datetime.now(timezone.utc).timestamp() // 5),
    )


def qr_code(visit: Visit) -> Response:
    """Answer with the QR code, only to users who may edit the connection: scanning it gives access to the account."""
    conn_id = visit.path["conn_id"]
    visit.rights.require("PUT", conn_id)
    if (png := _code(conn_id)) is None:
        raise Refused(404, "There is no QR code at the moment.")
    return Response(png, media_type="image/png")


def _code(conn_id: str) -> bytes | None:
    """Return the picture of the QR code; None if the vendor has none, for instance before the account is connected."""
    try:
        return _codes.get(conn_id, lambda: hook_of(conn_id).qr_code().png)
    except WaError:
        return None


def act(name: str, visit: Visit) -> Response:
    """Carry out an action on an account."""
    conn_id, action = visit.path["conn_id"], ACTION_TABLE[name]
    visit.rights.require("PUT", conn_id)
    note(visit.user, f"wa_account_{name}", conn_id=conn_id)
    try:
        action.do(hook_of(conn_id))
    except WaError as error:
        raise Refused(502, f"{action.label}: {error}") from None
    finally:
        _forget(conn_id)
    return redirect(visit, f"accounts/{quote(conn_id, safe='')}")


def pair(visit: Visit) -> Response:
    """Show the pairing code to type into the phone. The code is only on this page, which is not cached."""
    conn_id = visit.path["conn_id"]
    visit.rights.require("PUT", conn_id)
    hook = hook_of(conn_id)
    note(visit.user, "wa_account_pair", conn_id=conn_id)
    try:
        digits = parse(visit.form.get("phone", ""), hook.settings.default_region).digits
        code = hook.run(hook.able(PairsPhone).pair_phone(digits)).code
    except WaError as error:
        raise Refused(400, f"Pairing code: {error}") from None
    return page(visit, "pairing.html", tab="accounts", conn_id=conn_id, code=code)


def _readable(visit: Visit) -> Account:
    conn_id = visit.path["conn_id"]
    visit.rights.require("GET", conn_id)
    found = next((account for account in accounts_of(visit) if account.conn_id == conn_id), None)
    if found is None:
        # A connection in a secrets backend that cannot be listed, and that was not used yet.
        hook_of(conn_id)
    return found or Account(conn_id, "")


def _live(conn_id: str) -> Live:
    """Ask the vendor for the account's state, and for its credit."""
    try:
        hook = hook_of(conn_id)
    except WaError as error:
        return Live("unknown", problem=str(error))
    balance, problem = _balance(conn_id, hook)
    if not isinstance(hook.vendor, HasSession):
        return Live("no_session", balance=balance, problem=problem, actions=_actions(hook, "no_session"))
    try:
        session = _sessions.get(conn_id, hook.session)
    except WaError as error:
        return Live("unknown", balance=balance, problem=str(error), actions=_actions(hook, "unknown"))
    state = session.state.value
    waiting = state in _OUT
    return Live(
        state,
        session,
        balance,
        problem,
        has_qr_code=waiting and isinstance(hook.vendor, HasQrCode),
        pairs=waiting and isinstance(hook.vendor, PairsPhone),
        actions=_actions(hook, state),
    )


def _balance(conn_id: str, hook: WaHook) -> tuple[Balance | None, str]:
    if not isinstance(hook.vendor, HasBalance):
        return None, ""
    try:
        return _balances.get(conn_id, hook.balance), ""
    except WaError as error:
        return None, str(error)


def _actions(hook: WaHook, state: str) -> tuple[str, ...]:
    return tuple(
        name
        for name, action in ACTION_TABLE.items()
        if isinstance(hook.vendor, action.needs) and (not action.states or state in action.states)
    )


def _forget(conn_id: str) -> None:
    for remembered in (_sessions, _balances, _codes):
        remembered.forget(conn_id)


VIEWS: tuple[tuple[str, Page], ...] = (
    ("/accounts", overview),
    ("/accounts/{conn_id}", one),
    ("/accounts/{conn_id}/qr.png", qr_code),
)
ACTIONS: tuple[tuple[str, Page], ...] = (
    ("/accounts/{conn_id}/pair", pair),
    *((f"/accounts/{{conn_id}}/{name}", partial(act, name)) for name in ACTION_TABLE),
)
