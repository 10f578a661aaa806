# SPDX-License-Identifier: Apache-2.0
"""``wa-receiver`` with all loggers at DEBUG: no secret of a connection is in its log or in the store."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from helpers.secret_search import files, found
from receiver.processes import connections, environment, running, sqlite_store

from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.system

LOUD = (
    sys.executable,
    "-c",
    """
import logging, sys, uvicorn
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, force=True)

class Loud(uvicorn.Config):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **{**options, "access_log": True, "log_level": "debug"})

    def load(self):
        super().load()  # imports Airflow, which sets levels
        for name in ("uvicorn.access", "uvicorn.error", "sqlalchemy.engine", "sqlalchemy.pool", "asyncio"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        access = logging.getLogger("uvicorn.access")
        access.disabled = False
        access.addHandler(logging.StreamHandler(sys.stdout))

uvicorn.Config = Loud
from airflow_provider_wa.plugin import command
logging.disable(logging.NOTSET)
sys.exit(command.main(sys.argv[1:]))
""",
)
"""The command, with what an operator may switch on who looks for a fault: access logs and every library's DEBUG."""

SECRETS = {
    "token": "tok-7/a+91==%c31f", "webhook": "hook /?#9f31%c07e-55ab", "hmac": "hmac-19c2'e7\\b5d81",
    "old": "old-hook-5d1c77aa+9e",
}  # fmt: skip
WUZAPI = {
    "conn_type": "wuzapi", "host": "http://127.0.0.1:9", "password": SECRETS["token"],
    "extra": {"webhook_secret": SECRETS["webhook"]},
}  # fmt: skip
SIGNED = {**WUZAPI, "extra": {**WUZAPI["extra"], "hmac_secret": SECRETS["hmac"]}}  # type: ignore[dict-item]
INFO = {"ID": "3EB0AA", "Chat": "51987654321@s.whatsapp.net", "Sender": "51987654321@s.whatsapp.net"}
MESSAGE = {"type": "Message", "event": {"Info": INFO, "Message": {"conversation": "Hello"}}}


def posts(url: str, secret: str) -> list[httpx.Request]:
    """Return posts as vendors make them, with a secret where each of them has it."""
    path = quote(secret, safe="")
    said = {**MESSAGE, "token": SECRETS["token"], "instanceName": "a", "userID": "1"}
    header = {"Authorization": f"Bearer {SECRETS['token']}", "x-hmac-signature": "0" * 64, "Cookie": SECRETS["hmac"]}
    bodies = [
        {"json": said},
        {"data": {"jsonData": json.dumps(said), "token": SECRETS["token"]}},
        {"content": b"[" * 2000},
    ]
    return [
        httpx.Request("POST", f"{url}/wa/hooks/{conn_id}/{path}{query}", headers=header, **body)  # type: ignore[arg-type]
        for conn_id in ("wz", "signed", "nobody")
        for query in ("", "?token=" + path, "/more")
        for body in bodies[: 1 if secret == SECRETS["old"] else None]
    ]


def test_a_receiver_writes_no_secret_anywhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = environment(home, **connections(wz=WUZAPI, signed=SIGNED), **sqlite_store(home / "store.db"))
    environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "DEBUG"
    with running(home, environ=environ, command=LOUD) as server, httpx.Client(timeout=60) as client:
        made = [each for secret in (SECRETS["webhook"], SECRETS["old"]) for each in posts(server.url, secret)]
        with ThreadPoolExecutor(16) as threads:  # a refusal takes its time
            answers = {answer.status_code for answer in threads.map(client.send, made)}
        assert server.stop() == 0
    assert {200, 404} <= answers
    written = dict(files(home))
    assert b"POST /wa/hooks/" in written["receiver.log"]
    store = Store(f"sqlite:///{home / 'store.db'}")
    assert store.events.after(0, 100)
    store.close()
    leaks = found(SECRETS, written)
    assert leaks == [], "\n".join(leaks)
