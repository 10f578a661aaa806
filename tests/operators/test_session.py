# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from helpers.tasks import execute
from helpers.vendors import Vendors

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators.session import (
    WaConnectSessionOperator,
    WaDisconnectSessionOperator,
    WaLogoutSessionOperator,
    WaQrCodeOperator,
    WaSetWebhookOperator,
)

pytestmark = pytest.mark.sockets


def test_connecting_tells_the_session_and_may_be_repeated(vendors: Vendors) -> None:
    vendors.state.log_out("wuzapi")
    assert execute(WaConnectSessionOperator)["state"] == "logged_out"
    vendors.state.scan("wuzapi")
    assert execute(WaConnectSessionOperator)["state"] == "logged_in"


def test_disconnecting_keeps_the_login_and_logging_out_does_not(vendors: Vendors) -> None:
    execute(WaDisconnectSessionOperator)
    assert execute(WaConnectSessionOperator)["state"] == "logged_in"
    execute(WaLogoutSessionOperator)
    assert execute(WaConnectSessionOperator)["state"] == "logged_out"


def test_green_api_logs_out_too(vendors: Vendors) -> None:
    execute(WaLogoutSessionOperator, "green_api_default")
    assert not WaHook.for_connection("green_api_default").session().logged_in


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api"])
def test_the_qr_code_is_a_png_file_and_nothing_else(vendors: Vendors, tmp_path: Path, conn_type: str) -> None:
    vendors.state.log_out(conn_type)
    if conn_type == "wuzapi":
        execute(WaConnectSessionOperator)
        vendors.state.sessions["wuzapi"].connected_at -= 5  # the code is there a moment after connecting
    path = tmp_path / "new" / "qr.png"
    assert execute(WaQrCodeOperator, f"{conn_type}_default", output_path=str(path)) == str(path)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api"])
def test_there_is_no_qr_code_while_logged_in(vendors: Vendors, tmp_path: Path, conn_type: str) -> None:
    with pytest.raises(AirflowSkipException, match="logged in already"):
        execute(WaQrCodeOperator, f"{conn_type}_default", output_path=str(tmp_path / "qr.png"))


def test_a_qr_code_goes_into_a_png_only(vendors: Vendors, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="must end with"):
        execute(WaQrCodeOperator, output_path=str(tmp_path / "qr.txt"))


def test_the_webhook_is_set_with_all_events_and_its_url_is_not_returned(vendors: Vendors) -> None:
    set_ = execute(WaSetWebhookOperator, url="https://www.example.com/hooks/s3cr3t")
    assert set(set_) == {"vendor", "events", "warning"}
    assert "Message" in set_["events"]
    assert WaHook.for_connection("wuzapi_default").webhook().url == "https://www.example.com/hooks/s3cr3t"
    assert execute(WaSetWebhookOperator, url="https://www.example.com/a", events=["ReadReceipt"])["events"] == [
        "ReadReceipt"
    ]


def test_the_receiver_of_the_connection_is_the_webhook_by_default(vendors: Vendors) -> None:
    extra = {"callback_base_url": "https://wa.example.com", "webhook_secret": "hush"}
    conn_id = vendors.connect("wuzapi", "with_receiver", extra=extra)
    execute(WaSetWebhookOperator, conn_id)
    seen = WaHook.for_connection("wuzapi_default").webhook().url
    assert seen == "https://wa.example.com/wa/hooks/with_receiver/hush"
    with pytest.raises(AirflowFailException, match=r"url: it is missing; .* set callback_base_url"):
        execute(WaSetWebhookOperator)
    with pytest.raises(AirflowFailException, match=r"url: .* expected http"):
        execute(WaSetWebhookOperator, url="ftp://x")


@pytest.mark.parametrize("operator", [WaConnectSessionOperator, WaDisconnectSessionOperator, WaLogoutSessionOperator])
def test_a_vendor_without_the_capability_names_those_that_have_it(vendors: Vendors, operator: type[Any]) -> None:
    with pytest.raises(AirflowFailException, match=r"connection types that can: .*wuzapi"):
        execute(operator, "accuauth_default")
