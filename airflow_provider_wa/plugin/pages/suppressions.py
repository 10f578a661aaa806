# SPDX-License-Identifier: Apache-2.0
"""Suppressions: the people who get no messages, and the reasons."""

from __future__ import annotations

import os
import tempfile
from pathlib import PurePath
from urllib.parse import urlencode

from starlette.responses import Response

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.store import STORE_CONN_ID, get_store
from airflow_provider_wa.connections.suppression import suppress, unsuppress
from airflow_provider_wa.plugin.pages.audit import note, shortened
from airflow_provider_wa.plugin.pages.rendering import page, redirect
from airflow_provider_wa.plugin.pages.visit import Page, Visit, number_in
from airflow_provider_wa.store.suppressions import Suppression

ON_A_PAGE = 50

_NOTICES = {
    "added": "{count} added; people who were already on the list keep their first reason.",
    "removed": "{count} removed from the list; messages can be sent to them again.",
}
"""Texts of the page after an action."""


def overview(visit: Visit) -> Response:
    """Show the list, a page at a time, or the result of a search."""
    visit.rights.require_list("GET")
    return _page(visit)


def add(visit: Visit) -> Response:
    """Add one recipient, with a reason."""
    visit.rights.require_list("PUT")
    recipient, reason = visit.form.get("recipient", "").strip(), visit.form.get("reason", "").strip()
    region = visit.form.get("region", "").strip() or None
    if not recipient or not reason:
        return _page(visit, problem="Enter a number or a JID, and the reason.")
    try:
        note(visit.user, "wa_suppression_add", recipient=shortened(recipient), reason=reason[:200])
        count = suppress([recipient], reason, default_region=region)
    except BadInput as error:
        return _page(visit, problem=str(error))
    return _done(visit, "added", count)


def remove(visit: Visit) -> Response:
    """Remove one recipient from the list, with a reason for the audit log."""
    visit.rights.require_list("PUT")
    recipient, reason = visit.form.get("recipient", ""), visit.form.get("reason", "").strip()
    if not reason:
        return _page(visit, problem="Enter the reason why this person may get messages again.")
    note(visit.user, "wa_suppression_remove", recipient=shortened(recipient), reason=reason[:200])
    return _done(visit, "removed", unsuppress(recipient))


def import_file(visit: Visit) -> Response:
    """Add all recipients of a file, or none of them."""
    visit.rights.require_list("PUT")
    reason, file = visit.form.get("reason", "").strip(), visit.file
    if file is None or not file.filename or not reason:
        return _page(visit, problem="Choose a file, and enter the reason.")
    note(visit.user, "wa_suppression_import", reason=reason[:200])
    with tempfile.NamedTemporaryFile(suffix=PurePath(file.filename).suffix.lower() or ".csv") as copy:
        while chunk := file.file.read(1024 * 1024):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
        try:
            count = suppress(
                reason=reason,
                input_path=copy.name,
                column=visit.form.get("column", "").strip() or "phone",
                default_region=visit.form.get("region", "").strip() or None,
            )
        except BadInput as error:
            return _page(visit, problem=str(error).replace(copy.name, PurePath(file.filename).name))
    return _done(visit, "added", count)


def _done(visit: Visit, notice: str, count: int) -> Response:
    return redirect(visit, f"suppressions?{urlencode({'notice': notice, 'count': count})}")


def _page(visit: Visit, problem: str = "") -> Response:
    search, after = visit.query.get("search", "").strip(), visit.query.get("after", "")
    found = _search(search) if search else get_store().overview.suppressions(ON_A_PAGE + 1, after=after)
    notice, number = visit.query.get("notice", ""), number_in(visit.query.get("count", ""))
    return page(
        visit,
        "suppressions.html",
        status=400 if problem else 200,
        tab="suppressions",
        rows=found[:ON_A_PAGE],
        more=found[ON_A_PAGE - 1].recipient if len(found) > ON_A_PAGE else "",
        search=search,
        after=after,
        problem=problem,
        notice=_NOTICES[notice].format(count=number) if notice in _NOTICES and number is not None else "",
        may_edit=visit.rights.may("PUT", STORE_CONN_ID),
        form=visit.form,
    )


def _search(text: str) -> list[Suppression]:
    """Return the suppressions of a person, under all of their names."""
    store = get_store()
    names = store.identities.names([text.replace(" ", "")])
    return store.overview.suppressions(ON_A_PAGE, spellings=sorted({name for each in names.values() for name in each}))


VIEWS: tuple[tuple[str, Page], ...] = (("/suppressions", overview),)
ACTIONS: tuple[tuple[str, Page], ...] = (
    ("/suppressions/add", add),
    ("/suppressions/remove", remove),
    ("/suppressions/import", import_file),
)
