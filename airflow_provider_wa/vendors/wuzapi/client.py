# SPDX-License-Identifier: Apache-2.0
"""WuzAPI, a self-hosted server (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from airflow_provider_wa.api.messages import Buttons, Message
from airflow_provider_wa.vendors.base import Documented, ErrorRule
from airflow_provider_wa.vendors.wuzapi.account import Account
from airflow_provider_wa.vendors.wuzapi.chats import Chats
from airflow_provider_wa.vendors.wuzapi.directory import Directory
from airflow_provider_wa.vendors.wuzapi.messages import OPTIONS, SENDS
from airflow_provider_wa.vendors.wuzapi.reports import Reports
from airflow_provider_wa.vendors.wuzapi.tables import (
    ENDPOINTS,
    ERRORS,
    FILE_MARKS,
    LARGEST_POST,
    NAME,
    NUMBERS_PER_CHECK,
    SEND_TIMEOUT,
)


class WuzApi(Account, Chats, Reports, Directory):
    """One user of a WuzAPI server, identified by the user's token; with ``hmac_secret`` each post must be signed."""

    name: ClassVar[str] = NAME
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS
    numbers_per_check: ClassVar[int] = NUMBERS_PER_CHECK
    sends: ClassVar[Collection[type[Message]]] = frozenset({*SENDS, Buttons})
    message_options: ClassVar[Mapping[str, Collection[type[Message]]]] = OPTIONS
    longest_send: ClassVar[float] = SEND_TIMEOUT
    inbox_by_default: ClassVar[bool] = False
    largest_post: ClassVar[int] = LARGEST_POST
    file_marks: ClassVar[tuple[tuple[bytes, bytes], ...]] = FILE_MARKS
