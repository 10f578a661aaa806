# SPDX-License-Identifier: Apache-2.0
"""Keeps a connection's secrets out of all that leaves the package: errors, records, log lines of HTTP libraries."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from airflow_provider_wa.api.errors import WaError

MASK = "***"

_SHORT = 6
"""A secret with fewer characters is masked only where it stands alone: it may well be a part of other words."""

_HTTP_LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.proxy",
    "aiohttp.client",
    "aiohttp.internal",
)

T = TypeVar("T")


class Scrubber:
    """Replaces secrets by ``***``, in their plain, percent-encoded and JSON-escaped spellings."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secret for secret in secrets if secret)
        spellings = {spelling for secret in self.secrets for spelling in _spellings(secret)}
        # The longest first: a secret may be the beginning of another.
        alternatives = "|".join(_pattern(spelling) for spelling in sorted(spellings, key=len, reverse=True))
        self._secret = re.compile(alternatives, re.IGNORECASE) if alternatives else None

    def text(self, value: str) -> str:
        """``value`` without secrets."""
        return self._secret.sub(MASK, value) if self._secret else value

    def data(self, value: Any) -> Any:
        """A JSON value without secrets, in keys and values, however deep."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value

    def result(self, value: T) -> T:
        """What a flow returned: a record, or a list or tuple of them, without secrets."""
        scrubbed: Any = value
        if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: clean
                for field in fields(value)
                if (clean := self.data(dirty := getattr(value, field.name))) != dirty
            }
            scrubbed = replace(value, **changed) if changed else value
        elif isinstance(value, (list, tuple)):
            scrubbed = type(value)(self.result(item) for item in value)
        elif isinstance(value, (str, dict)):
            scrubbed = self.data(value)
        return scrubbed  # type: ignore[no-any-return]

    def error(self, error: WaError) -> WaError:
        """Clean ``error`` in place and cut it off from the HTTP library's errors, whose texts may hold a URL."""
        error.message = self.text(error.message)
        error.args = (error.message,)
        error.code = self.text(error.code) if error.code else error.code
        error.raw = self.data(error.raw)
        error.__cause__ = error.__context__ = None
        return error


def _spellings(secret: str) -> set[str]:
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
    return {secret, secret.strip(), *encoded, *(quote(spelling, safe="") for spelling in encoded)} - {""}


def _pattern(spelling: str) -> str:
    escaped = re.escape(spelling)
    return rf"(?<!\w){escaped}(?!\w)" if len(spelling) < _SHORT else escaped


class _HttpLogFilter(logging.Filter):
    """Cleans the lines of HTTP libraries: httpx logs each request's URL at INFO, and some URLs hold a token."""

    def __init__(self) -> None:
        super().__init__()
        self._scrubber = Scrubber(())

    def learn(self, secrets: frozenset[str]) -> None:
        """Mask these from now on, too."""
        if not secrets <= self._scrubber.secrets:
            self._scrubber = Scrubber(self._scrubber.secrets | secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._scrubber.text(record.getMessage()), ()
        return True


_HTTP_LOG_FILTER = _HttpLogFilter()


def guard_http_logs(scrubber: Scrubber) -> None:
    """Keep these secrets out of what the HTTP libraries log, for as long as the process lives."""
    _HTTP_LOG_FILTER.learn(scrubber.secrets)
    for name in _HTTP_LOGGERS:
        # Adding a filter that is there already does nothing.
        logging.getLogger(name).addFilter(_HTTP_LOG_FILTER)
