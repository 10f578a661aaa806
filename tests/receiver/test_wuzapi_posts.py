# SPDX-License-Identifier: Apache-2.0
"""All that WuzAPI's server posts, from the sandbox over sockets into the receiver's store."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest
from helpers.vendors import Vendors
from receiver.kit import SECRET, Kit
from receiver.test_sockets import serving, wait_for

from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.sandbox.wuzapi import event_samples
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

pytestmark = pytest.mark.sockets

KEY = "0123456789abcdef0123456789abcdef"
PHONE = "51987654321"


@pytest.fixture
def kit(store: Store, vendors: Vendors) -> Kit:
    def connection(conn_id: str, key: str) -> WebhookConnection:
        vendor = WuzApi(base_url=f"{vendors.url}/wuzapi", token=wuzapi.TOKEN, hmac_secret=key)
        return WebhookConnection(conn_id, vendor, SECRET)

    return Kit(store, connections={"wuz": connection("wuz", ""), "signed": connection("signed", KEY)})


@pytest.fixture
def base(kit: Kit, vendors: Vendors) -> Iterator[str]:
    with serving(kit) as url:
        yield f"{url}/wa/hooks"
        vendors.control("reset")


def point(vendors: Vendors, url: str, *events: str) -> None:
    """Set the webhook at the server, and subscribe it to events."""
    body = {"webhookURL": url, "events": [*events]}
    reply = httpx.post(f"{vendors.url}/wuzapi/webhook", json=body, headers={"Token": wuzapi.TOKEN})
    reply.raise_for_status()


def test_every_type_of_event_is_stored(kit: Kit, vendors: Vendors, base: str) -> None:
    vendors.control("generation", vendor="wuzapi", generation="newest")
    kinds = [*event_samples.SAMPLES]
    point(vendors, f"{base}/wuz/{SECRET}", *kinds)
    for kind in kinds:
        vendors.control("events", vendor="wuzapi", type=kind)
    stored = wait_for(kit, len(kinds))
    assert sorted(event.vendor_kind for event in stored) == sorted(kinds)
    whole = kit.store.events.get([event.id for event in stored])
    assert len(whole) == len(kinds)
    assert event_samples.QR not in json.dumps([event.raw for event in whole])


def test_a_form_with_a_file_is_stored_by_the_signature_of_its_fields(kit: Kit, vendors: Vendors, base: str) -> None:
    vendors.control("generation", vendor="wuzapi", generation="document")
    vendors.control("webhook", vendor="wuzapi", url=f"{base}/signed/{SECRET}", hmac_key=KEY)
    picture = b"\x89PNG\r\n\x1a\n a picture"
    media = {"media": base64.b64encode(picture).decode(), "mimetype": "image/png", "filename": "a.png"}
    vendors.control("inbox", vendor="wuzapi", text="<look> & see", **{"from": PHONE}, **media)
    (event,) = wait_for(kit, 1)
    assert event.content["text"] == "<look> & see"
    assert kit.kept[str(event.file)] == picture


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "json"])
def test_of_a_file_that_is_too_large_the_text_is_stored(
    kit: Kit, vendors: Vendors, base: str, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WuzApi, "largest_post", 4000)
    monkeypatch.setattr(kit.app, "_limits", type(kit.limits)(4000, 0.0))
    vendors.control("webhook", vendor="wuzapi", url=f"{base}/wuz/{SECRET}", json=as_json)
    media = {"media": base64.b64encode(b"\x00film" * 5000).decode(), "mimetype": "video/mp4", "filename": "a.mp4"}
    vendors.control("inbox", vendor="wuzapi", text="a long film", **{"from": PHONE}, **media)
    (event,) = wait_for(kit, 1)
    assert (event.content["text"], event.content["kind"], event.file) == ("a long film", "video", None)
