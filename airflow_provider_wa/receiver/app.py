# SPDX-License-Identifier: Apache-2.0
"""The receiver as an ASGI application: ``hooks/<conn_id>/<secret>`` and ``GET healthz``, mounted or not."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from airflow_provider_wa.api.errors import Unauthorized, WaError
from airflow_provider_wa.api.webhooks import MOST_EVENTS, Event, RawPost
from airflow_provider_wa.receiver import bodies
from airflow_provider_wa.receiver.answers import (
    Refused,
    malformed,
    not_found,
    too_large,
    too_many_events,
    try_again,
    unauthorized,
    wrong_method,
)
from airflow_provider_wa.receiver.authentication import Authenticator
from airflow_provider_wa.receiver.budget import Budget, Share
from airflow_provider_wa.receiver.files import KeepFile
from airflow_provider_wa.receiver.paths import take_path
from airflow_provider_wa.receiver.refusals import RefusalNotes
from airflow_provider_wa.receiver.sources import FindConnection, WebhookConnection
from airflow_provider_wa.receiver.writer import Writer
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store

log = logging.getLogger(__name__)

_FILE_THREADS = 4
_HEALTH_SECONDS = 5.0
_HEALTH_REMEMBERED = 2.0
_REASON_LENGTH = 200


@dataclass(frozen=True)
class Limits:
    """Limits of the receiver.

    ``max_body`` is in bytes, and so is ``max_in_flight``, the size of all posts under way; a refusal is answered after
    ``refusal_seconds``; ``most_refused`` requests may wait for theirs at once.
    """

    max_body: int
    max_in_flight: int = 128 << 20
    refusal_seconds: float = 0.25
    most_refused: int = 1000


class Receiver:
    """Takes the posts of vendors and answers 200 once they are committed. It needs no lifespan events.

    :param find_connection: finds a connection, and blocks.
    :param get_store: returns the store, and may block.
    :param keep_file: stores a file that came with an event, and blocks.
    """

    def __init__(
        self,
        find_connection: FindConnection,
        get_store: Callable[[], Store],
        keep_file: KeepFile,
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._refusals = RefusalNotes(get_store)
        self._authenticator = Authenticator(
            find_connection,
            limits.refusal_seconds,
            limits.most_refused,
            on_wrong_secret=self._refusals.count_wrong_secret,
        )
        self._budget = Budget(limits.max_in_flight)
        self._writer = Writer(get_store)
        self._health = _Health(get_store)
        self._keep_file = keep_file
        self._file_threads = ThreadPoolExecutor(_FILE_THREADS, "wa-receiver-files")
        self._under_way: set[asyncio.Future[Response]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = take_path(scope)
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope, receive)
        match path.segments:
            case ["hooks", conn_id, secret]:
                answering = self._hook(request, conn_id, secret, path.query)
            case ["healthz"]:
                answering = self._health.answer(request)
            case _:
                answering = _nothing()
        response = await _answered(answering)
        await response(scope, receive, send)

    async def close(self) -> None:
        """Finish the posts under way, and end the threads."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._refusals.close()
        self._authenticator.close()
        self._health.close()
        self._file_threads.shutdown(wait=False)

    async def _hook(self, request: Request, conn_id: str, secret: str, query: bytes) -> Response:
        if request.method not in ("POST", "OPTIONS", "GET"):
            raise wrong_method()
        connection = await self._authenticator.admit(conn_id, secret, request.client.host if request.client else "?")
        if request.method == "POST":
            answering = self._post(request, connection)
        elif request.method == "GET":
            answering = _challenge(connection, query)
        else:
            answering = _options()
        response = await _answered(answering)
        if connection.vendor.answer_headers:
            response.headers.update(connection.vendor.answer_headers)
        return response

    async def _post(self, request: Request, connection: WebhookConnection) -> Response:
        share, taking = self._budget.share(), None
        try:
            vendor = connection.vendor
            limit = max(self._limits.max_body, vendor.largest_post)
            headers = bodies.headers_of(request.scope)
            read = await bodies.read(headers, request.receive, limit, share, vendor.file_marks)
            body = read.content
            try:
                await bodies.work_out(vendor.verify, RawPost(headers, body), len(body))
            except Unauthorized as error:
                # Without its file a body has another signature.
                raise (unauthorized(error.message[:_REASON_LENGTH]) if read.is_whole else too_large(limit)) from None
            if not read.is_whole:
                log.warning("%s: a file of more than %d bytes is left out of a post", connection.conn_id, limit)
            # What was read whole is stored even if its sender goes away and the server ends this request.
            taking = asyncio.ensure_future(self._take(connection, body, headers.get("content-type", "")))
            self._under_way.add(taking)
            taking.add_done_callback(lambda done: self._taken(done, share))
            return await asyncio.shield(taking)
        except Refused as refused:
            log.warning("%s: refused a post: %s", connection.conn_id, refused)
            self._refusals.add(connection.conn_id, refused.status, refused.reason)
            raise
        finally:
            if taking is None:
                share.release()

    def _taken(self, taking: asyncio.Future[Response], share: Share) -> None:
        self._under_way.discard(taking)
        share.release()

    async def _take(self, connection: WebhookConnection, body: bytes, content_type: str) -> Response:
        post = await bodies.decode(body, content_type)
        try:
            events = await bodies.work_out(connection.vendor.events, post, len(body))
        except WaError as error:
            raise malformed(error.message[:_REASON_LENGTH]) from None
        if len(events) > MOST_EVENTS:
            raise too_many_events(MOST_EVENTS)
        for warning in {event.warning for event in events if event.warning}:
            log.warning("%s: a post %s", connection.conn_id, warning)
        new = [await self._new_event(connection, event) for event in events]
        if not new:
            log.info("%s: stored nothing", connection.conn_id)
        try:
            await self._writer.add(new)
        except WaError as error:  # its connection is wrong or cannot be looked up, or it is out of reach
            log.error("%s: %s", connection.conn_id, error)
            raise try_again("the store is unavailable") from None
        return Response(f'{{"events":{len(events)}}}', media_type="application/json")

    async def _new_event(self, connection: WebhookConnection, event: Event) -> NewEvent:
        uri = None
        if event.file:
            loop = asyncio.get_running_loop()
            try:
                uri = await loop.run_in_executor(self._file_threads, self._keep_file, connection.conn_id, event.file)
            except Exception as error:  # noqa: BLE001 - any error of an object store
                log.error("%s: a file cannot be stored: %s: %s", connection.conn_id, type(error).__name__, error)
                raise try_again("the file cannot be stored") from None
        return NewEvent(conn_id=connection.conn_id, vendor=connection.vendor.name, event=event, file=uri)


class _Health:
    """The health of the store: can it be written to? The answer is kept for a moment, since anybody may ask often."""

    def __init__(self, get_store: Callable[[], Store]) -> None:
        self._get_store = get_store
        self._thread = ThreadPoolExecutor(1, "wa-receiver-health")
        self._asked_at = float("-inf")
        self._asking: asyncio.Future[None] | None = None

    async def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return JSONResponse({"error": "method: not allowed; expected GET"}, 405, {"allow": "GET, HEAD"})
        old = time.monotonic() - self._asked_at > _HEALTH_REMEMBERED
        if self._asking is None or (old and self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.get_running_loop().run_in_executor(self._thread, self._ask)
        try:
            await asyncio.wait_for(asyncio.shield(self._asking), _HEALTH_SECONDS)
        except asyncio.TimeoutError:
            reason = f"the store does not answer within {_HEALTH_SECONDS:g} seconds"
        except Exception as error:  # noqa: BLE001 - any error makes it unhealthy
            # The address of the store is not for everybody.
            log.error("The store is unavailable: %s", error if isinstance(error, WaError) else type(error).__name__)
            word = error.reason if isinstance(error, StoreUnavailable) else "unavailable"
            reason = f"the store is {word}; the receiver's log says more"
        else:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": reason}, 503)

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    def _ask(self) -> None:
        self._get_store().check_writable()


async def _answered(answering: Awaitable[Response]) -> Response:
    """Return the response, that to an error if there is one."""
    try:
        return await answering
    except ClientDisconnect:
        log.info("A client went away before its post was complete")
        # Some servers say so of every client when they are about to end: one that is still there had better repeat it.
        return try_again("the post did not arrive completely").answer
    except Refused as refused:
        return refused.answer
    except Exception as error:  # noqa: BLE001 - a server's traceback may show what was posted
        _log_bug(error)
        return Refused(500, "internal error").answer


async def _challenge(connection: WebhookConnection, query: bytes) -> Response:
    """Answer the GET with which some vendors ask before they post to a webhook."""
    try:
        answer = connection.vendor.answer_challenge(bodies.query_fields(query))
    except Unauthorized as error:
        raise unauthorized(error.message[:_REASON_LENGTH]) from None
    except WaError as error:
        raise malformed(error.message[:_REASON_LENGTH]) from None
    if answer is None:
        raise wrong_method()
    return PlainTextResponse(answer)


async def _options() -> Response:
    return Response()


async def _nothing() -> Response:
    raise not_found()


def _log_bug(error: Exception) -> None:
    """Log the place of an error without its text, which may show what was posted."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    log.error("A request failed: %s at %s", type(error).__name__, where)
