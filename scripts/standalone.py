# SPDX-License-Identifier: Apache-2.0
"""Run ``airflow standalone`` and the sandbox until Ctrl-C: ``make airflow``."""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from local_airflow import BIN, HOME, VENDORS, WEBHOOK_SECRET, airflow_environment, end_group, end_in_order, sandbox

PATIENCE = 180
SANDBOX_PORT = 8790
EXAMPLE = "example_wa_outreach"


def main() -> int:
    """Start both, print their addresses, and wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="port of Airflow's UI; 0 for any free port")
    port = parser.parse_args().port or free_port()
    if is_taken(port):
        print(f"port {port} is taken: choose another, for example make airflow PORT=8081", file=sys.stderr)
        return 1
    end_in_order()
    # The same port at each start: connections that were saved in the UI stay valid.
    with sandbox("--port", "0" if is_taken(SANDBOX_PORT) else str(SANDBOX_PORT)) as url:
        # The plugin mounts the receiver in Airflow's API server.
        address = f"http://127.0.0.1:{port}"
        environment = airflow_environment(url, address) | {
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        }
        log_path = HOME / "standalone.log"
        print(f"sandbox at {url}\nstarting Airflow (about a minute the first time); its log: {log_path}", flush=True)
        with log_path.open("w") as log:
            airflow = subprocess.Popen(
                [BIN / "airflow", "standalone"],
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            try:
                return wait(airflow, address, url, os.environ | environment)
            finally:
                end_group(airflow)


def wait(airflow: subprocess.Popen[str], address: str, sandbox_url: str, environment: dict[str, str]) -> int:
    """Start the example and print a message when the UI answers, then wait until Airflow ends."""
    given_up = time.monotonic() + PATIENCE
    while not is_healthy(address):
        if airflow.poll() is not None or time.monotonic() > given_up:
            print("Airflow did not start; see the end of its log", file=sys.stderr)
            return 1
        time.sleep(1)
    print(f"Airflow's UI: {address}   (no login; Ctrl-C ends it)", flush=True)
    print(f"The phones of the sandbox: {sandbox_url}   (answer, tap a button, scan a QR code)", flush=True)
    post_events(sandbox_url, address)
    started = start_example(environment)
    print(f"The campaign of {EXAMPLE}: {address}/wa/ui/campaigns" if started else f"Start {EXAMPLE} in the UI")
    print("DAGs to try: example_wa_outreach (waits up to two minutes for deliveries), and one for each vendor")
    print("The connections come from environment variables, so the UI does not list them")
    print("Admin > Connections > Add shows the forms of the connection types")
    print("Each start has a new, empty sandbox", flush=True)
    return airflow.wait()


def post_events(sandbox_url: str, address: str) -> None:
    """Let the accounts of the sandbox post their events to the receiver, which the plugin mounts."""
    for vendor in VENDORS:
        if vendor.subscribe is not None:
            url = f"{address}/wa/hooks/{vendor.name}_default/{WEBHOOK_SECRET}"
            body = json.dumps({"vendor": vendor.name, "url": url}).encode()
            urllib.request.urlopen(f"{sandbox_url}/sandbox/webhook", body, timeout=10).close()


def start_example(environment: dict[str, str]) -> bool:
    """Start the example DAG as soon as Airflow has read its file; return False if that takes too long."""
    given_up = time.monotonic() + PATIENCE
    while time.monotonic() < given_up:
        command = [BIN / "airflow", "dags", "trigger", EXAMPLE]
        if not subprocess.run(command, env=environment, capture_output=True, check=False).returncode:
            return True
        time.sleep(2)
    return False


def is_healthy(address: str) -> bool:
    """Return True if the API server answers."""
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_taken(port: int) -> bool:
    """Return True if a server listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
