# SPDX-License-Identifier: Apache-2.0
"""Measure the pages over a store of a million messages and as many events, on SQLite and on PostgreSQL.

Each page is made several times by its own code, from the store to the HTML, without the network and the login. The
table has the median and the longest time in milliseconds; a page that takes more than the limit fails the benchmark.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

LIMIT_MS = 300.0
ROUNDS = 7
CONN_ID, OLD = "wuzapi_main", "wuzapi_old"
BATCH, SMALL, CHECK = "b-large", "b-small", "c-large"

SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
NUMBER = "'5191' || CAST(1000000 + i AS TEXT)"

FILL = (
    f"""INSERT INTO wa_sends (key, batch, row, conn_id, given, recipient, state, message_id, detail, intended_at,
    settled_at) {SERIES} SELECT 'k' || CAST(i AS TEXT), :batch, i, :conn_id, {NUMBER}, {NUMBER},
    CASE WHEN i % 50 = 0 THEN 'failed' ELSE 'accepted' END, 'm' || CAST(i AS TEXT),
    CASE WHEN i % 50 = 0 THEN 'reason ' || CAST(i % 7 AS TEXT) ELSE '' END, :now, :now FROM n""",
    f"""INSERT INTO wa_checks (batch, form, row, conn_id, input, number, status, checked_at, detail, reused)
    {SERIES} SELECT :check, 0, i, :conn_id, '+' || {NUMBER}, '+' || {NUMBER},
    CASE WHEN i % 9 = 0 THEN 'absent' ELSE 'exists' END, :now, '', :no FROM n""",
    f"""INSERT INTO wa_events (id, conn_id, vendor, kind, vendor_kind, key, reference, party, status, received_at,
    content, raw) {SERIES} SELECT i, CASE WHEN i <= 100 THEN '{OLD}' ELSE :conn_id END, 'wuzapi',
    CASE WHEN i % 10 = 0 THEN 'inbox' ELSE 'delivery' END, 'Receipt',
    'e' || CAST(i AS TEXT), 'm' || CAST(i AS TEXT), {NUMBER}, CASE WHEN i % 10 = 0 THEN '' ELSE 'read' END, :now,
    '{{"kind": "text", "text": "hello there"}}', '{{}}' FROM n""",
    f"""INSERT INTO wa_deliveries (key, batch, row, stage, answer) {SERIES} SELECT 'k' || CAST(i AS TEXT), :batch, i,
    CASE WHEN i % 3 = 0 THEN 'delivered' ELSE 'read' END, CASE WHEN i % 10 = 0 THEN 'answered' END FROM n""",
    f"""INSERT INTO wa_tallies (batch, step, name, bucket, count) {SERIES} SELECT :batch, 600,
    CASE WHEN i % 2 = 0 THEN 'read' ELSE 'delivered' END, 2900000 + i / 2, 100 FROM n WHERE i < 8000""",
    f"""INSERT INTO wa_suppressions (recipient, reason, since) {SERIES} SELECT {NUMBER}, 'wrote STOP', :now FROM n""",
)

PAGES = (
    ("accounts", "overview", "/accounts", {}, {}),
    ("campaigns", "overview", "/campaigns", {}, {}),
    ("campaign", "overview", "campaign of a million rows", {"name": BATCH}, {}),
    ("campaign", "overview", "its failed rows", {"name": BATCH}, {"status": "failed"}),
    ("campaign", "overview", "its delivered rows", {"name": BATCH}, {"status": "delivered"}),
    ("campaign", "overview", "its rows not delivered (none)", {"name": BATCH}, {"status": "failed_later"}),
    ("campaign", "overview", "its rows of people who opted out (none)", {"name": BATCH}, {"status": "opted_out"}),
    ("campaign", "overview", "its answered rows", {"name": BATCH}, {"status": "answered"}),
    ("campaign", "overview", "a page from its middle", {"name": BATCH}, {"after": "500000-k500000"}),
    ("campaign", "overview", "a person in it", {"name": BATCH}, {"search": "51911500000"}),
    ("campaign", "overview", "check of a million rows", {"name": CHECK}, {"status": "absent"}),
    ("campaign", "overview", "a person in it", {"name": CHECK}, {"search": "51911500000"}),
    ("messages", "overview", "/messages", {}, {}),
    ("messages", "overview", "of an account that is no longer used", {}, {"conn_id": OLD}),
    ("messages", "overview", "a word", {}, {"search": "nowhere"}),
    ("messages", "conversation", "a conversation", {"person": "51911500000"}, {}),
    ("suppressions", "overview", "/suppressions", {}, {"after": "51911500000"}),
    ("receiver", "overview", "/receiver", {}, {}),
    ("receiver", "one", "posts of a connection", {"conn_id": CONN_ID}, {}),
)


def main() -> int:
    """Measure on both databases; 1 if a page is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--store", help="internal: measure on this store")
    options = parser.parse_args()
    if options.store:
        return measure(options.store, options.rows)
    from helpers.postgres import serve

    with tempfile.TemporaryDirectory() as folder, serve() as server:
        environment = {**os.environ, "AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        airflow = Path(sys.executable).parent / "airflow"
        subprocess.run([airflow, "db", "migrate"], env=environment, check=True, capture_output=True)
        outcomes = [
            subprocess.run(
                [sys.executable, __file__, "--rows", str(options.rows), "--store", url],
                env=environment | {"_AIRFLOW_PROCESS_CONTEXT": "server"},
                check=False,
            ).returncode
            for url in (f"sqlite:///{folder}/wa_pages.db", server.new_database())
        ]
    return max(outcomes)


def measure(url: str, rows: int) -> int:
    """Fill a store, and print a line for each page."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    store: dict[str, Any] = {"conn_type": "sqlite", "host": parsed.database}
    if parsed.get_backend_name() != "sqlite":
        fields = {"login": parsed.username, "password": parsed.password, "host": parsed.host, "port": parsed.port}
        store = {"conn_type": "postgres", "schema": parsed.database, "extra": dict(parsed.query), **fields}
    os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = json.dumps(store)
    os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"] = json.dumps(
        {"conn_type": "wuzapi", "host": "http://127.0.0.1:9", "password": "only-for-this-benchmark"}
    )
    began = time.perf_counter()
    fill(rows)
    print(f"\n{parsed.get_backend_name()}: {rows:,} messages, checks, events and suppressions, "
          f"filled in {time.perf_counter() - began:.0f} s")  # fmt: skip
    print("| page | median ms | longest ms |\n|---|---:|---:|")
    slow = False
    for module, function, label, path, query in PAGES:
        times = [milliseconds(module, function, path, query) for _ in range(ROUNDS)][1:]
        slow = slow or statistics.median(times) > LIMIT_MS
        print(f"| {label} | {statistics.median(times):.0f} | {max(times):.0f} |", flush=True)
    return int(slow)


def fill(rows: int) -> None:
    """Store a campaign, a check, events and suppressions of this many rows, counted as far as they go."""
    from sqlalchemy import bindparam, text

    from airflow_provider_wa.connections.store import get_store
    from airflow_provider_wa.store.batches import BatchInfo, BatchKind
    from airflow_provider_wa.store.tables import Moment

    store = get_store()
    for name, kind in ((CHECK, BatchKind.CHECK), (BATCH, BatchKind.SEND)):
        store.batches.begin(BatchInfo(name=name, kind=kind, conn_id=CONN_ID, dag_id="d", run_id="r", task_id="t"))
        store.batches.end(name, {"total": rows, "accepted": rows - rows // 50, "failed": rows // 50, "exists": rows})
    for place in range(2000):
        store.batches.begin(BatchInfo(name=f"{SMALL}-{place}", kind=BatchKind.SEND, conn_id=CONN_ID))
    values = {"batch": BATCH, "check": CHECK, "conn_id": CONN_ID, "rows": rows, "no": False}
    for statement in FILL:
        known = {name: value for name, value in values.items() if f":{name}" in statement}
        made = text(statement)
        if ":now" in statement:
            made = made.bindparams(bindparam("now", datetime.now(timezone.utc), Moment))
        with store.database.writing() as connection:
            connection.execute(made, known)
    store.positions.set("deliveries", {"id": rows, "late": []})
    with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def milliseconds(module: str, function: str, path: dict[str, str], query: dict[str, str]) -> float:
    """Return the time of one page."""
    from importlib import import_module

    from airflow_provider_wa.plugin.pages.access import Rights
    from airflow_provider_wa.plugin.pages.visit import Visit

    class AllRights(Rights):
        """The rights of an administrator."""

        def may(self, method: Any, conn_id: str) -> bool:
            return True

    class User:
        """A user."""

        def get_id(self) -> str:
            return "ana"

    view = getattr(import_module(f"airflow_provider_wa.plugin.pages.{module}"), function)
    visit = Visit(user=User(), rights=AllRights(User()), base="/wa/ui", airflow="", path=path, query=query)
    began = time.perf_counter()
    assert view(visit).status_code in (200, 303)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
