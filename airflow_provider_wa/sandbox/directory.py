# SPDX-License-Identifier: Apache-2.0
"""The contacts and groups of the sandbox's WhatsApp account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

OWN_NUMBER = "51999000000"


@dataclass(frozen=True)
class Contact:
    """A contact in the account's address book."""

    number: str
    name: str
    business_name: str = ""


CONTACTS = (
    Contact("51987654321", "Ana Quispe"),
    Contact("51987654303", "José Ñahui 👑"),
    Contact("51987654305", "Rosa Flores"),
    Contact("5215512345608", "Casa Azul", "Casa Azul S.A."),
    Contact("919800000021", "Sandeep"),
)


def lid_of(number: str) -> str:
    """Return the LID of a number; here the number can be read back from it."""
    return f"1{number[::-1]}@lid"


def number_of(lid: str) -> str:
    """Return the number of a LID."""
    return lid.partition("@")[0][:0:-1]


@dataclass
class Group:
    """A group: `id` is its JID without the server; `participants` are numbers, the owner first."""

    id: str
    name: str
    participants: tuple[str, ...]
    created: float
    invite_code: str
    name_set_at: float
    name_set_by: str
    picture_id: str = ""

    @property
    def owner(self) -> str:
        """Number of the owner, who is the only administrator."""
        return self.participants[0]

    @property
    def jid(self) -> str:
        """JID of the group."""
        return f"{self.id}@g.us"

    @property
    def invite_link(self) -> str:
        """Invite link of the group."""
        return f"https://chat.whatsapp.com/{self.invite_code}"

    def reset_invite(self) -> None:
        """Replace the invite link with a new one."""
        self.invite_code = uuid.uuid4().hex[:22]

    def rename(self, name: str, now: float) -> None:
        """Change the name of the group."""
        self.name, self.name_set_at, self.name_set_by = name, now, OWN_NUMBER


def groups() -> dict[str, Group]:
    """Return the groups that a sandbox starts with, by their ids."""
    return {
        group.id: group
        for group in (
            Group(
                "120363020000000001",
                "Sandbox team",
                (OWN_NUMBER, "51987654321", "51987654305"),
                1_650_572_126.0,
                "SandboxTeamInviteCode1",
                1_650_572_126.0,
                OWN_NUMBER,
            ),
            Group(
                "120363020000000002",
                "Customers",
                ("51987654303", OWN_NUMBER, "5215512345608"),
                1_650_658_526.0,
                "SandboxCustomersCode02",
                1_650_744_926.0,
                "51987654303",
            ),
        )
    }
