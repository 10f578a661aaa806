# SPDX-License-Identifier: Apache-2.0
"""The sandbox on a socket: the command `wa-sandbox`, and `serve_in_thread()` for tests."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# No DAG file imports this module: only the command and tests do, so that uvicorn may be loaded with it.
import uvicorn  # noqa: TID253
from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: TID253

from airflow_provider_wa.sandbox import accuauth, checkwa, green_api, wa_portal, wuzapi
from airflow_provider_wa.sandbox.app import create_app
from airflow_provider_wa.sandbox.effects import CONNECTION
from airflow_provider_wa.sandbox.state import Sandbox, Settings

START_SECONDS = 10.0

# connection type, path prefix, login
CONNECTIONS = (
    (wuzapi.NAME, wuzapi.VENDOR.prefix, "-"),
    (wa_portal.NAME, wa_portal.VENDOR.prefix, "-"),
    (green_api.NAME, green_api.VENDOR.prefix, green_api.ID_INSTANCE),
    (checkwa.NAME, checkwa.VENDOR.prefix, checkwa.USER),
    (accuauth.NAME, accuauth.VENDOR.prefix, accuauth.API_ID),
)


class SandboxProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which lets the app reach the connection under a request: faults cut it."""

    def __init__(self, *, app_state: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(app_state={**app_state, CONNECTION: self}, **kwargs)


class SandboxServer(uvicorn.Server):
    """uvicorn's server, told from outside when to stop, and quick to do so."""

    def __init__(self, sandbox: Sandbox, on_started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            create_app(sandbox),
            http=SandboxProtocol,
            ws="none",
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self.sandbox = sandbox
        self.on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; whoever still waits for something inside a request is woken first."""
        self.sandbox.close()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only on sockets that say they are TCP: without
    # it every kept-alive reply waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass(frozen=True)
class Running:
    """A sandbox that serves: its base URL, and its state to look into."""

    url: str
    state: Sandbox


@contextlib.contextmanager
def serve_in_thread(
    scan_after: float | None = None, delivery_seconds: float = 0.5, latency: float = 0.0
) -> Iterator[Running]:
    """Run a sandbox on a free loopback port in a thread of this process, until the block ends."""
    sandbox = Sandbox(Settings(scan_after, delivery_seconds, latency))
    listener = listen("127.0.0.1", 0)
    url = url_of(listener)
    started = threading.Event()
    server = SandboxServer(sandbox, started.set)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve([listener])), name=f"wa-sandbox {url}", daemon=True
    )
    thread.start()
    try:
        if not started.wait(START_SECONDS):
            raise RuntimeError(f"the sandbox did not start within {START_SECONDS:g} s")
        yield Running(url, sandbox)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        if thread.is_alive():
            raise RuntimeError(f"the sandbox did not stop within {START_SECONDS:g} s")


def overview(url: str) -> str:
    """Return the connections to try, as a table."""
    rows = [
        ("connection type", "host", "login"),
        *((name, url + path, login) for name, path, login in CONNECTIONS),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "Passwords (fixed, worth nothing elsewhere) and magic numbers: docs/sandbox.md"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("seconds are 0 or more")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wa-sandbox", description="Five vendors of WhatsApp APIs, simulated on one local server."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8790, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--scan-after",
        type=_seconds,
        metavar="SECONDS",
        help="start logged out; sessions are scanned so many seconds after they were asked for",
    )
    parser.add_argument(
        "--delivery-seconds",
        type=_seconds,
        default=0.5,
        metavar="SECONDS",
        help="until a message is delivered or a callback comes (default: %(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="added to every reply (default: %(default)s)",
    )
    parser.add_argument("--allow-remote", action="store_true", help="allow a --host that others can reach")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `wa-sandbox`; return its exit code."""
    options = _parser().parse_args(argv)
    if not _is_loopback(options.host) and not options.allow_remote:
        return _complain(f"{options.host} is not a loopback address; --allow-remote permits it")
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        return _complain(f"cannot listen on {options.host} port {options.port}: {error.strerror or error}")
    url = url_of(listener)

    def announce() -> None:
        print(f"wa-sandbox listening on {url}", flush=True)
        print(overview(url), flush=True)

    settings = Settings(options.scan_after, options.delivery_seconds, options.latency)
    asyncio.run(_serve_until_signal(SandboxServer(Sandbox(settings), announce), listener))
    return 0


async def _serve_until_signal(server: SandboxServer, listener: socket.socket) -> None:
    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn takes the signals while it serves and raises them again at its end: these handlers keep the exit clean.
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        await server.serve([listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _complain(text: str) -> int:
    print(f"wa-sandbox: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
