# SPDX-License-Identifier: Apache-2.0
"""A vendor of another package: found by Airflow's registry, with no file of this package changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import pigeon_wa
from helpers.pigeon_wa.sandbox import PIGEON, TOKEN

from airflow_provider_wa.sandbox.server import serve_in_thread
from airflow_provider_wa.sandbox.vendors import VENDORS

pytestmark = pytest.mark.system

METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: pigeon-wa\nVersion: 0.1\n",
    "entry_points.txt": "[apache_airflow_provider]\nprovider_info = pigeon_wa:get_provider_info\n",
}

PROGRAM = """
import json
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.operators.session import WaLogoutSessionOperator

PEOPLE = ["+51 987 654 321", "+51 987 654 300", "no number", "51987654322"]
common = {"wa_conn_id": "my_pigeon"}
check = WaBulkCheckOperator(task_id="check", numbers=PEOPLE, default_region="PE", **common).execute({})
there = [row["number"] for row in check["results"] if row["status"] == "exists"]
send = WaBulkSendOperator(task_id="send", recipients=there, message="coo", **common).execute({})
try:
    WaLogoutSessionOperator(task_id="logout", **common).execute({})
except Exception as error:
    refused = str(error)
hook = WaHook.for_connection("my_pigeon")
found = {"hook": type(hook).__name__, "tested": hook.test_connection(), "refused": refused}
print(json.dumps({**found, "check": check, "send": send}))
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_in_thread(delivery_seconds=0.02, vendors=(*VENDORS, PIGEON)) as running:
        yield running.url


def run(folder: Path, url: str) -> dict[str, Any]:
    """Run the program where the vendor's package is installed in a folder of its own."""
    shutil.copytree(Path(pigeon_wa.__file__).parent, folder / "pigeon_wa")
    (folder / "pigeon_wa-0.1.dist-info").mkdir()
    for name, text in METADATA.items():
        (folder / "pigeon_wa-0.1.dist-info" / name).write_text(text)
    connection = {"conn_type": "pigeon", "host": f"{url}/pigeon", "password": TOKEN}
    package = Path(__file__).parent.parent.parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(package)]),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW_CONN_MY_PIGEON": json.dumps(connection),
    }
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert TOKEN not in done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_it_checks_and_sends_by_the_operators_as_every_vendor_does(tmp_path: Path, url: str) -> None:
    found = run(tmp_path, url)
    assert found["hook"] == "PigeonHook"
    assert found["tested"] == [True, "credentials are set"]
    assert [row["status"] for row in found["check"]["results"]] == ["exists", "absent", "invalid", "exists"]
    assert (found["send"]["total"], found["send"]["accepted"]) == (2, 2)
    assert "pigeon" in found["refused"]
    ledger = httpx.get(f"{url}/sandbox/ledger", params={"vendor": "pigeon"}).json()
    assert [(message["to"], message["text"]) for message in ledger["messages"]] == [
        ("51987654321", "coo"),
        ("51987654322", "coo"),
    ]
    assert len(ledger["checks"]) == 3
