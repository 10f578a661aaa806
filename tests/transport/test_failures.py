# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import httpx
import pytest

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.transport.body import BrokenCoding, DeadlineExceeded, ReplyTooLong, UnknownCoding
from airflow_provider_wa.transport.connection import HungUp, ReadTimeout
from airflow_provider_wa.transport.failures import NeverLeft, failure
from airflow_provider_wa.transport.http1 import BadReply

NEVER_LEFT = [NeverLeft, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError]
NO_REQUEST = [httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError]
UNCLEAR = [
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
    httpx.TooManyRedirects,
    DeadlineExceeded,
    ReplyTooLong,
    BrokenCoding,
    BadReply,
    HungUp,
    ReadTimeout,
    ValueError,
    UnicodeError,
    OSError,
    RuntimeError,
]


@pytest.mark.parametrize("kind", NEVER_LEFT)
def test_a_send_without_a_connection_never_left(kind: type[Exception]) -> None:
    error = failure(kind("no way"), Effect.SEND)
    assert isinstance(error, VendorUnavailable)
    assert error.never_left


@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_send_without_a_reply_is_unknown(kind: type[Exception]) -> None:
    assert type(failure(kind("no way"), Effect.SEND)) is OutcomeUnknown


@pytest.mark.parametrize("kind", [*NEVER_LEFT, *UNCLEAR])
def test_a_read_without_a_reply_may_be_repeated_and_claims_nothing(kind: type[Exception]) -> None:
    error = failure(kind("no way"), Effect.READ)
    assert isinstance(error, VendorUnavailable)
    assert not error.never_left
    assert "cannot connect" not in str(error)


def test_a_reply_in_an_unknown_coding_would_come_again() -> None:
    assert type(failure(UnknownCoding("two layers"), Effect.READ)) is UnexpectedReply
    assert type(failure(UnknownCoding("two layers"), Effect.SEND)) is OutcomeUnknown


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("kind", NO_REQUEST)
def test_what_is_no_request_is_the_callers_fault(kind: type[Exception], effect: Effect) -> None:
    error = failure(kind("Illegal header value b's3cr3t\\n'"), effect)
    assert type(error) is BadInput
    assert "s3cr3t" not in str(error)
    assert kind.__name__ in str(error)


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadError])
def test_the_message_has_the_clients_words(kind: type[Exception], effect: Effect) -> None:
    assert f"{kind.__name__}: connection reset by peer" in str(failure(kind(" connection reset by peer\n"), effect))
    assert ": None" not in str(failure(kind(""), effect))
    assert kind.__name__ in str(failure(kind(" "), effect))


def test_every_exception_of_httpx_stands_in_one_table() -> None:
    """A new class of httpx's must be put where it belongs by hand: it may be one that says "never left"."""
    kinds = {kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, httpx.TransportError)}
    families = {httpx.TransportError, httpx.TimeoutException, httpx.NetworkError, httpx.ProtocolError}
    assert kinds - families <= {*NEVER_LEFT, *NO_REQUEST, *UNCLEAR}


def test_the_error_is_not_chained_to_the_clients() -> None:
    try:
        raise httpx.ReadError("http://host/token")
    except httpx.ReadError as error:
        made: WaError = failure(error, Effect.SEND)
    assert made.__cause__ is None
    assert made.__context__ is None
