# SPDX-License-Identifier: Apache-2.0
"""Try the pages with Airflow's FAB auth manager, in an environment of its own: ``.matrix/fab``.

A real API server, and three users: an administrator, one who may read connections but not edit them, and a viewer,
who has no right to connections. The script prints a line for each thing that it tries, and ends with 1 if one differs
from what docs/pages.md says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".matrix" / "fab"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
ROLES = {"ana": "Admin", "rea": "Connection reader", "vic": "Viewer"}

MAKE_USERS = """
import json, sys
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
with get_application_builder() as builder:
    manager = builder.sm
    manager.sync_roles()
    role = manager.add_role("Connection reader")
    for action, resource in (("can_read", "Connections"), ("can_read", "Website")):
        manager.add_permission_to_role(role, manager.create_permission(action, resource))
    for name, role, password in json.loads(sys.argv[1]):
        assert manager.add_user(name, name, name, f"{name}@example.com", manager.find_role(role), password)
"""


def main() -> int:
    """Make the environment, and try the pages in it."""
    if os.environ.get("WA_TEST_AIRFLOW_BIN") is None:
        binaries = os.environ.get("WA_FAB_BIN") or install()
        environment = {**os.environ, "WA_TEST_AIRFLOW_BIN": str(binaries)}
        return subprocess.run([sys.executable, __file__], env=environment, check=False).returncode
    sys.path.insert(0, str(PROJECT / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        return attempt(Path(folder))


def install() -> Path:
    """Return the folder of the commands of an environment with the newest FAB provider."""
    uv = Path(sys.executable).with_name("uv")
    python = ENVIRONMENT / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT], check=True)
    command = [uv, "pip", "install", "--quiet", "--python", python, "--editable", ".", "--group", "test"]
    command += ["--constraint", "constraints/airflow-3.3.txt", "apache-airflow-providers-fab", "sqlalchemy>=2"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as override:
        # Flask-AppBuilder still asks for version 2, which this Airflow does not take.
        override.write("python-dateutil==4.0.0\n")
        override.flush()
        subprocess.run([*command, "--override", override.name], cwd=PROJECT, check=True)
    return python.parent


def attempt(folder: Path) -> int:
    """Run the server with the sandbox, make the users, and try what each of them may do."""
    from plugin.pages import campaign_data, site

    from airflow_provider_wa.sandbox.server import serve_in_thread

    os.environ["AIRFLOW__CORE__AUTH_MANAGER"] = FAB  # its tables are made with the others
    site.START_SECONDS = 240  # its first start compiles Flask and all that goes with it
    site.PASSWORDS.update({name: f"{name}-5d2e88" for name in ROLES})
    make_users(site.PASSWORDS)
    with serve_in_thread() as sandbox, site.running_site(folder, sandbox) as running:
        with running.store() as store:
            campaign_data.fill(store)
        return int(not all([try_users(running), try_audit_log(running)]))


def make_users(passwords: dict[str, str]) -> None:
    """Make the role that may read connections, and the users, in the database that the server gets a copy of."""
    from helpers.airflow_processes import BIN, Airflow, migrated_database

    airflow = Airflow(migrated_database().parent, {})
    users = [(name, role, passwords[name]) for name, role in ROLES.items()]
    command = [BIN / "python", "-c", MAKE_USERS, json.dumps(users)]
    subprocess.run(command, env=airflow.environment, check=True, timeout=240)


def try_users(running: Any) -> bool:
    """Try pages and actions as each user."""
    import httpx
    from plugin.pages import campaign_data as data

    from airflow_provider_wa.plugin.pages import csrf

    looks = ("/accounts", f"/campaigns/{data.SEND}", f"/messages/{data.number(5)}", "/receiver/wuzapi_main")
    pause = f"/campaigns/{data.SEND}/pause"
    expected = {"ana": (200, 303), "rea": (200, 403), "vic": (403, 403)}
    good = True
    for name, (look, act) in expected.items():
        with httpx.Client(cookies={"_token": running.token(name)}, timeout=30) as client:
            answers = [client.get(f"{running.pages}{path}") for path in looks]
            token = re.search(rf'name="{csrf.FIELD}" value="([^"]+)"', client.get(f"{running.pages}/suppressions").text)
            body = {csrf.FIELD: token[1] if token else ""}
            acted = client.post(f"{running.pages}{pause}", data=body).status_code
            shown = client.post(f"{running.pages}/receiver/wuzapi_main", data=body).status_code
            edits = "/pause" in answers[1].text or "Show the secret" in answers[3].text
            names = any(word in page.text for page in answers for word in ("wuzapi_main", data.number(5), "Person 1"))
        found = ({each.status_code for each in answers}, acted, shown, edits, names)
        wanted = ({look}, act, 200 if act == 303 else 403, name == "ana", look == 200)
        good = good and found == wanted
        verdict = "as documented" if found == wanted else f"expected {wanted}"
        print(
            f"{name} ({ROLES[name]}): pages {found[0]}, pause {acted}, secret {shown}, buttons {edits}, data {names}:"
        )
        print(f"    {verdict}")
    nobody = {httpx.get(f"{running.pages}{path}").status_code for path in looks}
    print(f"nobody: pages {nobody}")
    return good and nobody == {401}


def try_audit_log(running: Any) -> bool:
    """See that the administrator's actions, and nobody else's, are in the audit log."""
    found = running.airflow.query("SELECT event, owner FROM log WHERE event LIKE 'wa_%' ORDER BY id")
    print(f"audit log: {found}")
    return found == [("wa_campaign_pause", "ana"), ("wa_receiver_show_secret", "ana")]


if __name__ == "__main__":
    sys.exit(main())
