# SPDX-License-Identifier: Apache-2.0
"""Errors for exchanges that failed: a pure function of the HTTP client's exception and the effect of a repeat."""

from __future__ import annotations

import httpx

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.transport.body import UnknownCoding


class NeverLeft(Exception):
    """No connection was made, so no byte of the request was sent. The text of the error names the reason."""


_NEVER_LEFT = (NeverLeft, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NOT_A_REQUEST = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def failure(error: Exception, effect: Effect) -> WaError:
    """Return the ``WaError`` for an exchange without a reply."""
    if isinstance(error, _NOT_A_REQUEST):
        return not_a_request(error)
    if effect is Effect.READ:
        if isinstance(error, UnknownCoding):  # a repeated request would get the same reply
            return UnexpectedReply(_words(error))
        return VendorUnavailable(f"no reply ({_words(error)})")
    if isinstance(error, _NEVER_LEFT):
        return VendorUnavailable(f"cannot connect: {_words(error)}", never_left=True)
    return OutcomeUnknown(f"it may or may not have gone out: no reply ({_words(error)})")


def not_a_request(error: Exception) -> BadInput:
    """Return the ``BadInput`` for a request that cannot be written as HTTP; nothing has left."""
    # The error's own text may quote a header or the URL.
    what = f"the request cannot be made ({type(error).__name__})"
    return BadInput(f"{what}; check the connection's host and token, and the text for invalid characters")


def _words(error: Exception) -> str:
    said = str(error).strip()
    if isinstance(error, NeverLeft):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
