# SPDX-License-Identifier: Apache-2.0
"""Checks numbers with any vendor: a number's other form is tried before the number counts as absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus


def check(vendor: ChecksNumbers, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
    """Return one result for each number, in their order, for at most ``vendor.numbers_per_check`` numbers.

    WhatsApp has a Mexican, Argentine or Brazilian account under one of two forms of its number (field-notes,
    "Numbers"). Numbers that are absent in the given form are checked again in the other one; ``jid`` has the form that
    exists.

    :raises WaError: the first call failed. A second call that fails makes ``unknown``, unless it would fail for every
        number.
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
