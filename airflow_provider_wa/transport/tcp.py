# SPDX-License-Identifier: Apache-2.0
"""The kernel's state of a connection: still open or not, and the number of bytes that the other side has received.

Only Linux reports that number. On other systems nothing is proven, and a message in doubt stays in doubt.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from typing import NamedTuple

RESET_SECONDS = 1.0
"""Maximum seconds to wait for the other side's reset, which refuses bytes that it received after it had closed."""

_PAUSE = 0.005
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_STATE, _ACKNOWLEDGED = struct.Struct("B"), struct.Struct("Q")
_ACKNOWLEDGED_AT = 120
_CLOSED = 7
"""Values for ``struct tcp_info`` in linux/tcp.h: tcpi_state, tcpi_bytes_acked (Linux 4.1), and TCP_CLOSE."""


def is_quiet(sock: socket.socket) -> bool:
    """Return True if a connection is open, and neither data nor its end was received."""
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return not poll.poll(0)


class _Look(NamedTuple):
    state: int
    acknowledged: int


def acknowledged(sock: socket.socket) -> int | None:
    """Return the number of bytes that the other side's kernel has acknowledged; None if it is not reported."""
    found = _look(sock)
    return found.acknowledged if found else None


async def was_refused(sock: socket.socket, acknowledged_before: int) -> bool:
    """Return True if it is proven that no server read the bytes that were written to a closed connection.

    The other side had closed the connection before the first byte arrived: its kernel acknowledged no byte, and refused
    them with a reset. A server cannot read from a connection that it has closed.

    :param sock: a duplicate of the connection's socket; the end of the other side was already read from it.
    :param acknowledged_before: ``acknowledged`` before the first byte was written.
    """
    ends = asyncio.get_running_loop().time() + RESET_SECONDS
    while (found := _look(sock)) and found.acknowledged == acknowledged_before:
        if found.state == _CLOSED:
            return True
        if asyncio.get_running_loop().time() > ends:
            break
        await asyncio.sleep(_PAUSE)
    return False


def _look(sock: socket.socket) -> _Look | None:
    if _TCP_INFO is None:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
        (state,), (count,) = _STATE.unpack_from(info), _ACKNOWLEDGED.unpack_from(info, _ACKNOWLEDGED_AT)
    except (OSError, TypeError, AttributeError, struct.error):
        return None
    return _Look(state, count)
