# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import airflow
import pytest
from airflow.providers.common.compat.sdk import BaseHook
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import supervisor, task_runner
from airflow.sdk.execution_time.comms import ErrorResponse
from helpers.connections import SECRETS, Connect, assert_no_secret

from airflow_provider_wa.connections import store
from airflow_provider_wa.connections.lookup import (
    ConnectionType,
    LookupFailed,
    find_connection,
    find_for_server,
    get_connected,
)
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.plugin.receiver_app import find_webhook_connection

CONN_ID = "some_wa"
AIRFLOW = tuple(int(part) for part in airflow.__version__.split(".")[:2])


class Vault:
    """A secrets backend that cannot be reached."""

    def get_connection(self, conn_id: str) -> None:
        raise OSError("the vault is sealed: it was asked for hunter2")


class Supervisor:
    """What a worker asks for connections, with an answer that no working Airflow gives when asked to."""

    def __init__(self, error: ErrorType) -> None:
        self.error = error

    def send(self, message: Any) -> ErrorResponse:
        return ErrorResponse(error=self.error)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: [Vault()])


def test_a_connection_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", "wuzapi://:token@host")
    found = find_connection(CONN_ID)
    assert found is not None
    assert found.conn_type == "wuzapi"


def test_a_connection_that_is_not_there() -> None:
    assert find_connection(CONN_ID) is None


@pytest.mark.usefixtures("sealed")
def test_a_backend_that_fails_is_not_taken_for_one_without_the_connection() -> None:
    with pytest.raises(LookupFailed, match="cannot be looked up") as failed:
        find_connection(CONN_ID)
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize("error", [ErrorType.API_SERVER_ERROR, ErrorType.GENERIC_ERROR])
def test_an_api_server_that_fails_is_no_answer(monkeypatch: pytest.MonkeyPatch, error: ErrorType) -> None:
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(error), raising=False)
    with pytest.raises(LookupFailed, match=error.value):
        find_connection(CONN_ID)


def test_an_api_server_that_knows_of_none_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor_of_a_task = Supervisor(ErrorType.CONNECTION_NOT_FOUND)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor_of_a_task, raising=False)
    assert find_connection(CONN_ID) is None


@pytest.mark.usefixtures("sealed")
def test_the_store_is_not_another_one_while_nobody_can_tell() -> None:
    store._url.cache_clear()
    with pytest.raises(LookupFailed):
        store.get_store()


@pytest.mark.usefixtures("sealed")
def test_the_receiver_does_not_call_a_connection_unknown_while_nobody_can_tell() -> None:
    with pytest.raises(LookupFailed):
        find_webhook_connection(CONN_ID)


def test_a_connection_becomes_its_settings_its_vendor_and_the_way_to_it(connect: Connect) -> None:
    found = get_connected(connect("wuzapi", timeout=5, hmac_secret=SECRETS["hmac_secret"]))

    assert (found.settings.conn_id, found.vendor.name, found.endpoint.timeout) == ("my_wa", "wuzapi", 5)
    assert found.vendor.base_url == found.endpoint.base_url == found.settings.base_url
    assert set(found.endpoint.secrets) == {SECRETS["password"], SECRETS["hmac_secret"]}
    assert_no_secret(repr(found))


def test_a_connection_is_looked_up_once(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    get_connection = BaseHook.get_connection

    def watched(conn_id: str) -> Any:
        looked_up.append(conn_id)
        return get_connection(conn_id)

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(watched))
    get_connected(connect("wuzapi"))
    assert looked_up == ["my_wa"]


def test_a_type_needs_a_vendor() -> None:
    class Half(ConnectionType):
        form = WuzApiHook.form

    with pytest.raises(TypeError, match="make_vendor"):
        Half()  # type: ignore[abstract]


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two teams and nobody's own connection, in Airflow's variables."""
    monkeypatch.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
    monkeypatch.setenv(f"AIRFLOW_CONN__SALES___{CONN_ID.upper()}", "wuzapi://:token@sales.test")
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", "wuzapi://:token@all.test")


@pytest.mark.skipif(AIRFLOW < (3, 2), reason="Airflow 3.1 has no teams")
@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize(
    ("path", "host"),
    [(CONN_ID, "all.test"), (f"sales___{CONN_ID}", "sales.test"), (f"support___{CONN_ID}", "all.test")],
)
def test_a_server_finds_the_connection_of_the_team_that_the_path_names(path: str, host: str) -> None:
    own_id, found = find_for_server(path)
    assert (own_id, found and found.host) == (CONN_ID, host)


@pytest.mark.usefixtures("teams", "sealed")
def test_a_backend_that_fails_hides_no_team() -> None:
    with pytest.raises(LookupFailed, match="Vault: OSError") as failed:
        find_for_server(f"sales___{CONN_ID}")
    assert "hunter2" not in str(failed.value)


def test_without_teams_an_id_is_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_A___B", "wuzapi://:token@host")
    own_id, found = find_for_server("a___b")
    assert (own_id, found and found.host) == ("a___b", "host")
