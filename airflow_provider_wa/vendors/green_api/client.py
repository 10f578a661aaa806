# SPDX-License-Identifier: Apache-2.0
"""Green-API (vendor-docs/green_api; all but checkWhatsapp by the field notes and the vendor's public pages)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.vendors.base import Documented, ErrorRule
from airflow_provider_wa.vendors.green_api.account import Account
from airflow_provider_wa.vendors.green_api.chats import Chats
from airflow_provider_wa.vendors.green_api.directory import Directory
from airflow_provider_wa.vendors.green_api.messages import OPTIONS, SENDS
from airflow_provider_wa.vendors.green_api.reports import Reports
from airflow_provider_wa.vendors.green_api.tables import (
    ENDPOINTS,
    ERRORS,
    NAME,
    QUEUE_WAITS,
    REPORT_SECONDS,
    UPLOAD_TIMEOUT,
)


class GreenApi(Account, Chats, Reports, Directory):
    """One Green-API instance. Its id and token are in every path.

    :param media_url: the instance's mediaUrl, where files are uploaded to; derived from ``base_url`` if empty.
    :param clock: function that returns the present moment.
    """

    name: ClassVar[str] = NAME
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS
    numbers_per_check: ClassVar[int] = 1
    sends: ClassVar[Collection[type[Message]]] = SENDS.keys()
    message_options: ClassVar[Mapping[str, Collection[type[Message]]]] = OPTIONS
    longest_send: ClassVar[float] = UPLOAD_TIMEOUT
    queue_waits: ClassVar[range] = QUEUE_WAITS
    report_seconds: ClassVar[float] = REPORT_SECONDS
