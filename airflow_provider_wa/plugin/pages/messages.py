# SPDX-License-Identifier: Apache-2.0
"""Messages: the senders of incoming messages, and the conversation with one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import quote, urlencode, urlsplit

from airflow.providers.common.compat.sdk import ObjectStoragePath
from starlette.responses import Response, StreamingResponse

from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.pages.connections import accounts_of
from airflow_provider_wa.plugin.pages.errors import Refused, not_found
from airflow_provider_wa.plugin.pages.rendering import page, redirect
from airflow_provider_wa.plugin.pages.visit import Page, Visit, number_in
from airflow_provider_wa.store.conversations import People, Place

PEOPLE_ON_A_PAGE = 30

MESSAGES_ON_A_PAGE = 50

_CHUNK = 256 * 1024


def overview(visit: Visit) -> Response:
    """Show the senders, the newest first; or the senders of recent messages with a word."""
    accounts = [account.conn_id for account in accounts_of(visit)]
    conn_id, search = visit.query.get("conn_id", ""), visit.query.get("search", "").strip()
    conn_ids = [each for each in accounts if conn_id in ("", each)]
    if search and _is_person(search):
        return redirect(visit, f"messages/{quote(search.replace(' ', '').removeprefix('+'), safe='')}")
    store = get_store()
    before = number_in(visit.query.get("before", ""))
    more = {} if before is None else {"before": before}
    if search:
        found = People(store.overview.messages_with(search, PEOPLE_ON_A_PAGE, conn_ids), None)
    else:
        found = store.conversations.people(PEOPLE_ON_A_PAGE, conn_ids=conn_ids, **more)
    query = {name: value for name, value in (("conn_id", conn_id),) if value}
    return page(
        visit,
        "messages.html",
        tab="messages",
        accounts=accounts,
        conn_id=conn_id,
        search=search,
        people=found.newest,
        stopped=store.suppressions.among({said.person for said in found.newest}),
        names=store.overview.sender_names([said.id for said in found.newest]),
        next=urlencode({**query, "before": found.next}) if found.next else "",
    )


def conversation(visit: Visit) -> Response:
    """Show the messages to and from a person, over the connections that the user may see."""
    person = visit.path["person"]
    conn_ids = [account.conn_id for account in accounts_of(visit)]
    store = get_store()
    found = store.conversations.of(person, MESSAGES_ON_A_PAGE + 1, before=_place(visit.query), conn_ids=conn_ids)
    shown = found[:MESSAGES_ON_A_PAGE]
    incoming = [said.id for said in shown if not said.outgoing]
    names = store.overview.sender_names(incoming)
    last = shown[-1] if len(found) > MESSAGES_ON_A_PAGE else None
    return page(
        visit,
        "conversation.html",
        tab="messages",
        person=person,
        name=next((names[said.id] for said in shown if names.get(said.id)), ""),
        messages=shown[::-1],
        campaigns=store.batches.known({said.batch for said in shown if said.batch}),
        links=store.overview.media_links(incoming),
        is_stopped=bool(store.suppressions.among([person])),
        every=0 if visit.query.get("at") else 5,
        older=urlencode({"at": last.at.isoformat(), "out": int(last.outgoing), "id": last.id}) if last else "",
        is_newest=not visit.query.get("at"),
    )


def media(visit: Visit) -> Response:
    """Answer with the file of an incoming message, as a download: strangers' files are not shown in the browser."""
    id_ = number_in(visit.path["id"])
    event = None if id_ is None else next(iter(get_store().events.get([id_])), None)
    if event is None:
        if not visit.rights.may_some("GET"):
            visit.rights.require("GET", "")
        raise not_found("This file")
    visit.rights.require("GET", event.conn_id)
    if not event.file:
        raise not_found("This file")
    path = ObjectStoragePath(event.file)
    try:
        stream = path.open("rb")
    except OSError:
        raise Refused(404, "This file no longer exists.") from None

    def chunks() -> Iterator[bytes]:
        with stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    name = quote(PurePosixPath(urlsplit(event.file).path).name, safe=".-_")
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(chunks(), media_type="application/octet-stream", headers=headers)


def _is_person(text: str) -> bool:
    """Return whether a search is for a number or a JID, not for a word."""
    plain = text.replace(" ", "").removeprefix("+").replace("-", "")
    return (plain.isdecimal() and len(plain) >= 6) or ("@" in text and " " not in text)


def _place(query: Mapping[str, str]) -> Place | None:
    at, out, id_ = (query.get(name, "") for name in ("at", "out", "id"))
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    place = id_ if out == "1" else number_in(id_)
    return None if moment.tzinfo is None or place is None else Place(at=moment, outgoing=out == "1", id=place)


VIEWS: tuple[tuple[str, Page], ...] = (
    ("/messages", overview),
    ("/messages/file/{id}", media),
    ("/messages/{person}", conversation),
)
