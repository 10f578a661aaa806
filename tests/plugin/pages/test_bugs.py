# SPDX-License-Identifier: Apache-2.0
"""An error that nobody expects: its text, which may be that of a message, gets neither into a reply nor into a log."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import Response, StreamingResponse

from airflow_provider_wa.plugin.pages import app as pages
from airflow_provider_wa.plugin.pages import visit
from airflow_provider_wa.plugin.pages.app import make_pages
from airflow_provider_wa.plugin.pages.visit import Visit
from airflow_provider_wa.store.database import StoreUnavailable

PRIVATE = "Ana has a private question"


class Bug(Exception):
    """An error of no kind that the pages know."""


async def somebody(request: object) -> object:
    return object()


def fails(_: Visit) -> Response:
    raise Bug(PRIVATE)


def breaks_off(_: Visit) -> Response:
    def lines() -> Iterator[str]:
        yield "row\n"
        raise Bug(PRIVATE)

    return StreamingResponse(lines())


async def ask(page: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Any]], BaseException | None]:
    """Return what the pages send for a request, and the error that the server gets and logs."""
    monkeypatch.setattr(visit, "user_of", somebody)
    monkeypatch.setattr(pages, "_VIEWS", (("/page", page),))
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        assert message["type"] != "http.response.start" or not sent, "a server takes one reply"
        sent.append(message)

    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if not (found := next(requests, {})):
            await asyncio.Event().wait()
        return found

    scope = {"type": "http", "method": "GET", "path": "/page", "root_path": "", "headers": [], "query_string": b""}
    try:
        await make_pages()(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - a server takes all
        return sent, error
    return sent, None


async def test_a_bug_is_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    (start, *rest), error = await ask(fails, monkeypatch)
    body = b"".join(message["body"] for message in rest)
    assert error is None
    assert start["status"] == 500
    assert dict(start["headers"])[b"referrer-policy"] == b"no-referrer"
    assert b"Something went wrong; see the log of the API server." in body
    assert "A page failed: Bug at " in caplog.text
    assert PRIVATE not in caplog.text + body.decode()


async def test_a_store_that_fails_in_the_middle_of_a_file_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lines() -> Iterator[str]:
        yield "row\n"
        raise StoreUnavailable(PRIVATE)

    _, error = await ask(lambda _: StreamingResponse(lines()), monkeypatch)
    assert error is not None
    assert "A page failed: StoreUnavailable at " in caplog.text
    assert PRIVATE not in caplog.text + "".join(traceback.format_exception(error))


async def test_a_file_that_breaks_off_is_no_whole_file_and_its_error_has_no_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (_, *rest), error = await ask(breaks_off, monkeypatch)
    assert [message["body"] for message in rest if message["more_body"]] == [b"row\n"]
    assert all(message["more_body"] for message in rest), "the end of a file is never sent after an error"
    assert error is not None
    assert "A page failed: Bug at " in caplog.text
    assert PRIVATE not in caplog.text + "".join(traceback.format_exception(error))
