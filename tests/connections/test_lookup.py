# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import supervisor, task_runner
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_provider_wa.connections import store
from airflow_provider_wa.connections.lookup import LookupFailed, find_connection
from airflow_provider_wa.plugin.sources import find_source

CONN_ID = "some_wa"


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
        find_source(CONN_ID)
