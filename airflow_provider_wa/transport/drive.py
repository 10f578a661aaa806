# SPDX-License-Identifier: Apache-2.0
"""Drives a flow: carries out its steps and sends the outcomes back in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow, Reply, advance
from airflow_provider_wa.transport.channel import AsyncChannel, Channel

T = TypeVar("T")


def drive(flow: Flow[T], channel: Channel) -> T:
    """Carry out ``flow`` in this thread and return its result; no secret of the channel is in it.

    :raises WaError: as the flow does, with its secrets masked.
    """
    outcome: Reply | WaError | None = None
    try:
        while True:
            outcome = channel.carry_out(advance(flow, outcome))
    except StopIteration as done:
        return channel.scrubber.result(done.value)  # type: ignore[no-any-return]
    except WaError as error:
        raise channel.scrubber.error(error) from None


async def adrive(flow: Flow[T], channel: AsyncChannel, before_send: Callable[[], WaError | None] = lambda: None) -> T:
    """Carry out ``flow`` on this event loop; otherwise as ``drive``.

    :param before_send: called right before each send, after its waits; an error that it returns is the send's outcome.
    """
    outcome: Reply | WaError | None = None
    try:
        while True:
            outcome = await channel.carry_out(advance(flow, outcome), before_send)
    except StopIteration as done:
        return channel.scrubber.result(done.value)  # type: ignore[no-any-return]
    except WaError as error:
        raise channel.scrubber.error(error) from None
