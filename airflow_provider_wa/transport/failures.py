# SPDX-License-Identifier: Apache-2.0
"""What a failed exchange means: a pure function of the HTTP client's exception and of what a repeat would do."""

from __future__ import annotations

import httpx

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NOT_A_REQUEST = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class DeadlineExceeded(Exception):
    """The exchange as a whole took too long, though bytes may have kept trickling in."""


class ReplyTooLong(Exception):
    """The reply has more bytes than any vendor's answer would."""


def failure(error: Exception, effect: Effect) -> WaError:
    """The ``WaError`` that stands for an exchange without a reply.

    ``never_left`` can be believed only of httpx's own transport, which carries all SENDs. httpx-aiohttp reports a
    connection that was dropped after taking the request as a ``ConnectTimeout``; it carries READs alone, which may
    be repeated anyway.
    """
    if isinstance(error, _NOT_A_REQUEST):
        # The error's own text may quote a header or the URL.
        return BadInput(f"the request cannot be made ({type(error).__name__}): check the connection's host and token")
    if isinstance(error, _NEVER_LEFT):
        return VendorUnavailable(f"cannot connect: {_words(error)}", never_left=True)
    if effect is Effect.SEND:
        return OutcomeUnknown(f"it may or may not have gone out: no reply ({_words(error)})")
    return VendorUnavailable(f"no reply ({_words(error)})")


def _words(error: Exception) -> str:
    said = str(error).strip()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
