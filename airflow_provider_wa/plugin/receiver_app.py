# SPDX-License-Identifier: Apache-2.0
"""The receiver over Airflow's connections and configuration."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from airflow.providers.common.compat.sdk import Connection

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.config import read_config
from airflow_provider_wa.connections.lookup import ConnectionType, connected, connection_type, find_for_server
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.media import MediaFolder
from airflow_provider_wa.receiver.app import Limits, Receiver
from airflow_provider_wa.receiver.sources import WebhookConnection

log = logging.getLogger(__name__)


def make_receiver() -> Receiver:
    """Return the receiver over Airflow's connections, the store, and the folder for media.

    :raises BadInput: an option of the section ``[wa]`` is wrong.
    """
    config = read_config()
    limits = Limits(max_body=config.receiver_max_body, max_in_flight=config.receiver_max_in_flight)
    return Receiver(find_webhook_connection, get_store, MediaFolder(config.media_path).keep, limits)


def find_webhook_connection(conn_id: str) -> WebhookConnection | None:
    """Return a connection that takes posts; None if it does not exist, is wrong, or has no ``webhook_secret``.

    :raises LookupFailed: a secrets backend cannot be asked.
    """
    try:
        conn_id, connection = find_for_server(conn_id)
        # Strangers choose the id, so nothing is loaded for a connection that accepts no posts.
        if connection is None or not _takes_posts(connection):
            return None
        found = connected(connection, connection_type(connection, ConnectionType))
    except BadInput as error:
        log.warning("Posts are refused: %s", error)
        return None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # The text of the error may contain the password.
        log.warning("Posts are refused: connection %r cannot be read (%s)", conn_id, type(error).__name__)
        return None
    if not isinstance(found.vendor, PostsEvents):
        log.warning("Posts are refused: connection %r: %s posts nothing", conn_id, found.vendor.name)
        return None
    return WebhookConnection(conn_id, found.vendor, found.settings.extras["webhook_secret"])


def _takes_posts(connection: Connection) -> bool:
    """Return whether a connection has a ``webhook_secret``.

    :raises BadInput: its extra is not an object.
    """
    extra: object = connection.extra_dejson
    if isinstance(extra, Mapping):
        return bool(extra.get("webhook_secret"))
    raise BadInput(f"connection {connection.conn_id!r}: extra: {type(extra).__name__}; expected a JSON object")
