# SPDX-License-Identifier: Apache-2.0
"""Media of WuzAPI: in the messages that are sent, and downloads."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import inbox, loopback
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    NAME,
    UNDECODED,
    Refused,
    authenticated,
    payload,
    require_session,
    success,
    typed,
)

PICTURE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True)
class Media:
    """The media of a kind of message: their field, accepted forms, and the text of the refusal."""

    field: str
    data_prefix: str = "data:"
    refusal: str = ""
    signatures: tuple[bytes, ...] = ()
    mimetype: str = ""


@dataclass(frozen=True)
class MediaContent:
    """Media that were received: bytes and MIME type, or a link to another machine, which is not followed."""

    content: bytes | None = None
    mimetype: str = ""
    link: str = ""


def decode(value: str) -> tuple[bytes, str]:
    """Return the bytes and the MIME type of a data URL."""
    head, _, data = value.partition(",")
    try:
        return base64.b64decode(data, validate=True), head.removeprefix("data:").removesuffix(";base64")
    except ValueError:
        raise Refused(400, "could not decode base64 encoded data from payload") from None


async def receive(data: dict[str, Any], media: Media) -> MediaContent:
    """Return the media of a message."""
    value = str(typed(data, media.field))
    if value.startswith(media.data_prefix):
        content, mimetype = decode(value)
    elif loopback.is_http_url(value):
        if not loopback.is_loopback(value):
            return MediaContent(link=value)
        content, mimetype = await _fetch(value, media.field), media.mimetype
    else:
        raise Refused(400, media.refusal)
    if media.signatures and not content.startswith(media.signatures):
        raise Refused(500, "could not decode image for thumbnail preparation: image: unknown format")
    return MediaContent(content, typed(data, "MimeType") or mimetype)


async def _fetch(url: str, kind: str) -> bytes:
    try:
        answer = await loopback.call("GET", url)
    except loopback.CallFailed as error:
        raise Refused(400, f"failed to fetch {kind.lower()} from url: {error}") from error
    if answer.status != 200:
        raise Refused(400, f"failed to fetch {kind.lower()} from url: status {answer.status}")
    return answer.body


def _known_media(sandbox: Sandbox) -> Iterator[bytes]:
    for sent in sandbox.ledger.messages.values():
        if sent.vendor == NAME and sent.media is not None:
            yield sent.media
    for received in sandbox.incoming(NAME):
        if received.media is not None:
            yield received.media


def downloader(kind: str) -> Handler:
    """Return the handler that downloads one kind of media."""

    @authenticated
    async def download(request: Request, sandbox: Sandbox) -> Response:
        require_session(sandbox)
        data = await payload(request)
        values = {name: typed(data, name) for name in ("Url", "DirectPath", "Mimetype")}
        for name in ("MediaKey", "FileSHA256", "FileEncSHA256"):
            try:
                values[name] = base64.b64encode(base64.b64decode(typed(data, name), validate=True)).decode()
            except ValueError:  # Go decodes these fields together with the body
                raise Refused(400, UNDECODED) from None
        length = typed(data, "FileLength", "number")
        for media in _known_media(sandbox):
            keys = inbox.download_keys(media, values["Mimetype"])
            if keys["FileSHA256"] == values["FileSHA256"] and length == len(media):
                encoded = base64.b64encode(media).decode()
                return success({"Mimetype": values["Mimetype"], "Data": f"data:{values['Mimetype']};base64,{encoded}"})
        raise Refused(500, f"failed to download {kind}: file not found")

    return download


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", f"/chat/download{kind}"): downloader(kind) for kind in ("image", "video", "audio", "document")
}
