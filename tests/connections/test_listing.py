# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from airflow.models.connection import Connection
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from airflow_provider_wa.connections import listing
from airflow_provider_wa.connections.listing import conn_types, list_connections
from airflow_provider_wa.provider_info import FORMS


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Airflow's database, with an empty table of connections."""
    engine = create_engine("sqlite://")
    Connection.__table__.create(engine)
    session = Session(engine)

    @contextmanager
    def create_session() -> Iterator[Session]:
        yield session

    monkeypatch.setattr("airflow.utils.session.create_session", create_session)
    yield session
    session.close()
    engine.dispose()


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("MY_WA", json.dumps({"conn_type": "wuzapi"}), {"my_wa": "wuzapi"}),
        ("MY_WA", "green-api://user:secret@host/?x=1", {"my_wa": "green_api"}),
        ("SALES___MY_WA", json.dumps({"conn_type": "checkwa"}), {"my_wa": "checkwa"}),
        ("MY_DB", json.dumps({"conn_type": "postgres"}), {}),
        ("NO_TYPE", json.dumps({"host": "x"}), {}),
        ("A_LIST", "[1]", {}),
        ("NULL", '{"conn_type": null}', {}),
        ("BROKEN", '{"conn_type": "wuzapi"', {}),
        ("BROKEN_URI", "wuzapi://[::1", {}),
        ("EMPTY", "", {}),
    ],
)
def test_connections_of_the_environment_are_listed_by_their_type(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, found: dict[str, str]
) -> None:
    monkeypatch.setattr(listing.os, "environ", {f"AIRFLOW_CONN_{variable}": value, "PATH": "/bin"})
    assert list_connections() == found


def test_connections_of_the_database_are_listed_and_the_environment_has_precedence(
    monkeypatch: pytest.MonkeyPatch, database: Session
) -> None:
    types = {"z_wa": "wuzapi", "my_wa": "wuzapi", "a_db": "postgres"}
    database.add_all(Connection(conn_id=conn_id, conn_type=each) for conn_id, each in types.items())
    database.flush()
    monkeypatch.setattr(listing.os, "environ", {"AIRFLOW_CONN_MY_WA": "checkwa://host"})
    assert list_connections() == {"my_wa": "checkwa", "z_wa": "wuzapi"}
    assert list(list_connections()) == ["my_wa", "z_wa"]


def test_the_types_are_ours_with_the_names_of_their_forms_and_those_of_packages_that_need_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"pigeon": ("Pigeon", "pigeon-wa"), "postgres": ("Postgres", "other"), "bare": ("Bare", "not-installed")}
    needs = {"pigeon-wa": ["httpx", "airflow-provider-wa>=0.1"], "other": ["psycopg"]}

    def requires(package: str) -> list[str]:
        if package not in needs:
            raise listing.metadata.PackageNotFoundError(package)
        return needs[package]

    monkeypatch.setattr(listing, "known_types", lambda: known)
    monkeypatch.setattr(listing.metadata, "requires", requires)
    assert dict(conn_types()) == {**{name: form.hook_name for name, form in FORMS.items()}, "pigeon": "Pigeon"}
