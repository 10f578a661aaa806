# SPDX-License-Identifier: Apache-2.0
"""Airflow's connections as the receiver asks for them."""

from __future__ import annotations

import logging

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.connections.lookup import find_connection
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.receiver.sources import Source

log = logging.getLogger(__name__)


def find_source(conn_id: str) -> Source | None:
    """The connection as one that posts; None if there is none, if it is wrong, or if it has no ``webhook_secret``.

    :raises LookupFailed: a secrets backend cannot be asked.
    """
    connection = find_connection(conn_id)
    # Strangers choose the id: nothing is loaded for a connection that does not want to be posted to.
    if connection is None or not connection.extra_dejson.get("webhook_secret"):
        return None
    try:
        hook = WaHook.for_connection(conn_id)
    except BadInput as error:
        log.warning("Posts are refused: %s", error)
        return None
    vendor = hook.vendor
    if not isinstance(vendor, PostsEvents):
        log.warning("Posts are refused: connection %r: %s posts nothing", conn_id, vendor.name)
        return None
    text = hook.settings.text
    return Source(conn_id, vendor, webhook_secret=text("webhook_secret"), hmac_secret=text("hmac_secret"))
