# SPDX-License-Identifier: Apache-2.0
"""People and groups at WuzAPI (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Effect, Flow
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.messages import Media
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import Avatar, CheckResult, Contact, Group, UserInfo
from airflow_provider_wa.vendors.wuzapi import messages, replies
from airflow_provider_wa.vendors.wuzapi.calls import Calls
from airflow_provider_wa.vendors.wuzapi.messages import group_jid, jid, required
from airflow_provider_wa.vendors.wuzapi.tables import NO_PICTURE, SEND_TIMEOUT


class Directory(Calls):
    """Methods for numbers, people, contacts and groups."""

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Check whether numbers are on WhatsApp, many in one call (POST /user/check)."""
        body = {"Phone": [number.digits for number in numbers]}
        data, reply = yield from self._data(self._request("POST", "/user/check", body))
        users = pick(data, "Users")
        if not isinstance(users, list):
            raise self.unexpected(reply, what="the reply to a check lists no users")
        return replies.check_results(numbers, users)

    def user_info(self, users: Sequence[str]) -> Flow[list[UserInfo]]:
        """Return the public data of accounts (POST /user/info); accounts unknown to WhatsApp are left out.

        :param users: digits or JIDs.
        """
        if isinstance(users, str) or not users:
            raise BadInput("users: expected a list of at least one number or JID", vendor=self.name)
        # Newer servers accept only full JIDs.
        body = {"Phone": [jid(user, "users") for user in users]}
        data, reply = yield from self._data(self._request("POST", "/user/info", body))
        found = pick(data, "Users")
        if not isinstance(found, Mapping):
            raise self.unexpected(reply, what="the reply has no users")
        return [replies.user_info(name, user) for name, user in found.items()]

    def avatar(self, who: str, *, preview: bool = False) -> Flow[Avatar]:
        """Return an account's picture (POST /user/avatar; on older servers GET with the same body).

        :param who: the person or the group, as digits or JID.
        :param preview: ask for the small picture.
        """
        body = {"Phone": required(who, "who"), "Preview": preview}
        try:
            reply = yield from self.ask(self._request("POST", "/user/avatar", body), accept=(200, 404))
            if reply.status == 404:
                reply = yield from self.ask(self._request("GET", "/user/avatar", body), accept=(200,))
        except BadInput as error:
            if any(words in (error.code or "").casefold() for words in NO_PICTURE):
                return Avatar(vendor=self.name, url=None, raw=error.raw)
            raise
        found = replies.avatar(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply has no address of a picture")
        return found

    def contacts(self) -> Flow[list[Contact]]:
        """Return the account's contacts (GET /user/contacts)."""
        data, reply = yield from self._data(self._request("GET", "/user/contacts"))
        if data is None:
            return []
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, what="the reply has no contacts")
        return [replies.contact(name, contact) for name, contact in data.items()]

    def lid(self, who: str) -> Flow[str | None]:
        """Return the LID of a number, None if this account does not know it (GET /user/lid/{jid}).

        :param who: the number, as digits or JID.
        """
        path = "/user/lid/" + quote(jid(who, "who"), safe="@")
        reply = yield from self.ask(self._request("GET", path), accept=(404,))
        if reply.status == 404:
            if "not found" in text(pick(reply.object, "error")).casefold():
                return None
            raise self._refusal(reply, Effect.READ)
        found = text(pick(pick(reply.object, "data"), "lid"))
        if not found:
            raise self.unexpected(reply, what="the reply has no LID")
        return found

    def block(self, who: str) -> Flow[None]:
        """Block a person, by digits or JID (POST /user/block)."""
        yield from self.ask(self._request("POST", "/user/block", {"Phone": jid(who, "who")}))

    def unblock(self, who: str) -> Flow[None]:
        """Unblock a person, by digits or JID (POST /user/unblock)."""
        yield from self.ask(self._request("POST", "/user/unblock", {"Phone": jid(who, "who")}))

    def groups(self) -> Flow[list[Group]]:
        """Return all groups with their members (GET /group/list)."""
        data, reply = yield from self._mapping(self._request("GET", "/group/list"))
        groups = pick(data, "Groups") or []
        if not replies.has(data, "Groups") or not isinstance(groups, list):
            raise self.unexpected(reply, what="the reply has no list of groups")
        return [found for group in groups if (found := replies.group(group))]

    def group_info(self, group: str) -> Flow[Group]:
        """Return a group with its members (GET /group/info)."""
        data, reply = yield from self._of_group("/group/info", group)
        found = replies.group(data)
        if found is None:
            raise self.unexpected(reply, what="the reply has no group")
        return found

    def invite_link(self, group: str) -> Flow[str]:
        """Return the invitation link of a group (GET /group/invitelink)."""
        data, reply = yield from self._of_group("/group/invitelink", group)
        link = text(pick(data, "InviteLink"))
        if not link:
            raise self.unexpected(reply, what="the reply has no link")
        return link

    def set_group_photo(self, group: str, photo: Media) -> Flow[str]:
        """Set a group's picture, a JPEG, and return the picture's id (POST /group/photo)."""
        if photo.url is not None:
            raise BadInput("group photo: url is not possible; expected the file's bytes", vendor=self.name)
        # WhatsApp accepts only JPEG here.
        image = messages.data_url(photo, ("image/jpeg",), "group photo")
        # Setting a picture or a name twice is harmless.
        request = self._request("POST", "/group/photo", {"GroupJID": group_jid(group), "Image": image})
        data, _ = yield from self._data(replace(request, timeout=SEND_TIMEOUT))
        return text(pick(data, "PictureID"))

    def set_group_name(self, group: str, name: str) -> Flow[None]:
        """Set a group's name (POST /group/name)."""
        body = {"GroupJID": group_jid(group), "Name": required(name, "name")}
        yield from self.ask(self._request("POST", "/group/name", body))

    def _of_group(self, path: str, group: str) -> Flow[tuple[Any, Any]]:
        # Older servers read the body, newer ones the query.
        known = group_jid(group)
        request = self._request("GET", path, {"GroupJID": known}, params={"groupJID": known})
        answer = yield from self._data(request)
        return answer
