# SPDX-License-Identifier: Apache-2.0
"""Media of WuzAPI: in the messages that are sent, and downloads."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import inbox, loopback
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi import sniffing
from airflow_provider_wa.sandbox.wuzapi.account import DOCUMENT, NAME, State, generation, state
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    NO_WEBSOCKET,
    UNDECODED,
    Refused,
    authenticated,
    payload,
    require_session,
    success,
    typed,
)

_UPLOAD = "failed to upload file: failed to refresh media connections: failed to query media connections"


@dataclass(frozen=True)
class Media:
    """The media of a kind of message: their field, accepted forms, and the texts of refusals.

    `type_field` is the field with the MIME type; `fetched` what a failed fetch names.
    """

    field: str
    data_prefix: str = "data:"
    refusal: str = ""
    is_picture: bool = False
    type_field: str = "MimeType"
    fetched: str = "{kind} from url"
    upload_failure: str = _UPLOAD


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


def is_private(url: str) -> bool:
    """Return True for a URL of this machine or of a private network, which the server does not fetch."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


async def receive(data: dict[str, Any], media: Media, sandbox: Sandbox) -> MediaContent:
    """Return the media of a message, uploaded to WhatsApp."""
    value, given = str(typed(data, media.field)), typed(data, media.type_field)
    content = MediaContent(link=value)
    if value.startswith(media.data_prefix):
        content = _read(value, given)
    elif not loopback.is_http_url(value) or generation(sandbox) == DOCUMENT:
        raise Refused(400, media.refusal)
    elif is_private(value):
        kind = media.fetched.format(kind=media.field.lower())
        raise Refused(400, f'failed to fetch {kind}: Get "{value}": ssrf attempt detected: address is not allowed')
    require_upload(sandbox, media.upload_failure)
    if media.is_picture and content.content is not None and not sniffing.sniff(content.content).startswith("image/"):
        raise Refused(500, "could not decode image for thumbnail preparation: image: unknown format")
    return content


def _read(value: str, given: str) -> MediaContent:
    content, named = decode(value)
    # Audio goes by its data URL, all else by what is found in it.
    found = named if named.startswith("audio/") else sniffing.sniff(content)
    return MediaContent(content, given or found)


def require_upload(sandbox: Sandbox, failure: str = _UPLOAD) -> None:
    """Refuse media that cannot be uploaded: a user without a device has a websocket for that."""
    if state(sandbox) in (State.CONNECT_FAILED, State.NO_WEBSOCKET):
        raise Refused(500, f"{failure}: {NO_WEBSOCKET}")


def _known_media(sandbox: Sandbox) -> Iterator[bytes]:
    for sent in sandbox.ledger.messages.values():
        if sent.vendor == NAME and sent.media is not None:
            yield sent.media
    for received in sandbox.incoming(NAME):
        if received.media is not None:
            yield received.media


def downloader(kind: str) -> Handler:
    """Return the handler that downloads one kind of media. It works logged out, too."""

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
        raise Refused(500, f"failed to download {kind} download failed with status code 404")

    return download


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", f"/chat/download{kind}"): downloader(kind) for kind in ("image", "video", "audio", "document", "sticker")
}
