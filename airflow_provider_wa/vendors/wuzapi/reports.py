# SPDX-License-Identifier: Apache-2.0
"""Received messages that a WuzAPI server keeps (field-notes, WuzAPI)."""

from __future__ import annotations

from datetime import datetime

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.json_fields import pick, text, whole_number
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.wuzapi import history
from airflow_provider_wa.vendors.wuzapi.calls import Calls
from airflow_provider_wa.vendors.wuzapi.tables import STATUS


class Reports(Calls):
    """Methods for the server's inbox."""

    def keep_history(self, messages_per_chat: int) -> Flow[None]:
        """Make the server keep this number of messages of each chat, from now on; 0 keeps none (POST /session/history).

        Without kept messages, the inbox cannot be pulled.
        """
        if messages_per_chat < 0:
            raise BadInput(f"messages_per_chat: {messages_per_chat} is negative; expected 0 or more", vendor=self.name)
        yield from self.ask(self._request("POST", "/session/history", {"history": messages_per_chat}))

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Return incoming messages that the server has kept (GET /chat/history), oldest first, each once.

        The server keeps the newest messages of each chat, as many as ``keep_history`` set; older ones are deleted.

        :param after: a ``message_id``: only later messages are returned; all messages, if this one is deleted.
        :param limit: maximum number of messages: the newest ones; with ``after`` the oldest ones, so that a caller who
            continues from the last one misses none.
        :raises UnsupportedByVendor: the server keeps no messages of this user.
        """
        state, _ = yield from self._mapping(self._request("GET", STATUS))
        kept = whole_number(pick(state, "history")) or history.MOST
        index, _ = yield from self._mapping(self._request("GET", history.PATH, params={"chat_jid": history.INDEX}))
        entries: list[history.Entry] = []
        for chat in history.chats(index, text(pick(state, "id")), None if after else since):
            params = {"chat_jid": chat, "limit": str(kept)}
            data, reply = yield from self._data(self._request("GET", history.PATH, params=params))
            if data is not None and not isinstance(data, list):
                raise self.unexpected(reply, what="the reply has no list of messages")
            entries += history.entries(data or ())
        return history.selected(entries, since=since, until=until, after=after, limit=limit)
