# SPDX-License-Identifier: Apache-2.0
"""Nothing that the documents name is left out: each endpoint has a flow, a hook method, a sample and a line in docs."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.registry import VENDORS

DOCUMENTED: dict[str, list[str]] = {
    "wuzapi": [
        "/webhook",
        *(f"/session/{name}" for name in ("connect", "disconnect", "logout", "status", "qr")),
        *(f"/user/{name}" for name in ("info", "check", "avatar", "contacts")),
        *(
            f"/chat/send/{name}"
            for name in (
                "text",
                "template",
                "audio",
                "image",
                "document",
                "video",
                "sticker",
                "location",
                "contact",
            )
        ),
        *(f"/chat/{name}" for name in ("presence", "markread", "react")),
        *(f"/chat/download{name}" for name in ("image", "video", "audio", "document")),
        *(f"/group/{name}" for name in ("list", "invitelink", "info", "photo", "name")),
    ],
    "wa_portal": [
        *(
            f"/api/{name}"
            for name in (
                "sendText",
                "sendFiles",
                "sendFileWithCaption",
                "sendLocation",
                "sendContact",
                "sendTextButton",
                "sendFilesButton",
                "sendLocationButton",
                "sendList",
            )
        ),
        *(f"/api/{name}" for name in ("campaignStatus", "campaignReport", "qrCode", "qrCodeLink")),
        *(f"/api/{name}" for name in ("inboxReport", "inboxReportOffset", "checkBal", "groups", "contacts")),
    ],
    "green_api": [
        *("checkWhatsapp", "getStateInstance", "qr", "logout", "sendMessage", "sendFileByUrl", "sendFileByUpload"),
        *("sendLocation", "sendContact", "sendPoll", "receiveNotification", "deleteNotification"),
        *("lastIncomingMessages", "lastOutgoingMessages", "getMessage", "getContacts", "getGroupData", "getAvatar"),
        *("getSettings", "setSettings", "sendInteractiveButtons", "sendInteractiveButtonsReply", "forwardMessages"),
        *("editMessage", "deleteMessage", "readChat", "getChatHistory", "downloadFile"),
    ],
    "checkwa": ["/check/"],
    "accuauth": ["/check/whatsapp_advanced", "/check/whatsapp_basic"],
}
"""What the five documents, and for Green-API the field notes, name: written down from them, not from the code."""

EACH = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


@EACH
def test_every_documented_endpoint_is_spoken(vendor: type[Vendor]) -> None:
    spoken = {part.rstrip("/") for line in vendor.endpoints for part in line.name.split()}
    spoken |= {part.split("/")[-1] for part in spoken}
    assert [name for name in DOCUMENTED[vendor.name] if name.rstrip("/") not in spoken] == []


@EACH
def test_every_endpoint_has_a_flow_and_a_hook_method(vendor: type[Vendor]) -> None:
    module, _, name = FORMS[vendor.name].hook_class.rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    for line in vendor.endpoints:
        assert callable(getattr(vendor, line.flow, None)), line
        assert callable(getattr(hook, line.flow, None)), line


@EACH
def test_every_endpoint_has_a_sample(vendor: type[Vendor]) -> None:
    samples = importlib.import_module(f"contract.samples_{vendor.name}").SAMPLES
    assert [line.name for line in vendor.endpoints if not samples.get(line.name)] == []


@EACH
def test_every_endpoint_has_a_line_in_the_docs(vendor: type[Vendor]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text()
    assert [line.name for line in vendor.endpoints if f"| `{line.name}` |" not in page] == []


def test_no_cell_of_the_docs_is_empty() -> None:
    page = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) > 60
    assert [row for row in rows if any(not cell.strip() for cell in row.strip("|").split("|"))] == []
