# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's user and group endpoints: who is there, and what is known of them (vendor-docs/wuzapi, user and group)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Effect, Flow
from airflow_provider_wa.api.json_fields import moment, pick, text, truth
from airflow_provider_wa.api.messages import Media
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import Avatar, CheckResult, CheckStatus, Contact, Group, UserInfo
from airflow_provider_wa.vendors.wuzapi.base import NO_PICTURE, WuzApiBase, group_jid, has, jid, required
from airflow_provider_wa.vendors.wuzapi.messages import data_url

_NAMES = ("FullName", "FirstName", "BusinessName", "PushName")


class Users(WuzApiBase):
    """Who is on WhatsApp, and what it tells of them."""

    numbers_per_check: ClassVar[int] = 50

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Whether numbers are on WhatsApp, many in one call (POST /user/check).

        Entries may be missing, out of order and with a JID that is no phone number: they are matched by ``Query``.
        """
        body = {"Phone": [number.digits for number in numbers]}
        data, reply = yield from self.data(self.request("POST", "/user/check", body))
        users = pick(data, "Users")
        if not isinstance(users, list):
            raise self.unexpected(reply, what="the reply to a check lists no users")
        found = {text(pick(user, "Query")).lstrip("+"): user for user in users}
        return [self._check_result(number, found.get(number.digits)) for number in numbers]

    def user_info(self, users: Sequence[str]) -> Flow[list[UserInfo]]:
        """What WhatsApp tells of accounts (POST /user/info); those it knows nothing of are left out.

        :param users: digits or JIDs.
        """
        if isinstance(users, str) or not users:
            raise BadInput("users takes a list of at least one number or JID", vendor=self.name)
        # Newer servers take nothing but full JIDs.
        body = {"Phone": [jid(user, "users") for user in users]}
        data, reply = yield from self.data(self.request("POST", "/user/info", body))
        found = pick(data, "Users")
        if not isinstance(found, Mapping):
            raise self.unexpected(reply, what="the reply has no users")
        return [self._user_info(name, user) for name, user in found.items()]

    def avatar(self, who: str, *, preview: bool = False) -> Flow[Avatar]:
        """Where somebody's picture is (POST /user/avatar; on older servers GET with the same body).

        :param who: digits or JID of a person or a group.
        :param preview: the small picture.
        """
        body = {"Phone": required(who, "who"), "Preview": preview}
        try:
            reply = yield from self.ask(self.request("POST", "/user/avatar", body), accept=(200, 404))
            if reply.status == 404:
                reply = yield from self.ask(self.request("GET", "/user/avatar", body), accept=(200,))
        except BadInput as error:
            if any(words in (error.code or "").casefold() for words in NO_PICTURE):
                return Avatar(vendor=self.name, url=None, raw=error.raw)
            raise
        # Older servers answer with the bare picture, newer ones with an envelope around it.
        data = pick(reply.object, "data") or reply.object
        url = text(pick(data, "URL"))
        if not url:
            raise self.unexpected(reply, what="the reply has no address of a picture")
        return Avatar(
            vendor=self.name, url=url, picture_id=text(pick(data, "ID")), kind=text(pick(data, "Type")), raw=data
        )

    def contacts(self) -> Flow[list[Contact]]:
        """The account's contacts (GET /user/contacts)."""
        data, reply = yield from self.data(self.request("GET", "/user/contacts"))
        if data is None:
            return []
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, what="the reply has no contacts")
        return [self._contact(name, contact) for name, contact in data.items()]

    def lid(self, who: str) -> Flow[str | None]:
        """The LID under which WhatsApp hides a number, None if this account knows none (GET /user/lid/{jid}).

        :param who: digits or JID.
        """
        path = "/user/lid/" + quote(jid(who, "who"), safe="@")
        reply = yield from self.ask(self.request("GET", path), accept=(404,))
        if reply.status == 404:
            if "not found" in text(pick(reply.object, "error")).casefold():
                return None
            raise self.refusal(reply, Effect.READ)
        found = text(pick(pick(reply.object, "data"), "lid"))
        if not found:
            raise self.unexpected(reply, what="the reply has no LID")
        return found

    def _check_result(self, number: PhoneNumber, user: Any) -> CheckResult:
        known = truth(pick(user, "IsInWhatsapp"))
        status = CheckStatus.of(known)
        detail = text(pick(user, "VerifiedName"))
        if status is CheckStatus.UNKNOWN:
            detail = "the server left the number out of its answer" if user is None else "the answer says neither"
        send_to = text(pick(user, "JID")) or None if known else None
        return CheckResult(vendor=self.name, number=number.digits, status=status, jid=send_to, detail=detail, raw=user)

    def _user_info(self, name: str, user: Any) -> UserInfo:
        return UserInfo(
            vendor=self.name,
            jid=name,
            about=text(pick(user, "Status")),
            picture_id=text(pick(user, "PictureID")),
            business_name=text(pick(pick(pick(user, "VerifiedName"), "Details"), "verifiedName")),
            lid=text(pick(user, "LID")),
            devices=_texts(pick(user, "Devices")),
            raw=user,
        )

    def _contact(self, name: str, contact: Any) -> Contact:
        known_as = next((found for key in _NAMES if (found := text(pick(contact, key)))), "")
        return Contact(vendor=self.name, jid=name, name=known_as, raw=contact)


class Groups(WuzApiBase):
    """The account's groups."""

    def groups(self) -> Flow[list[Group]]:
        """All groups with their members (GET /group/list)."""
        data, reply = yield from self.mapping(self.request("GET", "/group/list"))
        groups = pick(data, "Groups") or []
        if not has(data, "Groups") or not isinstance(groups, list):
            raise self.unexpected(reply, what="the reply lists no groups")
        return [self._group(group) for group in groups if text(pick(group, "JID"))]

    def group_info(self, group: str) -> Flow[Group]:
        """One group with its members (GET /group/info)."""
        data, reply = yield from self._of_group("/group/info", group)
        if not text(pick(data, "JID")):
            raise self.unexpected(reply, what="the reply describes no group")
        return self._group(data)

    def invite_link(self, group: str) -> Flow[str]:
        """The link that invites into a group (GET /group/invitelink)."""
        data, reply = yield from self._of_group("/group/invitelink", group)
        link = text(pick(data, "InviteLink"))
        if not link:
            raise self.unexpected(reply, what="the reply has no link")
        return link

    def set_group_photo(self, group: str, photo: Media) -> Flow[str]:
        """Give a group another picture, a JPEG, and return the picture's id (POST /group/photo)."""
        if photo.url is not None:
            raise BadInput("group photo: url is not possible; give the file's bytes", vendor=self.name)
        # JPEG is all that WhatsApp takes here.
        image = data_url(photo, ("image/jpeg",), "group photo")
        request = self.sending("/group/photo", {"GroupJID": group_jid(group), "Image": image})
        data, _ = yield from self.data(request)
        return text(pick(data, "PictureID"))

    def set_group_name(self, group: str, name: str) -> Flow[None]:
        """Give a group another name (POST /group/name)."""
        body = {"GroupJID": group_jid(group), "Name": required(name, "name")}
        yield from self.ask(self.sending("/group/name", body))

    def _of_group(self, path: str, group: str) -> Flow[tuple[Any, Any]]:
        # Older servers read the body, newer ones the query.
        known = group_jid(group)
        request = self.request("GET", path, {"GroupJID": known}, params={"groupJID": known})
        answer = yield from self.data(request)
        return answer

    def _group(self, group: Any) -> Group:
        members = pick(group, "Participants")
        participants = [pick(member, "JID") for member in members] if isinstance(members, list) else []
        return Group(
            vendor=self.name,
            jid=text(pick(group, "JID")),
            name=text(pick(group, "Name")),
            participants=_texts(participants),
            owner=text(pick(group, "OwnerJID")) or None,
            topic=text(pick(group, "Topic")),
            created_at=moment(pick(group, "GroupCreated")),
            raw=group,
        )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(found for value in values if (found := text(value))) if isinstance(values, list) else ()
