# SPDX-License-Identifier: Apache-2.0
"""For all tests: a private Airflow, the sandbox, and property tests that are fast and the same each time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest
from helpers import tiers
from hypothesis import settings

if TYPE_CHECKING:
    from helpers.postgres import Postgres
    from helpers.vendors import Vendors

    from airflow_provider_wa.sandbox.server import Running
    from airflow_provider_wa.store.store import Store

# Before anything of Airflow is imported: it reads its configuration, and writes one, where this points to.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-tests-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


def _few_authorities() -> str:
    """A CA bundle of one, which is read in no time; certifi's takes longer than most exchanges here."""
    bundle = Path(os.environ["AIRFLOW_HOME"], "ca.pem")
    end = "-----END CERTIFICATE-----\n"
    bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    return str(bundle)


os.environ["SSL_CERT_FILE"] = _few_authorities()

settings.register_profile("fast", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("thorough", parent=settings.get_profile("fast"), derandomize=False, max_examples=5000)
settings.load_profile("fast")


def pytest_configure(config: pytest.Config) -> None:
    for tier, meaning in tiers.TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {meaning}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tiers.assign(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with tiers.guard_of(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with tiers.guard_of(item):
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _ready_tables() -> Iterator[None]:
    from helpers.ready_tables import ready_tables

    with ready_tables():
        yield


@pytest.fixture
def migrated_tables() -> Iterator[None]:
    """The tables of all stores of the test come from the migrations, and not from a copy."""
    from helpers import ready_tables

    with ready_tables.migrated_tables():
        yield


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Running]:
    from airflow_provider_wa.sandbox.server import serve_in_thread

    with serve_in_thread(delivery_seconds=0.05) as running:
        yield running


@pytest.fixture
def vendors(_sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Vendors:
    """The sandbox on a real socket, as after its start, and a connection to each of its vendors."""
    from helpers.vendors import Vendors

    return Vendors(_sandbox, monkeypatch)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server; a machine without one fails the test and says what to install."""
    from helpers.postgres import serve

    with serve() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database, once for each kind that the store may be in."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'wa_store.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def airflow_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store as operators, sensors and triggers find it: that of the connection ``wa_store_default``."""
    from helpers.connections import set_store

    from airflow_provider_wa.connections import store as stores

    set_store(monkeypatch, tmp_path / "wa_store.db")
    store = stores.get_store()
    yield store
    store.close()
    stores._url.cache_clear()
