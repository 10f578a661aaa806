# SPDX-License-Identifier: Apache-2.0
"""Updates of the counts of deliveries: a part before a page is shown, the rest in the background."""

from __future__ import annotations

import logging
import threading
import time

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.store.deliveries import Followed

BUDGET_SECONDS = 0.08
"""Maximum seconds that a page waits for the update; the rest is done in the background."""

REST_SECONDS = 0.05
"""Seconds between two parts in the background, in which other processes can write to the store."""

log = logging.getLogger(__name__)

_at_work = threading.Lock()


def follow() -> Followed:
    """Count new events, and return the progress of the counting."""
    if not _at_work.acquire(blocking=False):
        return Followed(False, None)
    try:
        began = time.monotonic()
        followed = get_store().deliveries.follow()
        while not followed.complete and time.monotonic() - began < BUDGET_SECONDS:
            followed = get_store().deliveries.follow()
    finally:
        _at_work.release()
    if not followed.complete:
        threading.Thread(target=_go_on, name="wa-pages-deliveries", daemon=True).start()
    return followed


def _go_on() -> None:
    if not _at_work.acquire(blocking=False):
        return
    try:
        while not get_store().deliveries.follow().complete:
            time.sleep(REST_SECONDS)
    except WaError as error:
        log.warning("Deliveries cannot be counted at present: %s", error)
    finally:
        _at_work.release()
