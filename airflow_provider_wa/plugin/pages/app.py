# SPDX-License-Identifier: Apache-2.0
"""The pages as an ASGI application, which Airflow's API server mounts under ``/wa/ui``."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.plugin.pages import accounts, campaign, campaigns, messages, receiver, suppressions
from airflow_provider_wa.plugin.pages.errors import Refused
from airflow_provider_wa.plugin.pages.rendering import HEADERS, refusal
from airflow_provider_wa.plugin.pages.visit import acting, looking

log = logging.getLogger(__name__)

_VIEWS = (
    *accounts.VIEWS,
    *campaigns.VIEWS,
    *campaign.VIEWS,
    *messages.VIEWS,
    *suppressions.VIEWS,
    *receiver.VIEWS,
)
_ACTIONS = (*accounts.ACTIONS, *campaign.ACTIONS, *suppressions.ACTIONS, *receiver.ACTIONS)

_STATIC = {"wa.css": "text/css", "wa.js": "text/javascript", "wa.svg": "image/svg+xml"}


def make_pages() -> ASGIApp:
    """Return the application. It needs no lifespan events."""
    routes = [
        Route("/", _home),
        Route("/static/{name}", _static),
        *(Route(path, looking(view)) for path, view in _VIEWS),
        *(Route(path, acting(action), methods=["POST"]) for path, action in _ACTIONS),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={Refused: _refused, WaError: _failed, HTTPException: _http_error, Exception: _bug},
    )
    return _Guarded(app)


class BrokenOff(Exception):
    """A reply that an error has ended before its end. It has no text of the error, since servers log it."""


class _Guarded:
    """Adds the common headers to every answer, unless it has its own; keeps texts of messages out of tracebacks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_whole = False

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            nonlocal is_whole
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in given)]
            await send(message)
            is_whole = message["type"] == "http.response.body" and not message.get("more_body")

        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        try:
            await self._app(scope, receive, with_headers)
        except Exception as error:  # noqa: BLE001 - a server's traceback may show texts of messages
            # Starlette raises an error also after it has sent the page for it.
            if not is_whole:
                _log_place(error.__cause__ or error)
                raise BrokenOff("the reply broke off; the line before this one names the place") from None


async def _home(request: Request) -> Response:
    return RedirectResponse(f"{_base(request)}/accounts", 303)


async def _static(request: Request) -> Response:
    """Answer with a static file of the package, also without a login."""
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404)
    content = (files("airflow_provider_wa.plugin.pages") / "static" / name).read_bytes()
    return Response(content, media_type=_STATIC[name], headers={"cache-control": "public, max-age=86400"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(_base(request), error.status, error.text)


async def _failed(request: Request, error: Exception) -> Response:
    """Answer with the text of an error; it has no secrets."""
    log.warning("A page failed: %s", type(error).__name__)
    return refusal(_base(request), 503, str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(_base(request), error.status_code, error.detail)


async def _bug(request: Request, error: Exception) -> Response:
    _log_place(error)
    return refusal(_base(request), 500, "Something went wrong; see the log of the API server.")


def _log_place(error: BaseException) -> None:
    """Log the place of an error without its text, which may contain texts of messages."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    log.error("A page failed: %s at %s", type(error).__name__, where)


def _base(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")
