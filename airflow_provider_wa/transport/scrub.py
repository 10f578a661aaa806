# SPDX-License-Identifier: Apache-2.0
"""Masks a connection's secrets in all that leaves the package: errors, records, log lines of HTTP libraries."""

from __future__ import annotations

import html
import json
import logging
import re
import threading
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from airflow_provider_wa.api.errors import WaError

MASK = "***"

MESSAGE_LENGTH = 500
RAW_LENGTH = 2000
"""Maximum lengths of an error's message and of the reply in it, in characters."""

_SHORT = 6
"""Minimum length of a secret that is masked inside of other words; a shorter one only where it stands alone."""

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
    """Replaces secrets by ``***``, be they plain, percent-encoded or escaped as in JSON, HTML or a ``repr``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(stripped for secret in secrets if (stripped := secret.strip()))
        # The longest first: a secret may be the beginning of another.
        alternatives = "|".join(_pattern(secret) for secret in sorted(self.secrets, key=len, reverse=True))
        self._secret = re.compile(alternatives, re.IGNORECASE) if alternatives else None

    def text(self, value: str) -> str:
        """Return ``value`` without secrets; itself if it has none, so that an enum's member stays one."""
        return self._secret.sub(MASK, value) if self._secret and self._secret.search(value) else value

    def data(self, value: Any) -> Any:
        """Return a JSON value without secrets, in keys and values, at any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value

    def result(self, value: T) -> T:
        """Return the result of a flow without secrets: a record with the records in it, or a list or tuple of them."""
        scrubbed: Any = value
        if isinstance(value, str):
            scrubbed = self.text(value)
        elif isinstance(value, dict):
            scrubbed = self.data(value)
        elif isinstance(value, (list, tuple)):
            scrubbed = type(value)(self.result(item) for item in value)
        elif names := _fields(type(value)):  # type: ignore[arg-type]
            found = [(name, getattr(value, name)) for name in names]
            clean = [(name, self.result(item)) for name, item in found]
            # Compared by identity: ``raw`` takes no part in comparisons.
            if any(new is not old for (_, new), (_, old) in zip(clean, found, strict=True)):
                scrubbed = replace(value, **dict(clean))  # type: ignore[type-var]
        return scrubbed  # type: ignore[no-any-return]

    def error(self, error: WaError) -> WaError:
        """Clean ``error`` in place and cut it off from the HTTP library's errors, whose texts may hold a URL.

        Long texts are shortened here and not before: a secret across the cut would leave its beginning.
        """
        error.message = _shortened(self.text(error.message), MESSAGE_LENGTH)
        error.args = (error.message,)
        error.code = _shortened(self.text(error.code), MESSAGE_LENGTH) if error.code else error.code
        error.raw = self.data(error.raw)
        if isinstance(error.raw, str) or len(json.dumps(error.raw, default=str)) > RAW_LENGTH:
            error.raw = _shortened(str(error.raw), RAW_LENGTH)
        error.__cause__ = error.__context__ = None
        return error


@lru_cache(maxsize=256)
def _fields(kind: Any) -> tuple[str, ...]:
    """Return the names of a record's fields; none for other classes."""
    return tuple(field.name for field in fields(kind) if field.init) if is_dataclass(kind) else ()


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


def _pattern(secret: str) -> str:
    """Return a regular expression for ``secret``; clients, servers and libraries encode different characters.

    A text matches it in one way only, or a text that nearly matches could be tried in very many.
    """
    pattern = "".join(_character(character) for character in re.sub(r"\\+", r"\\", secret))
    return rf"(?<!\w){pattern}(?!\w)" if len(secret) < _SHORT else pattern


def _character(character: str) -> str:
    """Return a regular expression for a character, or for a run of backslashes, which escaping makes longer."""
    if character.isascii() and character.isalnum():
        return character
    if character == "\\":
        return r"(?:\\|%(?:25)*5c)+(?!\\)"
    octets = [f"{octet:02x}" for octet in character.encode("utf-8", "surrogatepass")]
    units = re.findall("....", character.encode("utf-16-be", "surrogatepass").hex())
    spellings = [
        "".join(f"%(?:25)*{octet}" for octet in octets),
        r"\\*".join(f"x{octet}" for octet in octets),
        r"\\*".join(f"u{unit}" for unit in units),
        re.escape(json.dumps(character, ensure_ascii=False)[1:-1].lstrip("\\")),
        re.escape(html.escape(character)),
        re.escape(character),
    ]
    if character == " ":
        spellings.append(r"\+")
    return rf"\\*(?!\\)(?:{'|'.join(dict.fromkeys(spellings))})"


class _HttpLogFilter(logging.Filter):
    """A filter for the lines of HTTP libraries: httpx logs each request's URL at INFO, and some URLs hold a token."""

    def __init__(self) -> None:
        super().__init__()
        self._scrubber = Scrubber(())
        self._learning = threading.Lock()

    def learn(self, secrets: frozenset[str]) -> None:
        """Mask these from now on, too."""
        with self._learning:
            if not secrets <= self._scrubber.secrets:
                self._scrubber = Scrubber(self._scrubber.secrets | secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._scrubber.text(record.getMessage()), ()
        return True


_HTTP_LOG_FILTER = _HttpLogFilter()


def guard_http_logs(scrubber: Scrubber) -> None:
    """Mask these secrets in the log lines of the HTTP libraries, for as long as the process lives."""
    _HTTP_LOG_FILTER.learn(scrubber.secrets)
    for name in _HTTP_LOGGERS:
        # Adding a filter that is there already does nothing.
        logging.getLogger(name).addFilter(_HTTP_LOG_FILTER)
