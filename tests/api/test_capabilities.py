# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.capabilities import (
    CAPABILITIES,
    ChecksAgain,
    ChecksNumbers,
    Connects,
    DownloadsMedia,
    HasBalance,
    HasInbox,
    HasQrCode,
    HasSession,
    KeepsQueue,
    ListsContacts,
    ListsGroups,
    LogsOut,
    MarksRead,
    PairsPhone,
    RepeatsById,
    ReportsDeliveries,
    ReportsDelivery,
    SendsMessages,
    SetsWebhook,
    keeps_inbox,
    require,
    require_message,
    unsupported,
    who_can,
)
from airflow_provider_wa.api.errors import UnsupportedByVendor
from airflow_provider_wa.api.messages import Image, Media, Poll, Reaction, Text
from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.vendors.accuauth.client import AccuAuth
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.registry import VENDORS
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

WHO_CAN: dict[type[Any], list[str]] = {
    ChecksNumbers: ["accuauth", "checkwa", "green_api", "wuzapi"],
    ChecksAgain: ["accuauth"],
    SendsMessages: ["green_api", "wa_portal", "wuzapi"],
    RepeatsById: ["wuzapi"],
    HasSession: ["green_api", "wa_portal", "wuzapi"],
    PairsPhone: ["wuzapi"],
    HasQrCode: ["green_api", "wa_portal", "wuzapi"],
    ReportsDelivery: ["green_api", "wa_portal"],
    ReportsDeliveries: ["green_api", "wa_portal"],
    HasInbox: ["green_api", "wa_portal", "wuzapi"],
    KeepsQueue: ["green_api"],
    ListsContacts: ["green_api", "wa_portal", "wuzapi"],
    ListsGroups: ["wa_portal", "wuzapi"],
    HasBalance: ["wa_portal"],
    Connects: ["wuzapi"],
    LogsOut: ["green_api", "wuzapi"],
    SetsWebhook: ["green_api", "wuzapi"],
    PostsEvents: ["checkwa", "green_api", "wa_portal", "wuzapi"],
    MarksRead: ["green_api", "wuzapi"],
    DownloadsMedia: ["green_api", "wuzapi"],
}
VENDOR: dict[str, Vendor] = {
    "accuauth": AccuAuth(base_url="http://x", api_id="i", api_secret="s"),
    "checkwa": CheckWa(base_url="http://x", user="u", api_key="k"),
    "green_api": GreenApi(base_url="http://x", instance_id="1", token="t"),
    "wa_portal": WaPortal(base_url="http://x", token="t"),
    "wuzapi": WuzApi(base_url="http://x", token="t"),
}


def test_every_capability_and_vendor_is_in_the_tables() -> None:
    assert set(CAPABILITIES) == set(WHO_CAN)
    assert [vendor.name for vendor in VENDORS] == sorted(VENDOR)


@pytest.mark.parametrize("capability", WHO_CAN, ids=lambda c: c.__name__)
def test_who_can(capability: type[Any]) -> None:
    assert who_can(capability, VENDORS) == WHO_CAN[capability]


@pytest.mark.parametrize("name", VENDOR)
@pytest.mark.parametrize("capability", WHO_CAN, ids=lambda c: c.__name__)
def test_require_gives_the_vendor_or_names_those_that_can(capability: type[Any], name: str) -> None:
    vendor = VENDOR[name]
    if name in WHO_CAN[capability]:
        assert require(vendor, capability, VENDORS) is vendor
        return
    with pytest.raises(UnsupportedByVendor) as caught:
        require(vendor, capability, VENDORS)
    assert caught.value.vendor == name
    assert CAPABILITIES[capability] in str(caught.value)
    assert str(caught.value).endswith(": " + ", ".join(WHO_CAN[capability]))


def test_how_many_numbers_a_check_takes() -> None:
    found = {name: vendor.numbers_per_check for name, vendor in VENDOR.items() if isinstance(vendor, ChecksNumbers)}
    assert found == {"accuauth": 1, "checkwa": 1, "green_api": 1, "wuzapi": 50}


def test_a_deed_that_nobody_can_do_names_nobody() -> None:
    assert str(unsupported("wuzapi", "fly", [])) == "wuzapi: this vendor cannot fly"


def test_a_kind_of_message_that_a_vendor_lacks_names_those_that_have_it() -> None:
    require_message(VENDOR["wuzapi"], Poll("Tea?", ("yes", "no")), VENDORS)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedByVendor, match=r"of the type poll; connection types that can: green_api, wuzapi$"):
        require_message(VENDOR["wa_portal"], Poll("Tea?", ("yes", "no")), VENDORS)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedByVendor, match=r"of the type reaction; connection types that can: wuzapi$"):
        require_message(VENDOR["green_api"], Reaction("A1", "x"), VENDORS)  # type: ignore[arg-type]


def test_an_inbox_that_must_be_switched_on_is_no_inbox_by_default() -> None:
    assert {name for name, vendor in VENDOR.items() if keeps_inbox(vendor)} == {"green_api", "wa_portal"}


def test_an_option_that_a_vendor_would_drop_is_refused() -> None:
    message = Image(Media(b"x"), mentions=("51987654321",))
    require_message(VENDOR["wuzapi"], message, VENDORS)  # type: ignore[arg-type]
    for option, refused in (("mentions", message), ("link_preview", Text("hi", link_preview=True))):
        with pytest.raises(
            UnsupportedByVendor, match=rf"cannot send {option} with messages of the type {refused.type}"
        ):
            require_message(VENDOR["wa_portal"], refused, VENDORS)  # type: ignore[arg-type]
