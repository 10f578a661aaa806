# SPDX-License-Identifier: Apache-2.0
"""The part of a vendor's record that the shared state needs, and the state of one vendor's account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy


@dataclass(frozen=True)
class AccountProfile:
    """A WhatsApp account behind a vendor's API: it is logged in by a scan, sends, and has an inbox.

    `new_message_id` makes a message id in the vendor's form from the time of sending. `always_connected`: a client of
    the vendor cannot connect and disconnect by itself. `subscriptions`: events that the webhook has at the start.
    """

    new_message_id: Callable[[float], str]
    always_connected: bool = True
    subscriptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VendorProfile:
    """A vendor as the shared state knows it.

    `account` is None for a vendor that only checks numbers. `has_quota`: the vendor refuses calls when a quota is used
    up. `retry` is how the vendor retries a webhook or callback; None for a vendor that posts nothing. `generations`:
    names of the servers that the vendor can play, the one at the start first.
    """

    name: str
    account: AccountProfile | None = None
    has_quota: bool = False
    retry: RetryPolicy | None = None
    generations: tuple[str, ...] = ()


@dataclass
class Session:
    """The login of an account: linked to a phone (paired) and connected to WhatsApp's servers.

    `state` is set by a test and overrides the two others; "" means that it is not set.
    """

    paired: bool
    connected: bool
    connected_at: float = 0.0
    scan_due: float | None = None
    state: str = ""

    @property
    def logged_in(self) -> bool:
        """True if the account can send and check."""
        return self.paired and self.connected and not self.state


@dataclass
class Quota:
    """The calls that a vendor still allows; `left` None is unlimited."""

    left: int | None = None
    used: int = 0

    @property
    def is_used_up(self) -> bool:
        """True if the next call must be refused."""
        return self.left == 0

    def spend(self) -> None:
        """Count one call."""
        self.used += 1
        if self.left is not None:
            self.left -= 1


@dataclass
class Webhook:
    """The webhook of an account: its URL ("" for none), subscribed events, signing key, format and Bearer token."""

    url: str = ""
    events: list[str] = field(default_factory=list)
    hmac_key: str = ""
    as_json: bool = False
    authorization: str = ""
