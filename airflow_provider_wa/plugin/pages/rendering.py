# SPDX-License-Identifier: Apache-2.0
"""Pages as HTML: the templates with their common values and filters, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airflow_provider_wa import __version__
from airflow_provider_wa.api import jids
from airflow_provider_wa.plugin.pages import csrf
from airflow_provider_wa.plugin.pages.visit import Visit
from airflow_provider_wa.store.batches import Batch

HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Headers of every answer: no content from other sites, no caching, no referrer."""

TABS = (
    ("accounts", "Accounts"),
    ("campaigns", "Campaigns"),
    ("messages", "Messages"),
    ("suppressions", "Suppression list"),
    ("receiver", "Receiver"),
)
"""The pages, in the order of their tabs."""


def page(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page made from a template."""
    return HTMLResponse(render(visit, template, **values), status)


def render(visit: Visit, template: str, **values: Any) -> str:
    """Return the HTML of a template, with the values that every page needs."""
    return (
        _templates()
        .get_template(template)
        .render(
            visit=visit,
            base=visit.base,
            airflow=visit.airflow,
            tabs=TABS,
            csrf_field=csrf.FIELD,
            csrf_token=csrf.new_token(visit.user_id),
            version=__version__,
            now=datetime.now(timezone.utc),
            **values,
        )
    )


def refusal(base: str, status: int, text: str) -> Response:
    """Return the page for a refused request; it has only the text."""
    html = _templates().get_template("refused.html").render(base=base, status=status, text=text, version=__version__)
    return HTMLResponse(html, status)


def redirect(visit: Visit, path: str) -> Response:
    """Return the redirect after an action: a reload of the next page does not repeat the action."""
    return RedirectResponse(f"{visit.base}/{path}", 303)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("airflow_provider_wa.plugin.pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (ago, moment, duration, number, person, campaign)
    environment.filters |= {function.__name__: function for function in filters}
    return environment


def number(value: float | None) -> str:
    """Return a number with separators between thousands; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def person(name: str | None) -> str:
    """Return the digits of a person's JID; other names unchanged."""
    return (jids.digits(name) or name) if name else ""


def campaign(batch: Batch) -> str:
    """Return the displayed name of a campaign: the name of its task."""
    if not batch.task_id:
        return f"{batch.kind.value} {batch.name[:12]}"
    mapped = batch.map_index is not None and batch.map_index >= 0
    return f"{batch.task_id} [{batch.map_index}]" if mapped else batch.task_id


def moment(value: datetime | None) -> str:
    """Return a moment in UTC to the second; a dash for None."""
    return value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") if value else "–"


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units; a dash for None."""
    if seconds is None:
        return "–"
    left = int(seconds)
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def ago(value: datetime | None) -> str:
    """Return how long ago a moment is, in its largest unit; "never" for None."""
    if value is None:
        return "never"
    passed = max(datetime.now(timezone.utc) - value, timedelta()).total_seconds()
    return "just now" if passed < 1 else f"{' '.join(duration(passed).split()[:2])} ago"
