# SPDX-License-Identifier: Apache-2.0
"""LIDs and numbers of the same person, learnt from a vendor's answers and kept in the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.records import Record
from airflow_provider_wa.connections.store import get_store

T = TypeVar("T")

log = logging.getLogger(__name__)


def learnt(answer: T) -> T:
    """Return an answer, a record or a list of records, after storing the pairs of LID and number in it.

    The answer matters more than the pairs: it is returned even if the store fails.
    """
    records: list[Any] = answer if isinstance(answer, list) else [answer]
    learn({lid: phone for each in records if isinstance(each, Record) for lid, phone in each.known_lids.items()})
    return answer


def learn(pairs: Mapping[str, str]) -> None:
    """Store pairs of LID and number (digits), if the store can be reached."""
    if not pairs:
        return
    try:
        get_store().identities.learn(pairs)
    except WaError as error:
        log.info("the pairs of LID and number could not be stored: %s", error)
