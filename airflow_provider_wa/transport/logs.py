# SPDX-License-Identifier: Apache-2.0
"""Masks a connection's secrets in the log records of the libraries that carry requests, posts and SQL."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterable
from typing import Any

from airflow_provider_wa.transport.scrub import Scrubber

LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "aiohttp.client",
    "aiohttp.internal",
    "asyncio",
    "concurrent.futures",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.asgi",
    "uvicorn.error",
    "sqlalchemy.engine.Engine",
    *(f"sqlalchemy.pool.impl.{name}" for name in ("NullPool", "QueuePool", "SingletonThreadPool", "StaticPool")),
)
"""Loggers that are guarded, each by its whole name: Python asks a logger's filters for its own records alone."""

_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})
"""Attributes that every record has; the others are what a caller gave as ``extra``."""


class LogFilter(logging.Filter):
    """Masks secrets in a record: its message, its traceback, its stack, and what was given as ``extra``.

    A record without a secret stays unchanged, so that formatters find in it what they expect.
    """

    def __init__(self) -> None:
        super().__init__()
        self._scrubber = Scrubber(())
        self._learning = threading.Lock()

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, too."""
        with self._learning:
            known = self._scrubber.secrets
            if new := {secret for secret in secrets if secret.strip() not in known}:
                self._scrubber = Scrubber(known | new)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record's secrets; all records pass."""
        self._mask_message(record)
        self._mask_traceback(record)
        record.exc_text, record.stack_info = self._masked(record.exc_text), self._masked(record.stack_info)
        for name in vars(record).keys() - _STANDARD:
            setattr(record, name, self._masked(getattr(record, name)))
        return True

    def _mask_message(self, record: logging.LogRecord) -> None:
        clean = self._scrubber.text(text := _message(record))
        if clean == text:
            return
        if isinstance(record.args, tuple):
            # Formatters of access logs take the arguments apart.
            record.msg, record.args = self._masked(record.msg), tuple(map(self._masked, record.args))
            text = _message(record)
        if not isinstance(record.args, tuple) or self._scrubber.text(text) != text:
            record.msg, record.args = clean, ()

    def _mask_traceback(self, record: logging.LogRecord) -> None:
        """Move a traceback with a secret into the message: formatters would make its text from the exception again."""
        if not record.exc_info or not isinstance(record.exc_info, tuple):
            return
        clean = self._scrubber.text(text := "".join(traceback.format_exception(*record.exc_info)))
        if clean != text:
            record.msg, record.args = f"{_message(record)}\n{clean.rstrip()}", ()
            record.exc_info = record.exc_text = None

    def _masked(self, value: Any) -> Any:
        """Return a value as it is, or its text without the secrets in it."""
        clean = self._scrubber.text(text := str(value))
        return value if clean == text else clean


def _message(record: logging.LogRecord) -> str:
    """Return the message; of one whose arguments do not fit, all that is there: its handler will complain of it."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - any error of an argument's own text
        return f"{record.msg} {record.args!r}"


_FILTER = LogFilter()


def guard_logs(secrets: Iterable[str]) -> None:
    """Mask these secrets in the records of ``LOGGERS``, for as long as the process lives."""
    _FILTER.learn(secrets)
    for name in LOGGERS:
        # Adding a filter that is there already does nothing.
        logging.getLogger(name).addFilter(_FILTER)
