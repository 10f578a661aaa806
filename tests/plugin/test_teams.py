# SPDX-License-Identifier: Apache-2.0
"""``wa-receiver`` beside an Airflow with teams, whose connections are in its database and in its variables."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from helpers.airflow_processes import migrated_database
from receiver.processes import CONNECTION, SECRET, connections, environment, running

from airflow_provider_wa.store.store import Store

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def post(url: str, conn_id: str, token: str) -> int:
    body = {"num": "51987654321", "token": token, "code": "1"}
    return httpx.post(f"{url}/wa/hooks/{conn_id}/{SECRET}", json=body, timeout=30).status_code


def test_posts_for_connections_of_teams_are_taken(tmp_path: Path) -> None:
    shutil.copy(migrated_database(), tmp_path / "airflow.db")
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as database, database:
        database.execute("INSERT INTO team (name) VALUES ('sales')")
        database.execute(
            "INSERT INTO connection (conn_id, conn_type, login, password, extra, is_encrypted, is_extra_encrypted,"
            " team_name) VALUES ('of_sales', 'checkwa', 'ana', 'key', ?, 0, 0, 'sales')",
            [json.dumps({"webhook_secret": SECRET})],
        )
    environ = environment(
        tmp_path,
        AIRFLOW__CORE__MULTI_TEAM="True",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/airflow.db",
        **connections(_support___in_a_variable=CONNECTION, of_all=CONNECTION),
    )
    with running(tmp_path, environ=environ) as receiver:
        known = ("of_sales", "sales___of_sales", "support___in_a_variable", "of_all")
        assert {conn_id: post(receiver.url, conn_id, conn_id) for conn_id in known} == dict.fromkeys(known, 200)
        for unknown in ("in_a_variable", "support___of_sales", "sales___in_a_variable", "___of_sales"):
            assert post(receiver.url, unknown, "no") == (200 if unknown == "___of_sales" else 404)
    with closing(Store(f"sqlite:///{tmp_path}/wa_store.db")) as store:
        stored = [event.conn_id for event in store.events.after(0, 10)]
    assert stored == ["of_sales", "of_sales", "in_a_variable", "of_all", "of_sales"]
