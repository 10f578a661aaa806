# SPDX-License-Identifier: Apache-2.0
"""People and groups at Green-API (vendor-docs/green_api; field-notes; the vendor's public pages)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput, VendorUnavailable
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import Avatar, CheckResult, Contact, Group
from airflow_provider_wa.vendors.green_api import replies
from airflow_provider_wa.vendors.green_api.calls import Calls
from airflow_provider_wa.vendors.green_api.messages import chat_id
from airflow_provider_wa.vendors.green_api.tables import NUMBER_DIGITS


class Directory(Calls):
    """Methods for numbers, people, contacts and groups."""

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Check whether numbers are on WhatsApp, one call each (checkWhatsapp).

        :raises BadInput: a number does not have 11 to 16 digits; raised before any call.
        """
        for number in numbers:
            if len(number.digits) not in NUMBER_DIGITS:
                limits = f"{NUMBER_DIGITS.start} to {NUMBER_DIGITS.stop - 1}"
                raise BadInput(f"number: {number} must have {limits} digits with this vendor", vendor=self.name)
        results = []
        for number in numbers:
            asked = jids.of_person(number.digits, jids.OLD_PERSON_SERVER)
            result = yield from self._check(asked, {"phoneNumber": int(number.digits)})
            results.append(result)
        return results

    def check_chat(self, chat: str) -> Flow[CheckResult]:
        """Check whether a JID, for instance a LID, is on WhatsApp (checkWhatsapp by ``chatId``, on newer servers).

        The result's ``number`` is the person's number, if the JID or the reply contains it; otherwise it is the JID.

        :raises BadInput: it is neither digits nor a person's JID.
        """
        jid = chat_id(chat)
        if jids.is_group(jid):
            raise BadInput(f"chat: {chat[:60]!r} is a group; expected a person's number or JID", vendor=self.name)
        result = yield from self._check(jid, {"chatId": jid})
        return result

    def contacts(self) -> Flow[list[Contact]]:
        """Return the people in the account's contacts (getContacts); its groups are ``group_chats``."""
        rows = yield from self._list("getContacts", replies.contact, {})
        return [row for row in rows if not replies.is_group(row)]

    def group_chats(self) -> Flow[list[Contact]]:
        """Return the account's groups, by id and name only (getContacts); ``group`` returns more of each."""
        rows = yield from self._list("getContacts", replies.contact, {})
        return [row for row in rows if replies.is_group(row)]

    def group(self, jid: str) -> Flow[Group]:
        """Return a group and its members (getGroupData).

        :raises BadInput: it is not the JID of a group.
        """
        if not jids.is_group(chat := chat_id(jid)):
            raise BadInput(f"group: {jid[:60]!r} is not the JID of a group; expected one with @g.us", vendor=self.name)
        reply = yield from self.ask(self._request("getGroupData", body={"groupId": chat}))
        found = replies.group(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply is not a group")
        return found

    def avatar(self, chat: str) -> Flow[Avatar]:
        """Return the picture of a person or a group, if the account may see one (getAvatar)."""
        reply = yield from self.ask(self._request("getAvatar", body={"chatId": chat_id(chat)}))
        # The vendor reports an error as a success with a "reason".
        if reason := text(pick(reply.object, "reason")):
            kind = VendorUnavailable if "timeout" in reason.casefold() else BadInput
            raise kind(f"no avatar: {reason}", vendor=self.name, code=reason, raw=reply.object)
        if pick(reply.object, "urlAvatar", "existsWhatsapp", "available") is None:
            raise self.unexpected(reply, what="the reply has no avatar")
        return Avatar(vendor=self.name, url=text(pick(reply.object, "urlAvatar")) or None, raw=reply.object)

    def _check(self, jid: str, body: dict[str, Any]) -> Flow[CheckResult]:
        reply = yield from self.ask(self._request("checkWhatsapp", body=body))
        if not reply.object:
            raise self.unexpected(reply)
        return replies.check_result(jid, reply.object)
