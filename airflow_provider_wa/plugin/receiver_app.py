# SPDX-License-Identifier: Apache-2.0
"""Makes the receiver as Airflow's configuration wants it."""

from __future__ import annotations

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.common.compat.sdk import conf

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.media import MediaFolder
from airflow_provider_wa.plugin.sources import find_source
from airflow_provider_wa.receiver.app import MEGABYTE, Limits, Receiver

SECTION = "wa"


def make_receiver() -> Receiver:
    """The receiver over Airflow's connections, the store, and the folder for media.

    :raises BadInput: an option of the section ``[wa]`` is wrong.
    """
    return Receiver(find_source, get_store, MediaFolder(_media_path()).keep, Limits(max_body=_max_body()))


def _media_path() -> str:
    configured: str = conf.get(SECTION, "media_path", fallback="") or ""
    return configured.strip() or f"file://{AIRFLOW_HOME}/wa_media"


def _max_body() -> int:
    configured = conf.get(SECTION, "receiver_max_body_mb", fallback="") or "10"
    try:
        bytes_ = int(float(configured) * MEGABYTE)
    except (ValueError, OverflowError):
        bytes_ = 0
    if bytes_ < 1:
        raise BadInput(f"[{SECTION}] receiver_max_body_mb: {configured!r} is no number of megabytes")
    return bytes_
