# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from helpers.refusals import refusal

from airflow_provider_wa.api.errors import Unauthorized
from airflow_provider_wa.api.webhooks import RawPost
from airflow_provider_wa.vendors.wuzapi.signatures import HEADER, check, go_json

KEY = "0123456789abcdef0123456789abcdef"
JSON_DATA = json.dumps({"event": "<b>1 & 2</b>\u2028 ñ 👑", "type": "Message"}, ensure_ascii=False)
FIELDS = {"userID": "1", "jsonData": JSON_DATA, "file": "/app/files/user_1/A1.jpg", "instanceName": "shop"}
# As Go's json.Marshal writes it, by the rules of its package encoding/json, and not by our own function.
SIGNED = (
    '{"file":"/app/files/user_1/A1.jpg","instanceName":"shop","jsonData":"{\\"event\\": \\"\\u003cb\\u003e1 \\u0026 2'
    '\\u003c/b\\u003e\\u2028 ñ 👑\\", \\"type\\": \\"Message\\"}","userID":"1"}'
)


def signature(signed: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def form(fields: dict[str, str], picture: bytes = b"\xff\xd8\xff\r\n--not it") -> bytes:
    parts = [
        f'--XyZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = '--XyZ\r\nContent-Disposition: form-data; name="file"; filename="A1.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return "".join([*parts, head]).encode() + picture + b"\r\n--XyZ--\r\n"


def post(body: bytes, signed: str, content_type: str = 'multipart/form-data; boundary="XyZ"') -> RawPost:
    return RawPost({HEADER: signed, "content-type": content_type}, body)


def test_go_escapes_html_and_line_ends() -> None:
    assert go_json(FIELDS) == SIGNED


@pytest.mark.parametrize("content_type", ['multipart/form-data; boundary="XyZ"', "Multipart/Form-Data; boundary=XyZ"])
def test_of_a_form_with_a_file_the_fields_are_signed(content_type: str) -> None:
    for body in (form(FIELDS), form(FIELDS, b"another picture")):
        assert refusal(check, post(body, signature(SIGNED.encode()), content_type), KEY) is None


@pytest.mark.parametrize(
    "body",
    [form({**FIELDS, "jsonData": "{}"}), form({**FIELDS, "more": "1"}), form({"userID": "1"}), b"", SIGNED.encode()],
    ids=["changed", "more", "less", "empty", "the JSON itself"],
)
def test_a_form_that_was_changed_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthorized, match="wrong"):
        check(post(body, signature(SIGNED.encode())), KEY)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", ""])
def test_every_other_body_is_signed_as_it_is(content_type: str) -> None:
    check(post(b'{"a": 1}', signature(b'{"a": 1}'), content_type), KEY)
    with pytest.raises(Unauthorized, match="wrong"):
        check(post(b'{"a": 1}', signature(b'{"a":1}'), content_type), KEY)


def test_a_post_without_a_signature_is_refused() -> None:
    with pytest.raises(Unauthorized, match="missing"):
        check(RawPost({}, b"x"), KEY)
