# SPDX-License-Identifier: Apache-2.0
"""The command ``wa-receiver``: the receiver as a server of its own, over Airflow's connections."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import inspect
import os
import socket
import sqlite3
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

# No DAG file imports this module.
import uvicorn  # noqa: TID253
from starlette.types import Receive, Scope, Send
from uvicorn.supervisors import Multiprocess  # noqa: TID253

from airflow_provider_wa.interpreter import heap_spared, short_turns
from airflow_provider_wa.plugin.guarded import ACCEPTED_AT_ONCE, HEAD_SECONDS, AcceptErrors, GuardedProtocol
from airflow_provider_wa.serving import Server, listen, port_number, serve_until_signal, url_of

if TYPE_CHECKING:
    from airflow_provider_wa.receiver.app import Receiver

GRACE_SECONDS = 30
"""Seconds that requests under way may take to end."""

_MOUNT = "/wa"
_CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"


class Application:
    """The receiver, under ``/wa`` as in the plugin and at the root. Without a router, which is as slow as a post."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a lifespan event of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["path"].startswith(f"{_MOUNT}/"):
            scope["root_path"] = f"{scope.get('root_path', '')}{_MOUNT}"
        await self._receiver(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().set_exception_handler(AcceptErrors())
        with heap_spared(), short_turns():
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._receiver.close()
            await send({"type": "lifespan.shutdown.complete"})


def create_app() -> Application:
    """Return the receiver's application.

    :raises BadInput: an option of the section ``[wa]`` is wrong.
    """
    _find_metadata_database()
    from airflow_provider_wa.plugin.receiver_app import make_receiver  # noqa: PLC0415 - after the line above

    # uvicorn has no option for it, and asyncio waits a minute for a client that does not finish its TLS handshake.
    asyncio.constants.SSL_HANDSHAKE_TIMEOUT = HEAD_SECONDS  # type: ignore[attr-defined]
    return Application(make_receiver())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command ``wa-receiver``; return its exit code."""
    options = _parser().parse_args(argv)
    # Options become Airflow's configuration, which worker processes read as well.
    for name, value in (("MEDIA_PATH", options.media_path), ("RECEIVER_MAX_BODY_MB", options.max_body_mb)):
        if value is not None:
            os.environ[f"AIRFLOW__WA__{name}"] = str(value)
    if problem := _certificate_problem(options.tls_cert, options.tls_key):
        return _complain(problem)
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        return _complain(f"cannot listen on {options.host} port {options.port}: {error.strerror or error}")
    url = url_of(listener, "https" if options.tls_cert else "http")
    config = uvicorn.Config(
        "airflow_provider_wa.plugin.command:create_app",
        factory=True,
        workers=options.workers,
        http=GuardedProtocol,
        # The limits of ``guarded`` are made for asyncio's event loop.
        loop="asyncio",
        backlog=ACCEPTED_AT_ONCE,
        ws="none",
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        proxy_headers=options.proxy is not None,
        forwarded_allow_ips=options.proxy,
        # The receiver itself logs each post, and Airflow has set up the logging.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )

    def announce() -> None:
        _say(f"wa-receiver listening on {url}", sys.stdout)

    with listener:
        if options.workers > 1:
            announce()
            _serve_in_processes(config, listener)
        else:
            serve_until_signal(Server(config, announce), listener)
    return 0


def _serve_in_processes(config: uvicorn.Config, listener: socket.socket) -> None:
    listener.set_inheritable(True)
    options: dict[str, Any] = {"sockets": [listener]}
    if "target" in inspect.signature(Multiprocess).parameters:  # the uvicorn of Airflow 3.1
        options["target"] = uvicorn.Server(config).run
    Multiprocess(config, **options).run()


def _find_metadata_database() -> None:
    """Look connections up in Airflow's metadata database as well, if this machine has it.

    Airflow does so only in a process that declares itself a server; without the database every look-up would fail.
    """
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - takes seconds; --help needs none of it

    if os.environ.get(_CONTEXT):
        return
    configured = conf.get("database", "sql_alchemy_conn", fallback="")
    if configured and _exists(configured):
        os.environ[_CONTEXT] = "server"


def _exists(url: str) -> bool:
    """Return False for Airflow's default, a SQLite file, if it was never made."""
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] != "sqlite":
        return True
    path = Path(parts.path[1:])
    if not path.is_file():
        return False
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
        return bool(found.execute("SELECT 1 FROM sqlite_master WHERE name = 'connection'").fetchone())


def _certificate_problem(certificate: str | None, key: str | None) -> str:
    """Return the problem with the TLS files, an empty text without one."""
    if key and not certificate:
        return "--tls-key: needs --tls-cert; give both, or --tls-cert alone if its file contains the key"
    if not certificate:
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:
        return f"--tls-cert: cannot be used: {error.strerror or type(error).__name__}; expected a PEM file with its key"
    return ""


def _workers(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError(f"invalid number of processes {value}; expected 1 to 64")
    return value


def _megabytes(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1024:
        raise argparse.ArgumentTypeError(f"invalid size {value:g}; expected more than 0 and at most 1024")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wa-receiver", description="Receive the webhooks and callbacks of WhatsApp vendors and store their events."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=port_number, default=8791, help="port; 0 for any free port (default: %(default)s)"
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate chain (PEM)")
    parser.add_argument(
        "--tls-key", metavar="FILE", help="private key of the certificate, if it is not in the same file (PEM)"
    )
    parser.add_argument(
        "--max-body-mb",
        type=_megabytes,
        metavar="MB",
        help="longest body to accept (default: [wa] receiver_max_body_mb)",
    )
    parser.add_argument(
        "--media-path", metavar="URI", help="folder for files that come with messages (default: [wa] media_path)"
    )
    parser.add_argument("--workers", type=_workers, default=1, help="number of processes (default: %(default)s)")
    parser.add_argument(
        "--proxy",
        nargs="?",
        const="127.0.0.1",
        metavar="ADDRESSES",
        help="trust the X-Forwarded-* headers of a proxy at these addresses; without addresses: at 127.0.0.1",
    )
    return parser


def _complain(text: str) -> int:
    _say(f"wa-receiver: {text}", sys.stderr)
    return 1


def _say(text: str, stream: TextIO) -> None:
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
