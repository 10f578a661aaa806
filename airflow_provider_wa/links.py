# SPDX-License-Identifier: Apache-2.0
"""Links from a task to the pages of the plugin: its campaign, its conversation, the QR code of its account."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink, Context, conf

PAGES = "/wa/ui"
"""Path of the pages, below Airflow's own address."""


def page(*parts: str) -> str:
    """Return the path of a page on Airflow's own address."""
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return "/".join((f"{base}{PAGES}", *(quote(part, safe="") for part in parts)))


class PageLink(BaseOperatorLink):
    """Link to the page of one campaign, person or account. Until the operator knows it, the link opens their list."""

    folder: ClassVar[str]
    attribute: ClassVar[str]

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the page's path; Airflow's UI opens it on its own address."""
        about = getattr(operator, self.attribute, None)
        return page(self.folder, str(about)) if about else page(self.folder)


class CampaignLink(PageLink):
    """Link to the rows, the progress and the funnel of a bulk task."""

    name = "Campaign"
    folder, attribute = "campaigns", "batch"


class ConversationLink(PageLink):
    """Link to the conversation with the recipient of a message."""

    name = "Conversation"
    folder, attribute = "messages", "recipient"


class QrCodeLink(PageLink):
    """Link to the page of the account, which shows its QR code while it is logged out."""

    name = "Scan the QR code"
    folder, attribute = "accounts", "wa_conn_id"


def publish(operator: Any, context: Context) -> None:
    """Show the operator's links while the task runs. Without this call, Airflow shows them after the task has ended."""
    known: Any = context
    push = getattr(known.get("ti"), "xcom_push", None)
    if push is None:  # not run by Airflow
        return
    for link in operator.operator_extra_links:
        try:
            push(key=link.xcom_key, value=link.get_link(operator, ti_key=None))
        except Exception as error:  # noqa: BLE001 - a task must not fail because of a link
            operator.log.warning("The link %r cannot be shown yet: %s", link.name, error)
