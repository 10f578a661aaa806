# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool
from uvicorn.logging import AccessFormatter, DefaultFormatter

from airflow_provider_wa.transport import logs
from airflow_provider_wa.transport.channel import Channel, Endpoint
from airflow_provider_wa.transport.logs import LogFilter, guard_logs
from airflow_provider_wa.transport.scrub import MASK, Scrubber

SECRET = "S3cr3t+T0k3n/Xyz=0123"
FORMS = (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode())


class Library(Exception):
    """An error whose text has what was sent."""


def failing(secret: str) -> None:
    try:
        raise Library(f"POST /{secret}")
    except Library as error:
        raise ValueError(f"header {secret}") from error


def structured() -> logging.Formatter:
    """Return a formatter as Airflow's logging has it."""
    render = structlog.processors.JSONRenderer(default=str)
    first = [structlog.stdlib.ExtraAdder(), structlog.processors.format_exc_info]
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=first, processors=last)


class WithExtras(logging.Formatter):
    """Shows all that a record has."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)}"


FORMATTERS: dict[str, Callable[[], logging.Formatter]] = {
    "plain": WithExtras, "structlog": structured, "uvicorn": lambda: DefaultFormatter("%(levelprefix)s %(message)s"),
}  # fmt: skip

RECORDS: dict[str, Callable[[logging.Logger, str], None]] = {
    "message": lambda logger, secret: logger.error(f"of {secret}"),
    "argument": lambda logger, secret: logger.error("of %s in %r", secret, {"Authorization": secret.encode()}),
    "mapping": lambda logger, secret: logger.error("of %(token)s", {"token": secret}),
    "object": lambda logger, secret: logger.error(Library(secret)),
    "in two": lambda logger, secret: logger.error("of %s%s", secret[:7], secret[7:]),
    "traceback": lambda logger, secret: logger.error("it failed", exc_info=_error(secret)),
    "traceback and message": lambda logger, secret: logger.error("it %s", secret, exc_info=_error(secret)),
    "stack": lambda logger, secret: _with_stack(logger, secret),
    "extra": lambda logger, secret: logger.error("it failed", extra={"url": f"/{secret}", "n": 1}),
    "nested extra": lambda logger, secret: logger.error("it failed", extra={"request": {"headers": [("a", secret)]}}),
    "object as extra": lambda logger, secret: logger.error("it failed", extra={"error": Library(secret)}),
    "arguments that do not fit": lambda logger, secret: logger.error("of %d", secret),
}


def _error(secret: str) -> BaseException:
    try:
        failing(secret)
    except ValueError as error:
        return error
    raise AssertionError


def _with_stack(logger: logging.Logger, secret: str) -> None:
    # The lines of a stack are those of a program, which may have a secret in its source.
    record = logger.makeRecord(logger.name, logging.ERROR, "", 1, "it failed", (), None, sinfo=f"Stack:\n  {secret}")
    logger.handle(record)


@contextmanager
def written(logger: logging.Logger, formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """Collect what a handler writes, and its complaints."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handlers, logger.handlers = logger.handlers, [handler]  # others may not bear what this one does
    before, sys.stderr = sys.stderr, stream
    propagates, logger.propagate = logger.propagate, False
    try:
        yield stream
    finally:
        sys.stderr, logger.propagate = before, propagates
        logger.handlers = handlers


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    monkeypatch.setattr(logging, "raiseExceptions", True)  # handlers complain of arguments that do not fit
    guard_logs([SECRET])
    return logging.getLogger("uvicorn.error")


@pytest.mark.parametrize("secret", FORMS, ids=["raw", "percent", "base64"])
@pytest.mark.parametrize("formatter", FORMATTERS)
@pytest.mark.parametrize("kind", RECORDS)
def test_no_part_of_a_record_shows_a_secret(logger: logging.Logger, kind: str, formatter: str, secret: str) -> None:
    with written(logger, FORMATTERS[formatter]()) as stream:
        RECORDS[kind](logger, secret)
    shown = stream.getvalue()
    assert secret not in shown
    assert Scrubber([SECRET]).text(shown) == shown
    if "extra" not in kind or formatter != "uvicorn":
        assert MASK in shown or kind == "stack"
    if "traceback" in kind:
        assert "Library" in shown
        assert "failing" in shown


def test_a_record_without_a_secret_stays_as_it_is() -> None:
    error = _error("nothing")
    extra = {"request": {"n": [1]}}
    record = logging.LogRecord("x", 10, "", 1, "%s and %d", ("one", 2), (ValueError, error, error.__traceback__))
    vars(record).update(extra)
    before = dict(vars(record))
    filter_ = LogFilter()
    filter_.learn([SECRET])
    assert filter_.filter(record)
    assert vars(record) == before
    assert record.request is extra["request"]  # type: ignore[attr-defined]


def test_the_access_log_of_uvicorn_can_take_a_masked_record_apart() -> None:
    guard_logs([SECRET])
    logger = logging.getLogger("uvicorn.access")
    logger.setLevel(logging.INFO)
    with written(logger, AccessFormatter("%(client_addr)s %(request_line)s %(status_code)s")) as stream:
        logger.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", f"/wa/{quote(SECRET, safe='')}", "1.1", 404)
    assert stream.getvalue() == f"127.0.0.1:1 POST /wa/{MASK} HTTP/1.1 404 Not Found\n"


def test_parameters_and_failures_of_sqlalchemy_are_masked() -> None:
    guard_logs([SECRET])
    engine = create_engine("sqlite://", poolclass=QueuePool)
    loggers = [logging.getLogger(name) for name in ("sqlalchemy.engine.Engine", "sqlalchemy.pool.impl.QueuePool")]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    try:
        with written(logging.getLogger("sqlalchemy"), WithExtras()) as stream, engine.connect() as connection:
            connection.execute(text("SELECT :it"), {"it": SECRET}).all()
            loggers[1].error("reset", exc_info=_error(SECRET))
    finally:
        for each in loggers:
            each.setLevel(logging.NOTSET)
    assert "SELECT" in stream.getvalue()
    assert stream.getvalue().count(MASK) > 2
    assert SECRET not in stream.getvalue()


def test_all_loggers_that_the_libraries_use_are_guarded() -> None:
    Channel(Endpoint("http://h", secrets=("S3cr3tT0k3n",)))
    names = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if name.split(".")[0] in ("httpx", "httpcore", "httpx_aiohttp", "uvicorn")
        and isinstance(logger, logging.Logger)
    ]
    assert {"httpx", "httpcore.connection", "httpcore.http11", "uvicorn.error"} <= set(names)
    assert [name for name in names if logs._FILTER not in logging.getLogger(name).filters] == []


def test_the_loggers_are_guarded_once_and_for_all_connections(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        Channel(Endpoint("http://h", secrets=(f"S3cr3tT0k3n-{number}",)))
    logger = logging.getLogger("httpx")
    assert len([found for found in logger.filters if found is logs._FILTER]) == 1
    with caplog.at_level(logging.INFO, "httpx"):
        logger.info("%s and %s", "http://h/S3cr3tT0k3n-0", "http://h/S3cr3tT0k3n-2")
        logger.info("%s and %s", "http://h/S3cr3tT0k3n-0", "http://h/S3cr3tT0k3n-2")
    assert caplog.messages == [f"http://h/{MASK} and http://h/{MASK}"] * len(caplog.messages)
    assert caplog.messages


def test_connections_that_open_at_once_lose_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowScrubber(Scrubber):
        def __init__(self, secrets: Any) -> None:
            super().__init__(secrets)
            time.sleep(0.005)

    monkeypatch.setattr(logs, "Scrubber", SlowScrubber)
    filter_ = LogFilter()
    secrets = [f"S3cr3tT0k3n-{number}" for number in range(8)]
    threads = [threading.Thread(target=filter_.learn, args=([secret],)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = logging.LogRecord("httpx", logging.INFO, "", 0, " ".join(secrets), (), None)
    assert filter_.filter(record)
    assert record.getMessage() == " ".join([MASK] * 8)
