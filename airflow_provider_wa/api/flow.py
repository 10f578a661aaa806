# SPDX-License-Identifier: Apache-2.0
"""A conversation with a vendor as a generator: it yields what to do and is sent what came back.

A vendor's method is written once, as plain Python, and knows nothing of sockets, threads or event loops. Its driver
(``transport.drive`` in a worker, ``transport.adrive`` in a trigger or a bulk run, a test with a list of replies)
carries out each step and sends the outcome back in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from airflow_provider_wa.api import json_fields
from airflow_provider_wa.api.errors import WaError

T = TypeVar("T")

_BEGINNING = 400_000

Parameters: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Parameters by name; one with several values is sent once for each value."""


class Effect(Enum):
    """Effect of repeating a request."""

    READ = "read"
    """None: the request may be repeated on any failure."""
    SEND = "send"
    """A second message, for instance: the request is repeated only when it provably never left or was refused."""


@dataclass(frozen=True)
class Upload:
    """A file in a multipart request: the form field's name, the file's name, its bytes and its MIME type."""

    name: str
    filename: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class MethodRate:
    """Maximum rate of one method of a vendor, in calls per second. The methods of a vendor differ by ``name``."""

    name: str
    rate: float


@dataclass(frozen=True)
class Request:
    """One HTTP request, relative to the vendor's base URL.

    ``path`` starts with ``/``. ``json`` goes alone; ``form`` with ``files`` is multipart. ``timeout`` is the longest
    wait for the reply, in seconds; None leaves it to the connection. ``method_rate`` is kept in addition to the
    connection's own rate limit. ``base`` takes the place of the vendor's base URL. The representation shows neither
    path nor parameters nor headers: some vendors put credentials there.
    """

    method: str
    path: str = field(repr=False)
    effect: Effect = Effect.READ
    params: Parameters = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Parameters | None = field(default=None, repr=False)
    files: tuple[Upload, ...] = field(default=(), repr=False)
    timeout: float | None = None
    method_rate: MethodRate | None = None
    base: str | None = None


@dataclass(frozen=True)
class Reply:
    """A server's answer: HTTP status, headers (names in lower case) and the body's bytes."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def beginning(self) -> str:
        """Beginning of the body as text, for errors. It is longer than the shown part: secrets are masked first."""
        return self.body[:_BEGINNING].decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """JSON value of the body; None for a body that is not JSON (HTML, cut off, empty) or exceeds a limit.

        It is decoded once. Callers must not change it.
        """
        try:
            return json_fields.decoded(self.body)
        except ValueError:
            return None

    @property
    def object(self) -> dict[str, Any]:
        """JSON object of the body; empty where the body is something else."""
        value = self.json
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Sleep:
    """A wait in seconds; with ``everyone``, all flows of the connection wait, not this one alone."""

    seconds: float
    everyone: bool = False


Step: TypeAlias = Request | Sleep
Flow: TypeAlias = Generator[Step, Reply | None, T]
"""A generator of steps that returns a ``T`` or raises a ``WaError``. A ``Request`` is answered by a ``Reply``, or by
raising ``VendorUnavailable`` or ``OutcomeUnknown`` at the ``yield``; a ``Sleep`` by None."""


def exchange(request: Request) -> Flow[Reply]:
    """Yield ``request`` and return its reply."""
    reply = yield request
    if reply is None:
        raise TypeError(f"the driver answered {request!r} with no reply")
    return reply


def advance(flow: Flow[T], outcome: Reply | WaError | None) -> Step:
    """Return the flow's next step, after the outcome of the last one."""
    return flow.throw(outcome) if isinstance(outcome, WaError) else flow.send(outcome)


def relayed(
    flow: Flow[T],
    before: Callable[[Step], Reply | WaError | None] = lambda step: None,
    after: Callable[[Reply | WaError], object] = lambda outcome: None,
) -> Flow[T]:
    """Return a flow with the steps of ``flow``.

    :param before: called with each step; it may return an outcome, and the step is then not carried out.
    :param after: called with the outcome of each step that was carried out.
    """
    outcome: Reply | WaError | None = None
    while True:
        try:
            step = advance(flow, outcome)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        if (outcome := before(step)) is not None:
            continue
        try:
            outcome = yield step
        except WaError as error:
            outcome = error
        if outcome is not None:
            after(outcome)
