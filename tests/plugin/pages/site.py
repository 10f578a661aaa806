# SPDX-License-Identifier: Apache-2.0
"""A real ``airflow api-server`` with the pages, two users, and the sandbox behind its connections."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from helpers.airflow_processes import Airflow, migrated_database

from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.store.store import Store

PASSWORDS = {"ana": "ana-2f81c0", "vic": "vic-77a1be"}
ROLES = {"ana": "admin", "vic": "viewer"}
SECRET = "hook-c0ffee42"
START_SECONDS = 90


@dataclass(frozen=True)
class Site:
    """The server at work. ``prefix`` is the path of ``[api] base_url``."""

    airflow: Airflow
    prefix: str = ""

    @property
    def url(self) -> str:
        """The address of Airflow."""
        return f"{self.airflow.url}{self.prefix}"

    @property
    def pages(self) -> str:
        """The address of the pages."""
        return f"{self.url}/wa/ui"

    @property
    def store_url(self) -> str:
        """The store's database."""
        return f"sqlite:///{self.airflow.folder / 'wa_store.db'}"

    def token(self, user: str) -> str:
        """Log a user in."""
        body = {"username": user, "password": PASSWORDS[user]}
        reply = httpx.post(f"{self.url}/auth/token", json=body, timeout=30)
        return str(reply.raise_for_status().json()["access_token"])

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store."""
        with closing(Store(self.store_url, ["STOP"])) as store:
            yield store


def connections(sandbox: Running) -> dict[str, str]:
    """A connection to each vendor of the sandbox, as environment variables."""
    found = {}
    for vendor in VENDORS:
        credentials = {name: value for name, value in asdict(vendor.credentials).items() if value}
        extra = {"webhook_secret": SECRET, "callback_base_url": "http://127.0.0.1:9"}
        fields = {"conn_type": vendor.name, "host": f"{sandbox.url}{vendor.prefix}", **credentials, "extra": extra}
        found[f"AIRFLOW_CONN_{vendor.name.upper()}_MAIN"] = json.dumps(fields)
    return found


@contextmanager
def running_site(folder: Path, sandbox: Running, prefix: str = "", **variables: str) -> Iterator[Site]:
    """Run the server until the block ends."""
    shutil.copy(migrated_database(), folder / "airflow.db")
    (folder / "passwords.json").write_text(json.dumps(PASSWORDS))
    own: Mapping[str, str] = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        # Airflow 3.1.1 makes tokens without an issuer, which newer releases of PyJWT refuse.
        "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
        "AIRFLOW__API__SECRET_KEY": "only-for-this-test-on-loopback",
        **connections(sandbox),
        **variables,
    }
    airflow = Airflow(folder, own)
    if prefix:
        airflow.environment["AIRFLOW__API__BASE_URL"] = f"{airflow.url}{prefix}"
    site = Site(airflow, prefix)
    airflow.start("api-server")
    try:
        airflow.wait("the pages", lambda: _is_up(site), START_SECONDS)
        yield site
    finally:
        airflow.end()


def _is_up(site: Site) -> bool:
    try:
        return httpx.get(f"{site.pages}/static/wa.css", timeout=5).status_code == 200
    except httpx.TransportError:
        time.sleep(0.3)
        return False
