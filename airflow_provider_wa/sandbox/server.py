# SPDX-License-Identifier: Apache-2.0
"""The sandbox on a socket: the command `wa-sandbox`, and `serve_in_thread()` for tests."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# No DAG file imports this module: only the command and tests do, so that uvicorn may be loaded with it.
import uvicorn  # noqa: TID253
from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: TID253

from airflow_provider_wa.sandbox.app import create_app
from airflow_provider_wa.sandbox.fault_injection import CONNECTION
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox, Settings
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.serving import Server, listen, port_number, serve_until_signal, serving_in_thread, url_of


class SandboxProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which gives the app access to the connection of a request: faults cut it."""

    def __init__(self, *, app_state: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(app_state={**app_state, CONNECTION: self}, **kwargs)


def make_server(
    sandbox: Sandbox, vendors: Sequence[SimulatedVendor] = VENDORS, on_started: Callable[[], None] | None = None
) -> Server:
    """Return the server of a sandbox; its shutdown ends the waits inside requests first."""
    config = uvicorn.Config(
        create_app(sandbox, vendors),
        http=SandboxProtocol,
        ws="none",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return Server(config, on_started, on_shutdown=sandbox.close)


@dataclass(frozen=True)
class Running:
    """A running sandbox: its base URL, and its state to inspect."""

    url: str
    state: Sandbox


@contextlib.contextmanager
def serve_in_thread(
    scan_after: float | None = None,
    delivery_seconds: float = 0.5,
    latency: float = 0.0,
    vendors: Sequence[SimulatedVendor] = VENDORS,
) -> Iterator[Running]:
    """Run a sandbox on a free loopback port in a thread of this process, until the block ends."""
    sandbox = Sandbox(vendors, Settings(scan_after, delivery_seconds, latency))
    listener = listen("127.0.0.1", 0)
    url = url_of(listener)
    with serving_in_thread(make_server(sandbox, vendors), listener, f"wa-sandbox {url}"):
        yield Running(url, sandbox)


def overview(url: str, vendors: Sequence[SimulatedVendor] = VENDORS) -> str:
    """Return the connections of the vendors as a table."""
    rows = [
        ("connection type", "host", "login"),
        *((vendor.name, url + vendor.prefix, vendor.credentials.login or "-") for vendor in vendors),
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
        raise argparse.ArgumentTypeError(f"invalid seconds {text}; expected 0 or more")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wa-sandbox", description="WhatsApp vendors, simulated on one local server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=port_number, default=8790, help="port; 0 for any free port (default: %(default)s)"
    )
    parser.add_argument(
        "--scan-after",
        type=_seconds,
        metavar="SECONDS",
        help="start logged out; the QR code is scanned this long after the first request for it",
    )
    parser.add_argument(
        "--delivery-seconds",
        type=_seconds,
        default=0.5,
        metavar="SECONDS",
        help="time until a message is delivered or a callback is posted (default: %(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time added to every reply (default: %(default)s)",
    )
    parser.add_argument("--allow-remote", action="store_true", help="allow a --host that others can reach")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `wa-sandbox`; return its exit code."""
    options = _parser().parse_args(argv)
    if not _is_loopback(options.host) and not options.allow_remote:
        return _complain(f"--host: {options.host} is not a loopback address; --allow-remote permits it")
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        return _complain(f"cannot listen on {options.host} port {options.port}: {error.strerror or error}")
    url = url_of(listener)

    def announce() -> None:
        print(f"wa-sandbox listening on {url}", flush=True)
        print(overview(url), flush=True)

    sandbox = Sandbox(VENDORS, Settings(options.scan_after, options.delivery_seconds, options.latency))
    serve_until_signal(make_server(sandbox, on_started=announce), listener)
    return 0


def _complain(text: str) -> int:
    print(f"wa-sandbox: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
