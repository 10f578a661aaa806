# SPDX-License-Identifier: Apache-2.0
"""A bulk task that is marked failed or cleared while it runs: Airflow sends SIGTERM, and SIGKILL five seconds later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.sandbox.server import Running, serve_in_thread
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.system

ESCALATION_SECONDS = 5
ROWS = 5000
WORKERS = 4

TASK = """
import signal, sys
from helpers.tasks import run_of
from airflow_provider_wa.operators.{module} import {operator}

made = {operator}(
    task_id="t", wa_conn_id="my_wa", {items}={numbers}, concurrency={workers}, output_path={output!r}, {more}
)
# As Airflow's task runner does: the handler returns, and the task goes on.
signal.signal(signal.SIGTERM, lambda *_: made.on_kill())
made.execute(run_of())
"""

NUMBERS = [f"+1202{200 + row // 8000}{row // 80 % 100:02d}{10 + row % 80:02d}" for row in range(ROWS)]
"""All on WhatsApp: none ends with one of the sandbox's magic numbers."""


def waited_for(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    given_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < given_up, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def ended_in_the_middle(program: str, sandbox: Running, home: Path, under_way: Callable[[], int]) -> str:
    """Run a task, send it SIGTERM when it is under way, and return what it printed."""
    known = CREDENTIALS["wuzapi"]
    connection = {"conn_type": "wuzapi", "host": f"{sandbox.url}/{known['path']}", "password": known["password"]}
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_MY_WA": json.dumps(connection),
        "AIRFLOW_CONN_WA_STORE_DEFAULT": json.dumps({"conn_type": "sqlite", "host": str(home / "store.db")}),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), *sys.path]),
    }
    log = home / "log"
    with log.open("wb") as output:
        task = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=output, stderr=output)
    try:
        waited_for("the task is under way", lambda: under_way() > 20 or task.poll() is not None)
        task.send_signal(signal.SIGTERM)
        assert task.wait(ESCALATION_SECONDS) == 1
    finally:
        task.kill()
        task.wait()
    return log.read_text()


def test_a_bulk_send_begins_no_further_message_and_leaves_none_in_doubt(tmp_path: Path) -> None:
    with serve_in_thread(delivery_seconds=0.05) as sandbox:
        messages = sandbox.state.ledger.messages
        program = TASK.format(
            workers=WORKERS, module="send", operator="WaBulkSendOperator", items="recipients", numbers=NUMBERS,
            output=str(tmp_path / "out.csv"), more="message='Hello'",
        )  # fmt: skip
        printed = ended_in_the_middle(program, sandbox, tmp_path, lambda: len(messages))
        sent = len(messages)
    assert 20 < sent < ROWS
    assert "the task was ended from outside; work under way is finished and stored" in printed
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with store.database.reading() as connection:
        states = dict(map(tuple, connection.exec_driver_sql("SELECT state, count(*) FROM wa_sends GROUP BY 1")))
    store.close()
    # Messages that were prepared are not sent any more, and the store says so.
    assert states.pop("delayed", 0) <= WORKERS
    assert states == {"accepted": sent}
    assert (tmp_path / "out.csv").read_text().count("accepted") == sent


def test_a_bulk_check_begins_no_further_call(tmp_path: Path) -> None:
    with serve_in_thread(delivery_seconds=0.05) as sandbox:
        checks = sandbox.state.ledger.checks
        program = TASK.format(
            workers=WORKERS, module="check", operator="WaBulkCheckOperator", items="numbers", numbers=NUMBERS,
            output=str(tmp_path / "out.csv"), more="rate_limit='20/s'",
        )  # fmt: skip
        printed = ended_in_the_middle(program, sandbox, tmp_path, lambda: len(checks))
        asked = {check.number for check in checks}
    assert 20 < len(asked) < ROWS
    assert "the task was ended from outside" in printed
    assert (tmp_path / "out.csv").read_text().count("+1202") >= len(asked)
