# SPDX-License-Identifier: Apache-2.0
"""All names of the people in a wait: a vendor may report a message under another name than the wait has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import ReportsDelivery
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, Record
from airflow_provider_wa.connections.identities import learnt
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.waiting.vendor_source import Run


def all_names(people: Iterable[str], records: Iterable[Record] = ()) -> Mapping[str, Sequence[str]]:
    """Return all names of each person, after storing the pairs of LID and number in a vendor's records. Blocking.

    A wait that asks the vendor does not need a store: without one, the given name is the only name.
    """
    asked = list(people)
    learnt(list(records))
    if not asked:
        return {}
    try:
        return get_store().identities.names(asked)
    except WaError:
        return {name: (name,) for name in asked}


async def message_status(
    run: Run, vendor: ReportsDelivery, message_id: str, to: str | None, names: Sequence[str]
) -> DeliveryStatus:
    """Return the status of a message by its recipient; if it is unknown, by the recipient's other names.

    :param names: all names of the recipient.
    """
    status = await run(vendor.message_status(message_id, to=to))
    by_lid = jids.is_lid(to or "")
    for name in names:
        if status.state is not DeliveryState.UNKNOWN:
            break
        if jids.is_lid(name) is not by_lid:
            status = await run(vendor.message_status(message_id, to=name))
    return status
