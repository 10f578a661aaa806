# SPDX-License-Identifier: Apache-2.0
"""Serve an ASGI app on a socket with uvicorn, until a signal or in a thread."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator

# No DAG file imports this module: only commands and tests do.
import uvicorn  # noqa: TID253

BACKLOG = 2048
TIMEOUT_SECONDS = 10.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; OSError if the address is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only on sockets that say they are TCP: with the
    # algorithm on, every reply over a kept-alive connection waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Return the base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def port_number(text: str) -> int:
    """Parse the option `--port`: 0 to 65535."""
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"invalid port {value}; expected 0 to 65535")
    return value


class Server(uvicorn.Server):
    """uvicorn's server with a callback after its start and one before its shutdown; `ready` is set once it serves."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[], None] | None = None,
        on_shutdown: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._on_started = on_started
        self._on_shutdown = on_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call `on_started`."""
        await super().startup(sockets)
        self.ready.set()
        if self._on_started is not None:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Call `on_shutdown`, then shut down: the callback can end requests that wait."""
        if self._on_shutdown is not None:
            self._on_shutdown()
        await super().shutdown(sockets)


def serve_until_signal(server: Server, listener: socket.socket) -> None:
    """Serve in this thread, the main one, until SIGINT or SIGTERM."""
    asyncio.run(_serve_until_signal(server, listener))


async def _serve_until_signal(server: Server, listener: socket.socket) -> None:
    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn takes the signals while it serves and raises them again at its end: these handlers keep the exit clean.
    previous = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        await server.serve([listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def serving_in_thread(server: Server, listener: socket.socket, name: str) -> Iterator[None]:
    """Serve in a thread of this process until the block ends; RuntimeError if it does not start or stop in 10 s."""
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), name=name, daemon=True)
    thread.start()
    try:
        if not server.ready.wait(TIMEOUT_SECONDS):
            raise RuntimeError(f"{name} did not start within {TIMEOUT_SECONDS:g} s")
        yield
    finally:
        server.should_exit = True
        thread.join(TIMEOUT_SECONDS)
        if thread.is_alive():
            raise RuntimeError(f"{name} did not stop within {TIMEOUT_SECONDS:g} s")
