# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from receiver.kit import CHECKWA, HMAC_SECRET, SECRET, Hold, Kit, callback, wuzapi_message

from airflow_provider_wa.api.errors import BadInput, Unauthorized, UnexpectedReply, WaError
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.connections.lookup import LookupFailed
from airflow_provider_wa.receiver.app import Limits
from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

HOOK = f"/hooks/ck/{SECRET}"
MULTIPART = "multipart/form-data; boundary=xyz"
JPEG = b"\xff\xd8\xff\xe0 a picture"


def signed(body: bytes, key: str = HMAC_SECRET) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-hmac-signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest(),
    }


def unavailable(news: Sequence[NewEvent]) -> None:
    raise StoreUnavailable("<Database sqlite:///secret-place.db>: disk I/O error")


class TestAccepted:
    async def test_a_callback_is_in_the_store_when_it_is_answered(self, kit: Kit) -> None:
        reply = await kit.post()

        assert (reply.status_code, reply.json()) == (200, {"events": 1})
        (event,) = kit.stored()
        assert (event.conn_id, event.vendor, event.kind, event.reference) == ("ck", "checkwa", EventKind.CHECK, "t1")

    async def test_it_is_not_answered_before_the_commit(self, kit: Kit) -> None:
        kit.events.before = hold = Hold()
        post = asyncio.ensure_future(kit.post())
        await hold.begun()
        assert not post.done()
        hold.release()
        assert (await post).status_code == 200

    async def test_the_same_post_again_is_answered_and_stored_once(self, kit: Kit) -> None:
        replies = [await kit.post() for _ in range(3)]

        assert {reply.status_code for reply in replies} == {200}
        assert len(kit.stored()) == 1

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", ""],
    )
    async def test_json_is_read_whatever_it_is_called(self, kit: Kit, content_type: str) -> None:
        headers = {"content-type": content_type} if content_type else {}
        reply = await kit.post(content=json.dumps(callback()).encode(), headers=headers)
        assert (reply.status_code, len(kit.stored())) == (200, 1)

    async def test_a_form(self, kit: Kit) -> None:
        body = wuzapi_message().decode()
        kit.connections["wuz"] = WebhookConnection("wuz", WuzApi(base_url="https://wuz.test", token="t"), SECRET)
        reply = await kit.post(f"/hooks/wuz/{SECRET}", data={"jsonData": body, "userID": "1"})
        assert (reply.status_code, kit.stored()[0].reference) == (200, "A1")

    async def test_a_signed_post(self, kit: Kit) -> None:
        body = wuzapi_message()
        reply = await kit.post(f"/hooks/wuz/{SECRET}", content=body, headers=signed(body))
        assert (reply.status_code, kit.stored()[0].party) == (200, "51987654321")

    async def test_a_kind_of_event_that_nobody_knows_is_kept_raw(self, kit: Kit) -> None:
        body = json.dumps({"type": "Newest", "event": {"what": "ever"}}).encode()
        assert (await kit.post(f"/hooks/wuz/{SECRET}", content=body, headers=signed(body))).status_code == 200
        (event,) = kit.store.events.get([kit.stored()[0].id])
        assert (event.kind, event.vendor_kind, event.raw["event"]) == (EventKind.OTHER, "Newest", {"what": "ever"})

    async def test_a_long_body_is_read_like_a_short_one(self, kit: Kit) -> None:
        reply = await kit.post(json={**callback(), "padding": "x" * 200_000})
        assert (reply.status_code, len(kit.stored())) == (200, 1)


class TestFiles:
    async def test_a_picture_is_kept_and_the_event_tells_where(self, kit: Kit) -> None:
        import base64

        picture = base64.b64encode(JPEG).decode()
        for _ in range(2):
            assert (await kit.post(json={**callback(), "picture": picture})).status_code == 200

        (event,) = kit.stored()
        name = f"{hashlib.sha256(JPEG).hexdigest()[:32]}.jpg"
        assert event.file == f"memory://ck/{name}"
        assert kit.kept == {f"memory://ck/{name}": JPEG}

    async def test_a_multipart_form_brings_a_file(self, kit: Kit) -> None:
        told = {
            "reportType": "inbox",
            "type": "image",
            "phone": "51987654321",
            "waMessageID": "W1",
            "messageID": "M1",
            "createdAt": "2026-01-02T03:04:05Z",
            "value": {"caption": "look", "type": "image/jpeg"},
        }
        reply = await kit.post(
            f"/hooks/portal/{SECRET}",
            data={"json": json.dumps(told)},
            files={"file1": ("../../etc/passwd", JPEG, "image/jpeg")},
        )
        assert reply.status_code == 200, reply.text
        (event,) = kit.stored()
        assert event.kind is EventKind.INBOX
        assert event.file is not None
        assert kit.kept[event.file] == JPEG
        assert "passwd" not in event.file

    async def test_a_file_that_cannot_be_kept_refuses_the_post_for_now(self, kit: Kit) -> None:
        kit.keep_fails = True
        reply = await kit.post(json={**callback(), "picture": "/9j/4AAQ"})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
        assert kit.stored() == []


class TestRefused:
    @pytest.mark.parametrize(
        "path",
        [
            "/hooks/ck/wrong",
            "/hooks/ck/",
            "/hooks/ck",
            f"/hooks/ck/{SECRET}/",
            f"/hooks/ck/{SECRET}x",
            f"/hooks/nobody/{SECRET}",
            "/hooks/open/",
            "/hooks/open/x",
            f"/hooks/../ck/{SECRET}",
            f"/hook/ck/{SECRET}",
            "/",
        ],
    )
    async def test_who_does_not_know_the_secret_is_told_the_same(self, kit: Kit, path: str) -> None:
        known = await kit.post("/hooks/ck/nonsense")
        reply = await kit.post(path)
        assert reply.status_code == 404
        assert reply.content == known.content
        assert list(reply.headers.raw) == list(known.headers.raw)
        assert kit.stored() == []

    async def test_the_secret_of_another_connection_does_not_do(self, kit: Kit) -> None:
        kit.connections["ck"] = WebhookConnection("ck", CHECKWA.vendor, "another")
        assert (await kit.post()).status_code == 404

    async def test_a_secret_may_have_any_characters_of_a_path(self, kit: Kit) -> None:
        kit.connections["ck"] = WebhookConnection("ck", CHECKWA.vendor, "pass+word/7f3a9c= ñ")
        assert (await kit.post("/hooks/ck/pass+word/7f3a9c=%20%C3%B1")).status_code == 200

    async def test_connections_that_cannot_be_looked_up(self, kit: Kit) -> None:
        def fail(conn_id: str) -> None:
            raise RuntimeError(f"vault: no route for {conn_id}")

        kit.look_up = fail
        reply = await kit.post()
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
        assert "vault" not in reply.text

    @pytest.mark.parametrize("signature", [None, "", "0" * 64, "ñ"])
    async def test_a_signature_that_is_missing_or_wrong(self, kit: Kit, signature: str | None) -> None:
        headers = {} if signature is None else {b"x-hmac-signature": signature.encode()}
        reply = await kit.post(f"/hooks/wuz/{SECRET}", content=wuzapi_message(), headers=headers)
        assert reply.status_code == 401
        assert "x-hmac-signature" in reply.json()["error"]
        assert kit.stored() == []

    async def test_a_signature_with_another_key_or_of_another_body(self, kit: Kit) -> None:
        body = wuzapi_message()
        for headers in (signed(body, "another-key"), signed(body + b" ")):
            assert (await kit.post(f"/hooks/wuz/{SECRET}", content=body, headers=headers)).status_code == 401

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
    async def test_other_methods(self, kit: Kit, method: str) -> None:
        async with kit.client() as client:
            reply = await client.request(method, HOOK)
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST, OPTIONS")
        assert kit.looked_up == []

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (b"", "application/json"),
            (b"private words", "application/json"),
            (b'{"num": NaN, "token": "private words"}', "application/json"),
            (b"[" * 100_000, "application/json"),
            (b'{"num": "\xff private words"}', "application/json"),
            (b'{"nothing": "private words"}', "application/json"),
            (b'["private words"]', "application/json"),
            (b"5", ""),
            (b"private words", "application/x-www-form-urlencoded"),
            (b"a=%FFprivate+words", "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % n for n in range(101)), "application/x-www-form-urlencoded"),
            (b"private words", "multipart/form-data"),
            (b"private words", MULTIPART),
            (b"--xyz\r\nContent-Disposition: form-data\r\n\r\nprivate words\r\n--xyz--\r\n", MULTIPART),
        ],
    )  # fmt: skip
    async def test_a_body_that_cannot_be_read_is_refused_and_not_quoted(
        self, kit: Kit, content: bytes, content_type: str
    ) -> None:
        headers = {"content-type": content_type} if content_type else {}
        reply = await kit.post(content=content, headers=headers)
        assert reply.status_code == 400
        assert reply.json()["error"]
        assert "private" not in reply.text
        assert kit.stored() == []

    async def test_too_many_files(self, kit: Kit) -> None:
        files = [(f"file{number}", ("a.txt", b"x", "text/plain")) for number in range(11)]
        assert (await kit.post(data={"json": "{}"}, files=files)).status_code == 400

    async def test_a_compressed_body(self, kit: Kit) -> None:
        reply = await kit.post(content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
        assert (reply.status_code, kit.stored()) == (415, [])

    async def test_an_error_that_nobody_expected_says_nothing(
        self, kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: Any, post: Any) -> None:
            raise KeyError("private words")

        monkeypatch.setattr(type(CHECKWA.vendor), "events", fail)
        reply = await kit.post()
        assert (reply.status_code, reply.json()) == (500, {"error": "internal error"})
        assert "KeyError at" in caplog.text
        assert "private" not in caplog.text


class TestBodyLimit:
    @pytest.fixture
    def kit(self, store: Store) -> Kit:
        return Kit(store, limits=Limits(max_body=1000, refusal_seconds=0.0))

    def body(self, size: int) -> bytes:
        empty = json.dumps({**callback(), "padding": ""}).encode()
        return json.dumps({**callback(), "padding": "x" * (size - len(empty))}).encode()

    async def chunks(self, body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async def test_a_body_of_the_limit_passes(self, kit: Kit) -> None:
        assert (await kit.post(content=self.body(1000))).status_code == 200
        assert (await kit.post(content=self.chunks(self.body(1000)))).status_code == 200

    async def test_a_longer_one_is_refused_by_its_own_account(self, kit: Kit) -> None:
        reply = await kit.post(content=self.body(1001))
        assert (reply.status_code, reply.headers["connection"]) == (413, "close")
        assert reply.json() == {"error": "body: too long; expected at most 1000 bytes"}

    async def test_and_while_it_comes_without_being_read_to_its_end(self, kit: Kit) -> None:
        read: list[int] = []

        async def endless() -> AsyncIterator[bytes]:
            for number in range(1000):
                read.append(number)
                yield b"x" * 100

        reply = await kit.post(content=endless())
        assert reply.status_code == 413
        assert "content-length" not in reply.request.headers
        assert kit.stored() == []


class Asking(CheckWa):
    """A vendor that tests a webhook with a GET before it posts to it."""

    def answer_challenge(self, query: Mapping[str, str]) -> str | None:
        match query.get("token"):
            case "right":
                return query["challenge"]
            case None:
                return None
            case "nonsense":
                raise UnexpectedReply("challenge: not one", vendor=self.name)
        raise Unauthorized("token: wrong", vendor=self.name)


class TestChallenge:
    @pytest.fixture
    def kit(self, store: Store) -> Kit:
        kit = Kit(store)
        vendor = Asking(base_url="https://ck.test", user="ana", api_key="key-5b1e")
        kit.connections["ask"] = WebhookConnection("ask", vendor, SECRET)
        return kit

    async def get(self, kit: Kit, path: str) -> httpx.Response:
        async with kit.client() as client:
            return await client.get(path)

    @pytest.mark.parametrize(
        ("query", "status", "text"),
        [
            ("token=right&challenge=c%2B1", 200, "c+1"),
            ("token=wrong&challenge=1", 401, '{"error":"token: wrong"}'),
            ("token=nonsense", 400, '{"error":"challenge: not one"}'),
            ("", 405, '{"error":"method: not allowed; expected POST or OPTIONS"}'),
            ("&".join(f"f{n}=1" for n in range(101)), 400, '{"error":"query: too many fields; expected at most 100"}'),
        ],
    )
    async def test_the_vendor_answers_its_own(self, kit: Kit, query: str, status: int, text: str) -> None:
        reply = await self.get(kit, f"/hooks/ask/{SECRET}?{query}")
        assert (reply.status_code, reply.text) == (status, text)
        assert kit.stored() == []

    @pytest.mark.parametrize("conn_id", ["ck", "portal", "wuz"])
    async def test_a_vendor_without_one_takes_no_get(self, kit: Kit, conn_id: str) -> None:
        reply = await self.get(kit, f"/hooks/{conn_id}/{SECRET}?challenge=1")
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST, OPTIONS")

    async def test_strangers_learn_from_a_get_what_they_learn_from_a_post(self, kit: Kit) -> None:
        known = await kit.post("/hooks/ck/nonsense")
        for path in ("/hooks/ask/nonsense?token=right&challenge=1", "/hooks/ck/nonsense", "/hooks/nobody/nonsense"):
            reply = await self.get(kit, path)
            assert (reply.status_code, reply.content) == (404, known.content)
            assert list(reply.headers.raw) == list(known.headers.raw)


class TestHeaders:
    CORS: ClassVar = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
        "access-control-allow-headers": "x-test-header, Origin, X-Requested-With, Content-Type, Accept",
    }

    async def test_options_are_answered_with_the_vendors_headers(self, kit: Kit) -> None:
        async with kit.client() as client:
            reply = await client.options(HOOK)
            assert reply.status_code == 200
            assert self.CORS.items() <= reply.headers.items()
            other = await client.options(f"/hooks/wuz/{SECRET}")
            assert other.status_code == 200
            assert not self.CORS.keys() & other.headers.keys()

    async def test_options_say_nothing_to_strangers(self, kit: Kit) -> None:
        known = await kit.post("/hooks/ck/nonsense")
        async with kit.client() as client:
            for path in ("/hooks/ck/wrong", "/hooks/nobody/wrong", "/hooks/wuz/wrong"):
                reply = await client.options(path)
                assert (reply.status_code, reply.content) == (404, known.content)
                assert list(reply.headers.raw) == list(known.headers.raw)

    async def test_what_checkwa_demands_is_on_every_answer_to_it(
        self, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replies = [
            await kit.post(),
            await kit.post(content=b""),
            await kit.post(content=b"x", headers={"content-encoding": "br"}),
        ]
        kit.events.before = unavailable
        replies.append(await kit.post())
        async with kit.client() as client:
            replies.append(await client.get(HOOK))

        def fail(self: Any, post: Any) -> None:
            raise KeyError

        monkeypatch.setattr(type(CHECKWA.vendor), "events", fail)
        replies.append(await kit.post())
        assert [reply.status_code for reply in replies] == [200, 400, 415, 503, 405, 500]
        for reply in replies:
            assert self.CORS.items() <= reply.headers.items()

    async def test_others_do_not_get_them(self, kit: Kit) -> None:
        for path in ("/hooks/ck/wrong", f"/hooks/wuz/{SECRET}", f"/hooks/portal/{SECRET}"):
            assert not self.CORS.keys() & (await kit.post(path, content=b"{}")).headers.keys()


class TestStore:
    @pytest.mark.parametrize("error", [BadInput("the store is a SQLite file"), LookupFailed("the backend is away")])
    async def test_a_store_that_is_not_to_be_used_or_found_takes_nothing(self, kit: Kit, error: WaError) -> None:
        def refuse(news: Sequence[NewEvent]) -> None:
            raise error

        kit.events.before = refuse
        reply = await kit.post()
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
        assert str(error) not in reply.text
        assert kit.stored() == []

    async def test_a_store_that_is_away_and_comes_back(self, kit: Kit) -> None:
        kit.events.before = unavailable
        reply = await kit.post()
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
        assert "secret-place" not in reply.text

        kit.events.before = lambda news: None
        assert (await kit.post()).status_code == 200
        assert len(kit.stored()) == 1

    async def test_posts_that_come_at_once_share_transactions(self, kit: Kit) -> None:
        async with kit.client() as client:
            await client.post(HOOK, json=callback())
            kit.events.transactions.clear()
            posts = [client.post(HOOK, json=callback(token=f"n{number}")) for number in range(64)]
            replies = await asyncio.gather(*posts)

        assert {reply.status_code for reply in replies} == {200}
        assert len(kit.stored()) == 65
        assert sum(kit.events.transactions) == 64
        assert len(kit.events.transactions) <= 8

    async def test_who_goes_away_after_posting_does_not_lose_the_event(self, kit: Kit) -> None:
        kit.events.before = hold = Hold()
        posting = asyncio.ensure_future(kit.post())
        await hold.begun()
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        hold.release()
        await kit.app.close()
        assert len(kit.stored()) == 1

    async def test_half_a_body_is_no_event(self, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
        messages = iter(
            [
                {"type": "http.request", "body": b'{"num":"51987654321","code":"1"}', "more_body": True},
                {"type": "http.disconnect"},
            ]
        )
        sent: list[Any] = []

        async def receive() -> MutableMapping[str, Any]:
            return next(messages)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": HOOK, "headers": [], "query_string": b"", "client": None}
        with caplog.at_level(logging.INFO):
            await kit.app(scope, receive, send)
        assert kit.stored() == []
        assert "went away" in caplog.text
        # uvicorn 0.44 calls those gone who are still there when it ends.
        assert sent[0]["status"] == 503


def remove(store: Store) -> None:
    """Remove the store's file and its log."""
    path = str(store.database.url.database)
    for name in (path, f"{path}-wal"):
        Path(name).unlink()


class TestHealth:
    async def test_well(self, kit: Kit) -> None:
        async with kit.client() as client:
            reply = await client.get("/healthz")
            assert (reply.status_code, reply.json()) == (200, {"status": "ok"})
            assert (await client.head("/healthz")).status_code == 200
            assert (await client.post("/healthz")).status_code == 405

    async def test_not_well(self, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
        kit.events.before = unavailable
        async with kit.client() as client:
            reply = await client.get("/healthz")
        assert reply.status_code == 503
        assert reply.json()["reason"] == "the store is unreachable; the receiver's log says more"
        assert "disk I/O error" in caplog.text

    async def test_a_store_that_only_reads_is_not_well(self, kit: Kit) -> None:
        await kit.post()
        kit.store = Store(f"sqlite:///file:{kit.store.database.url.database}?mode=ro&uri=true")
        async with kit.client() as client:
            reply = await client.get("/healthz")
        kit.store.close()
        assert reply.status_code == 503
        assert reply.json()["reason"] == "the store is read-only; the receiver's log says more"

    async def test_posts_go_on_after_the_file_was_removed(self, kit: Kit) -> None:
        await kit.post()
        remove(kit.store)
        assert (await kit.post(json=callback(token="t2"))).status_code == 200
        assert [event.reference for event in kit.stored()] == ["t2"]

    async def test_many_who_ask_are_one_question_to_the_store(self, kit: Kit) -> None:
        asked: list[int] = []
        kit.events.before = lambda news: asked.append(1)
        async with kit.client() as client:
            await asyncio.gather(*(client.get("/healthz") for _ in range(20)))
        assert asked == [1]


class TestLog:
    @pytest.fixture(autouse=True)
    def level(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        with caplog.at_level(logging.DEBUG):
            yield

    async def test_a_post_is_one_line_with_kinds_and_counts(self, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
        await kit.post()
        await kit.post()
        lines = [record.getMessage() for record in caplog.records if record.name.endswith("receiver.writer")]
        assert lines == [
            "ck: stored 1 check (transaction: 1 new, 0 known)",
            "ck: stored 1 check (transaction: 0 new, 1 known)",
        ]

    async def test_no_line_shows_a_secret_or_what_was_said(self, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
        body = wuzapi_message()
        await kit.post(f"/hooks/wuz/{SECRET}", content=body, headers=signed(body))
        await kit.post(f"/hooks/wuz/{SECRET}", content=body)
        await kit.post("/hooks/wuz/hook-c0ffee43", content=body)
        await kit.post("/hooks/hook-c0ffee42/ck", content=body)
        await kit.post(content=b"private words")
        kit.events.before = unavailable
        await kit.post()
        kit.keep_fails = True
        await kit.post(json={**callback(), "picture": "/9j/4AAQ"})
        lines = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("airflow"))
        assert lines.count("\n") >= 6
        for word in ("c0ffee", HMAC_SECRET, "private", "51987654321"):
            assert word not in lines
