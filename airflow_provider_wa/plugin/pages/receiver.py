# SPDX-License-Identifier: Apache-2.0
"""Receiver: the last posts of vendors, refused posts with their reasons, and the address for a vendor."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.pages.audit import note
from airflow_provider_wa.plugin.pages.connections import Account, accounts_of, hook_of
from airflow_provider_wa.plugin.pages.rendering import page
from airflow_provider_wa.plugin.pages.visit import Page, Visit, number_in
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.refusals import Refusal, WrongSecrets

ON_A_PAGE = 50

HIDDEN = "•" * 12
"""Placeholder for the secret in an address."""


@dataclass(frozen=True)
class Address:
    """The address for a vendor's posts, without its secret; ``problem`` is the missing setting if there is none."""

    shown: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Receiver:
    """A connection in the overview."""

    account: Account
    event: StoredEvent | None
    refusal: Refusal | None
    wrong: WrongSecrets | None


def overview(visit: Visit) -> Response:
    """Show each connection with its newest event, its last refused post and its number of wrong secrets."""
    return page(visit, "receivers.html", tab="receiver", receivers=list(map(_receiver, accounts_of(visit))))


def one(visit: Visit) -> Response:
    """Show the newest events of a connection, its refused posts, and its address without the secret."""
    return _page(visit)


def show_secret(visit: Visit) -> Response:
    """Show the address with its secret, on request, to a user who may edit the connection."""
    conn_id = visit.path["conn_id"]
    visit.rights.require("PUT", conn_id)
    note(visit.user, "wa_receiver_show_secret", conn_id=conn_id)
    return _page(visit, whole=hook_of(conn_id).settings.callback_url)


def _receiver(account: Account) -> Receiver:
    store, conn_id = get_store(), account.conn_id
    event, refusal = store.overview.last_events(conn_id), store.refusals.of(conn_id)
    return Receiver(account, next(iter(event), None), next(iter(refusal), None), store.refusals.wrong_secrets(conn_id))


def _page(visit: Visit, whole: str = "") -> Response:
    conn_id = visit.path["conn_id"]
    visit.rights.require("GET", conn_id)
    store, before = get_store(), number_in(visit.query.get("before", ""))
    found = store.overview.last_events(conn_id, ON_A_PAGE + 1, before=before)
    shown = found[:ON_A_PAGE]
    return page(
        visit,
        "receiver.html",
        tab="receiver",
        conn_id=conn_id,
        address=_address(conn_id),
        whole=whole,
        events=shown,
        refusals=store.refusals.of(conn_id),
        wrong=store.refusals.wrong_secrets(conn_id),
        may_edit=visit.rights.may("PUT", conn_id),
        every=0 if before or whole else 5,
        next=shown[-1].id if len(found) > ON_A_PAGE else 0,
    )


def _address(conn_id: str) -> Address:
    try:
        hook = hook_of(conn_id)
        if not isinstance(hook.vendor, PostsEvents):
            return Address(problem="This vendor does not post events.")
        url = hook.settings.callback_url
    except WaError as error:
        return Address(problem=str(error))
    if not url:
        return Address(problem="The connection has no callback_base_url; set it and webhook_secret to receive posts.")
    return Address(shown=url.removesuffix(quote(hook.settings.extras["webhook_secret"], safe="")) + HIDDEN)


VIEWS: tuple[tuple[str, Page], ...] = (("/receiver", overview), ("/receiver/{conn_id}", one))
ACTIONS: tuple[tuple[str, Page], ...] = (("/receiver/{conn_id}", show_secret),)
