# SPDX-License-Identifier: Apache-2.0
"""WuzAPI, a self-hosted server (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

from typing import ClassVar

from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.base import Documented
from airflow_provider_wa.vendors.wuzapi import events
from airflow_provider_wa.vendors.wuzapi.base import SEND_TIMEOUT
from airflow_provider_wa.vendors.wuzapi.chat import Chat
from airflow_provider_wa.vendors.wuzapi.directory import Groups, Users
from airflow_provider_wa.vendors.wuzapi.messages import SENDS
from airflow_provider_wa.vendors.wuzapi.session import EVENTS, Sessions

__all__ = ["EVENTS", "SENDS", "SEND_TIMEOUT", "WuzApi"]

_OLDER = "the document's, gone by 1.0.6"
_NEWER = "newer than the document, by 1.0.6"


class WuzApi(Sessions, Users, Chat, Groups):
    """One user of a WuzAPI server, known by the user's token."""

    endpoints: ClassVar[tuple[Documented, ...]] = (
        Documented("POST /webhook", "set_webhook"),
        Documented("GET /webhook", "webhook"),
        Documented("PUT /webhook", "update_webhook", _NEWER),
        Documented("DELETE /webhook", "delete_webhook", _NEWER),
        Documented("POST /session/connect", "connect"),
        Documented("POST /session/disconnect", "disconnect"),
        Documented("POST /session/logout", "logout"),
        Documented("GET /session/status", "session"),
        Documented("GET /session/qr", "qr_code"),
        Documented("POST /session/pairphone", "pair_phone", _NEWER),
        Documented("POST /user/info", "user_info"),
        Documented("POST /user/check", "check"),
        Documented("GET /user/avatar", "avatar", _OLDER),
        Documented("POST /user/avatar", "avatar", _NEWER),
        Documented("GET /user/contacts", "contacts"),
        Documented("GET /user/lid/{jid}", "lid", _NEWER),
        Documented("POST /chat/send/text", "send"),
        Documented("POST /chat/send/template", "send", _OLDER),
        Documented("POST /chat/send/buttons", "send", _NEWER),
        Documented("POST /chat/send/list", "send", _NEWER),
        Documented("POST /chat/send/poll", "send", _NEWER),
        Documented("POST /chat/send/edit", "send", _NEWER),
        Documented("POST /chat/send/audio", "send"),
        Documented("POST /chat/send/image", "send"),
        Documented("POST /chat/send/document", "send"),
        Documented("POST /chat/send/video", "send"),
        Documented("POST /chat/send/sticker", "send"),
        Documented("POST /chat/send/location", "send"),
        Documented("POST /chat/send/contact", "send"),
        Documented("POST /chat/presence", "presence"),
        Documented("POST /chat/markread", "mark_read"),
        Documented("POST /chat/react", "send"),
        Documented("POST /chat/delete", "delete_message", _NEWER),
        Documented("POST /chat/downloadimage", "download"),
        Documented("POST /chat/downloadvideo", "download"),
        Documented("POST /chat/downloadaudio", "download"),
        Documented("POST /chat/downloaddocument", "download"),
        Documented("GET /group/list", "groups"),
        Documented("GET /group/invitelink", "invite_link"),
        Documented("GET /group/info", "group_info"),
        Documented("POST /group/photo", "set_group_photo"),
        Documented("POST /group/name", "set_group_name"),
    )

    def events(self, post: Post) -> list[Event]:
        """What a post to the webhook tells: a message that came in, or how those that were sent fare.

        One receipt may tell of many messages. What this account wrote or read itself is kept raw, and so are all
        other types.

        :raises UnexpectedReply: it has no type.
        """
        return events.events(post)
