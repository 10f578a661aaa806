# SPDX-License-Identifier: Apache-2.0
"""Checking numbers with any vendor: the number's other form is tried before it is called absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus


def check(vendor: ChecksNumbers, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
    """One result for each number, in their order, at most ``vendor.numbers_per_check`` at a time.

    WhatsApp knows a Mexican, Argentine or Brazilian account under one of two forms of its number (field-notes,
    "Numbers"): those that seem absent are asked for again in the other form, and ``jid`` says which one it knows.

    :raises WaError: the first call failed. A failing second call makes ``unknown``, unless it would stop all others.
    """
    results = yield from vendor.check(numbers)
    others = {
        place: other
        for place, (number, result) in enumerate(zip(numbers, results, strict=True))
        if result.status is CheckStatus.ABSENT and (other := number.other_form)
    }
    if not others:
        return results
    try:
        seconds = yield from vendor.check(list(others.values()))
    except WaError as error:
        if error.stops_all:
            raise
        for place, other in others.items():
            detail = f"absent as {numbers[place]}; asking for {other} failed: {error}"
            results[place] = replace(results[place], status=CheckStatus.UNKNOWN, detail=detail)
        return results
    for (place, other), second in zip(others.items(), seconds, strict=True):
        if second.status is not CheckStatus.ABSENT:
            detail = f"as {other}" + (f": {second.detail}" if second.detail else "")
            results[place] = replace(second, number=numbers[place].digits, detail=detail)
    return results
