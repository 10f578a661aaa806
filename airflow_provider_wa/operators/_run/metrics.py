# SPDX-License-Identifier: Apache-2.0
"""Metrics of sends and checks: the counts of a run, each passed once to Airflow's ``Stats`` (docs/metrics.md)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_wa.hooks.base import WaHook

SENDS, CHECKS, CALLS = "wa.sends", "wa.checks", "wa.calls"

log = logging.getLogger(__name__)


def count_outcomes(name: str, hook: WaHook, by_status: Mapping[str, int], calls: int) -> None:
    """Count the outcomes of a run by status, and its calls. Errors are only logged: metrics must not fail a run.

    :param name: ``SENDS`` or ``CHECKS``.
    """
    tags = {"conn_id": hook.wa_conn_id, "vendor": hook.conn_type}
    try:
        for status, number in by_status.items():
            if number:
                Stats.incr(name, number, tags={**tags, "status": status})
        if calls:
            Stats.incr(CALLS, calls, tags=tags)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("Airflow did not accept the metrics: %s", error)
