# SPDX-License-Identifier: Apache-2.0
"""Green-API's settings of an instance: their names and values, and those of a webhook (the vendor's public pages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.json_fields import pick, text, truth, whole_number
from airflow_provider_wa.vendors.green_api.tables import (
    DEFAULT_EVENTS,
    EVENT_SETTINGS,
    NAME,
    NUMBER_SETTINGS,
    SWITCHES,
    TEXT_SETTINGS,
)


def checked(values: Mapping[str, Any]) -> dict[str, str | int]:
    """Return settings as the vendor takes them: switches as "yes" or "no", texts, whole numbers.

    :raises BadInput: there are none, or a name or a value is not one of the vendor's.
    """
    if not values:
        raise BadInput("settings: there are none; expected one at least", vendor=NAME)
    return {name: _checked(name, value) for name, value in values.items()}


def _checked(name: str, value: Any) -> str | int:
    if name in SWITCHES:
        on = truth(value)
        if on is None:
            raise BadInput(f"{name}: got {str(value)[:40]!r}; expected yes or no", vendor=NAME)
        return "yes" if on else "no"
    if name in TEXT_SETTINGS:
        if not isinstance(value, str):
            raise BadInput(f"{name}: got {type(value).__name__}; expected a text, empty for none", vendor=NAME)
        return value
    return _number(name, value)


def _number(name: str, value: Any) -> int:
    if name not in NUMBER_SETTINGS:
        known = ", ".join(sorted({*SWITCHES, *TEXT_SETTINGS, *NUMBER_SETTINGS}))
        raise BadInput(f"settings: {name[:40]!r} is unknown; expected one of {known}", vendor=NAME)
    number, limits = whole_number(value), NUMBER_SETTINGS[name]
    if number is None or number not in limits:
        raise BadInput(f"{name}: got {str(value)[:40]!r}; expected {limits.start} to {limits.stop - 1}", vendor=NAME)
    return number


def of_webhook(url: str, events: Sequence[str], current: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that post notifications to ``url``.

    :param events: settings that switch notifications on, or the vendor's words for these; all other notifications are
        switched off. Without any, the useful ones are switched on and the others stay as they are.
    :param current: the instance's settings, which show what its server knows.
    :raises BadInput: the URL is not one, or an event is unknown.
    """
    if not url.startswith(("http://", "https://")):
        raise BadInput("url: unknown scheme; expected http:// or https://", vendor=NAME)
    known = [name for name in EVENT_SETTINGS if pick(current, name) is not None]
    if events:
        wanted = {_event_setting(event) for event in events}
        switches = {name: "yes" if name in wanted else "no" for name in EVENT_SETTINGS if name in {*known, *wanted}}
    else:
        switches = dict.fromkeys((name for name in DEFAULT_EVENTS if name in known or not known), "yes")
    return {"webhookUrl": url, **switches}


def _event_setting(event: str) -> str:
    """Return the setting of an event's name, in any case."""
    for name, word in EVENT_SETTINGS.items():
        if event.strip().casefold() in (name.casefold(), word.casefold()):
            return name
    raise BadInput(f"events: {event[:40]!r} is unknown; expected some of {', '.join(EVENT_SETTINGS)}", vendor=NAME)


def changes(wanted: Mapping[str, str | int], current: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the wanted settings that are not in force."""
    return {name: value for name, value in wanted.items() if text(pick(current, name)) != str(value)}


def events_on(current: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the settings that are on, of those that switch notifications on."""
    return tuple(name for name in EVENT_SETTINGS if truth(pick(current, name)) is True)
