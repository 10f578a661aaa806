# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from helpers.raw_server import RawServer, Wire

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, Unauthorized
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.checkwa import CheckWaHook
from airflow_provider_wa.vendors.checkwa.events import CheckCallback

if TYPE_CHECKING:
    from helpers.vendors import Vendors

pytestmark = pytest.mark.sockets

ALLOWED = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: x-test-header, Origin, X-Requested-With, Content-Type, Accept\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


def allow(wire: Wire) -> None:
    wire.send(ALLOWED)


def hook_of(conn_id: str = "checkwa_default") -> CheckWaHook:
    found = WaHook.for_connection(conn_id)
    assert isinstance(found, CheckWaHook)
    return found


def callbacks(receiver: RawServer, count: int) -> list[CheckCallback]:
    deadline = time.monotonic() + 10
    while len(posts := [seen for seen in receiver.requests if seen.method == "POST"]) < count:
        assert time.monotonic() < deadline, f"{len(posts)} callbacks came"
        time.sleep(0.02)
    return [CheckWaHook.parse_callback(post.body) for post in posts]


def test_a_queued_check_is_called_back(vendors: Vendors) -> None:
    with RawServer(allow) as receiver:
        extra = {"mode": "queue", "callback_base_url": receiver.url, "webhook_secret": "hook-c0ffee42"}
        hook = hook_of(vendors.connect("checkwa", extra=extra))

        pictured, absent = hook.check(["+51987654303", "+51987654300"], server=462, hide_image=False)

        assert (pictured.status, absent.status) == (CheckStatus.PENDING, CheckStatus.PENDING)
        assert "server 462 active" in pictured.detail
        found = callbacks(receiver, 3)

    assert {(it.reference, it.number, it.status) for it in found} == {
        (pictured.reference, "51987654303", CheckStatus.EXISTS),
        (absent.reference, "51987654300", CheckStatus.ABSENT),
    }
    (picture,) = [it.picture for it in found if it.picture]
    assert picture.startswith((b"\x89PNG", b"\xff\xd8\xff"))


@pytest.mark.parametrize("split", [False, True])
def test_a_server_that_answers_at_once(vendors: Vendors, split: bool) -> None:
    exists, absent, unknown = hook_of().check(["+51987654303", "+51987654300", "+51987654304"], split_number=split)
    assert (exists.status, absent.status, unknown.status) == (
        CheckStatus.EXISTS,
        CheckStatus.ABSENT,
        CheckStatus.UNKNOWN,
    )


def test_errors_by_their_codes(vendors: Vendors) -> None:
    with pytest.raises(BadInput, match=r"server number is not valid \(9\)"):
        hook_of().check("+51987654303", server="1")
    vendors.control("quota", vendor="checkwa", left=0)
    with pytest.raises(QuotaExceeded, match=r"\(6\)"):
        hook_of().check("+51987654303")
    vendors.connect("checkwa", password="not-the-right-key")
    with pytest.raises(Unauthorized, match=r"\(3\)"):
        hook_of().check("+51987654303")
