# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.tasks import execute
from helpers.vendors import Vendors

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators.chat import WaDownloadMediaOperator, WaMarkReadOperator, WaReactOperator

pytestmark = pytest.mark.sockets


def test_a_reaction_is_put_on_a_message_and_taken_back(vendors: Vendors) -> None:
    sent = WaHook.for_connection("wuzapi_default").send("+1 202 555 0110", "hello")
    put = execute(WaReactOperator, to="+1 202 555 0110", message_id=sent.message_id, emoji="❤️", own=True)
    assert put["vendor"] == "wuzapi"
    execute(WaReactOperator, to="+1 202 555 0110", message_id=sent.message_id, emoji="", own=True)
    assert vendors.ledger("wuzapi")["requests"]["wuzapi"] == 3


def test_messages_are_marked_as_read(vendors: Vendors) -> None:
    assert execute(WaMarkReadOperator, message_ids=["A1", "A2"], chat="12025550110@s.whatsapp.net") is None
    assert execute(WaMarkReadOperator, message_ids="A1", chat="12025550110@s.whatsapp.net") is None
    for nothing in ([], ["A1", " "]):
        with pytest.raises(AirflowFailException, match="no message to mark, or one has an empty id"):
            execute(WaMarkReadOperator, message_ids=nothing, chat="12025550110@s.whatsapp.net")


def test_the_file_of_a_message_is_written_and_not_returned(vendors: Vendors, tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    coded = base64.b64encode(picture).decode()
    vendors.control("inbox", vendor="wuzapi", media=coded, mimetype="image/png", **{"from": "12025550111"})
    (message,) = httpx.get(f"{vendors.url}/sandbox/inbox", params={"vendor": "wuzapi"}).json()["messages"]
    path = tmp_path / "new" / "a.png"
    done = execute(WaDownloadMediaOperator, kind="image", reference=message["download"], output_path=str(path))
    assert (done["media_type"], done["output"], done["bytes"]) == ("image/png", str(path), len(picture))
    assert "content" not in done
    assert path.read_bytes() == picture


def test_a_reference_is_a_dict(vendors: Vendors, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="expected a dict, got str"):
        execute(WaDownloadMediaOperator, kind="image", reference="A1", output_path=str(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (WaMarkReadOperator, {"message_ids": "A1", "chat": "1@g.us"}),
        (WaDownloadMediaOperator, {"kind": "image", "reference": {"Url": "x"}, "output_path": "/tmp/never"}),
    ],
)
def test_a_vendor_without_the_capability_names_those_that_have_it(
    vendors: Vendors, operator: type[Any], arguments: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException, match="connection types that can: green_api, wuzapi"):
        execute(operator, "wa_portal_default", **arguments)
