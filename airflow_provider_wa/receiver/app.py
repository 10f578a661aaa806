# SPDX-License-Identifier: Apache-2.0
"""The receiver as an ASGI application: ``POST hooks/<conn_id>/<secret>`` and ``GET healthz``, below a mount or not."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.webhooks import Event
from airflow_provider_wa.receiver import bodies
from airflow_provider_wa.receiver.answers import CORS, Refused, answer, malformed, not_found, try_again, wrong_method
from airflow_provider_wa.receiver.authentication import Authenticator
from airflow_provider_wa.receiver.files import KeepFile
from airflow_provider_wa.receiver.paths import take_path
from airflow_provider_wa.receiver.sources import FindSource, Source
from airflow_provider_wa.receiver.writer import Committed, Writer
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.events import NewEvent
from airflow_provider_wa.store.store import Store

log = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024

_FILE_THREADS = 4
_HEALTH_SECONDS = 5.0
_HEALTH_REMEMBERED = 2.0
_REASON_LENGTH = 200


@dataclass(frozen=True)
class Limits:
    """What the receiver bears: bytes of a body, seconds until a refusal, refusals at once."""

    max_body: int = 10 * MEGABYTE
    refusal_seconds: float = 0.25
    most_refused: int = 1000


class Receiver:
    """Takes what vendors post and answers 200 once it is committed. It needs no lifespan events.

    :param find_source: finds a connection, and blocks.
    :param get_store: gives the store, and may block.
    :param keep_file: stores a file that came with an event, and blocks.
    """

    def __init__(
        self,
        find_source: FindSource,
        get_store: Callable[[], Store],
        keep_file: KeepFile,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._gate = Authenticator(find_source, self._limits.refusal_seconds, self._limits.most_refused)
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
        match path:
            case ["hooks", conn_id, secret]:
                answered = self._hook(request, conn_id, secret)
            case ["healthz"]:
                answered = self._health.answer(request)
            case _:
                answered = _nothing()
        try:
            response = await answered
        except ClientDisconnect:
            log.info("A client went away before its post was whole")
            # Some servers say so of everybody when they are about to end: who is still there had better come again.
            response = try_again("the post did not arrive whole").answer
        except Refused as refused:
            response = refused.answer
        except Exception as error:  # noqa: BLE001 - a server's traceback may show what was posted
            _log_bug(error)
            response = Refused(500, "internal error").answer
        await response(scope, receive, send)

    async def close(self) -> None:
        """Finish what was taken in, and end the threads."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._gate.close()
        self._health.close()
        self._file_threads.shutdown(wait=False)

    async def _hook(self, request: Request, conn_id: str, secret: str) -> Response:
        if request.method == "OPTIONS":
            return Response(headers=CORS)
        if request.method != "POST":
            raise wrong_method()
        source = await self._gate.admit(conn_id, secret, request.client.host if request.client else "?")
        try:
            body = await bodies.read(request, self._limits.max_body)
            if source.hmac_secret:
                bodies.check_signature(body, request.headers, source.hmac_secret)
            # What was read whole is stored even if its sender goes away and the server ends this request.
            taking = asyncio.ensure_future(self._take(source, body, request.headers.get("content-type", "")))
            self._under_way.add(taking)
            taking.add_done_callback(self._under_way.discard)
            return await asyncio.shield(taking)
        except Refused as refused:
            log.warning("%s: refused a post: %s", source.conn_id, refused)
            raise

    async def _take(self, source: Source, body: bytes, content_type: str) -> Response:
        post = await bodies.decode(body, content_type)
        try:
            events = await bodies.work_out(source.vendor.events, post, len(body))
        except WaError as error:
            raise malformed(error.message[:_REASON_LENGTH]) from None
        news = [await self._new_event(source, event) for event in events]
        try:
            committed = await self._writer.add(news) if news else Committed(0, 0)
        except StoreUnavailable as error:
            log.error("%s: %s", source.conn_id, error)
            raise try_again("the store is unavailable") from None
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(event.kind.value for event in events).items())
        known = committed.events - committed.new
        log.info(
            "%s: stored %s (transaction: %d new, %d known)", source.conn_id, kinds or "nothing", committed.new, known
        )
        return answer({"events": len(events)})

    async def _new_event(self, source: Source, event: Event) -> NewEvent:
        uri = None
        if event.file:
            loop = asyncio.get_running_loop()
            try:
                uri = await loop.run_in_executor(self._file_threads, self._keep_file, source.conn_id, event.file)
            except Exception as error:  # noqa: BLE001 - whatever an object store raises
                log.error("%s: a file cannot be stored: %s: %s", source.conn_id, type(error).__name__, error)
                raise try_again("the file cannot be stored") from None
        return NewEvent(conn_id=source.conn_id, vendor=source.vendor.name, event=event, file=uri)


class _Health:
    """Whether the store can be asked; remembered for a moment, since anybody may ask."""

    def __init__(self, get_store: Callable[[], Store]) -> None:
        self._get_store = get_store
        self._thread = ThreadPoolExecutor(1, "wa-receiver-health")
        self._asked_at = float("-inf")
        self._asking: asyncio.Future[int] | None = None

    async def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return JSONResponse({"error": "only GET"}, 405, {"allow": "GET, HEAD"})
        old = time.monotonic() - self._asked_at > _HEALTH_REMEMBERED
        if self._asking is None or (old and self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.get_running_loop().run_in_executor(self._thread, self._ask)
        try:
            await asyncio.wait_for(asyncio.shield(self._asking), _HEALTH_SECONDS)
        except asyncio.TimeoutError:
            reason = f"the store does not answer within {_HEALTH_SECONDS:g} seconds"
        except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not well
            # The address of the store is nothing for everybody.
            log.error("The store is unavailable: %s", error if isinstance(error, WaError) else type(error).__name__)
            reason = "the store is unavailable; the receiver's log says why"
        else:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": reason}, 503)

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    def _ask(self) -> int:
        return self._get_store().events.last_id()


async def _nothing() -> Response:
    raise not_found()


def _log_bug(error: Exception) -> None:
    """Say where it happened, without the error's text, which may show what was posted."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    log.error("A request failed: %s at %s", type(error).__name__, where)
