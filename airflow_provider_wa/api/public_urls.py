# SPDX-License-Identifier: Apache-2.0
"""Check that an untrusted URL leads to a public host of the internet."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from airflow_provider_wa.api.errors import BadInput

_EXPECTED = "expected http:// or https:// and a public host"
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "test", "home.arpa")
"""Suffixes of host names that belong to private networks, even if the name server returns a public address."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PART = re.compile(r"(?i)0x[0-9a-f]*|[0-9]+")
_PARTS = 4

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL that all programs split in the same way.

    :raises BadInput: the URL is not http or https, has a user name, or has characters that programs read differently.
    """
    if re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise BadInput(f"url: {url[:60]!r} has blanks, backslashes or control characters; {_EXPECTED}")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise BadInput(f"url: {url[:60]!r} is not a URL; {_EXPECTED}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput(f"url: {url[:60]!r} is not an http or https URL; {_EXPECTED}")
    if "@" in parts.netloc or "%" in parts.netloc:
        raise BadInput(f"url: {url[:60]!r} has a user name or an encoded host; {_EXPECTED}")
    return parts


def refuse_private(url: str) -> None:
    """Refuse a URL whose host is loopback, link-local, private, reserved, or a name in a private network.

    Addresses are recognised in every form that resolvers accept: decimal, octal, hexadecimal, shortened, and IPv4
    inside of IPv6. A public name is not looked up: the program that fetches the URL must check the resolved address.

    :raises BadInput: the host is not public, or the URL is not an http or https URL.
    """
    host = _plain_host(split_url(url).hostname or "")
    address = _address(host)
    if address is None:
        labels = host.split(".")
        ends = {".".join(labels[place:]) for place in range(len(labels))}
        public = len(labels) > 1 and all(labels) and not ends.intersection(_PRIVATE_NAMES)
    else:
        public = all(map(_is_public, (address, *_inner(address))))
    if not public:
        raise BadInput(f"url: {host!r} is not a public host; {_EXPECTED}, or a host that files_under allows")


def _plain_host(host: str) -> str:
    """Return a host as resolvers read it, with full-width letters, digits and dots made plain."""
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")


def _address(host: str) -> Address | None:
    """Return the IP address of a numeric host; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > _PARTS or not all(map(_PART.fullmatch, parts)):
        return None
    try:
        *first, last = (_number(part) for part in parts)
        value = sum(part << 8 * (_PARTS - 1 - place) for place, part in enumerate(first)) + last
        return ipaddress.IPv4Address(value)
    except ValueError:
        return ipaddress.IPv4Address(0)  # some programs may read it as an address


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not getattr(address, "is_site_local", False)


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") and len(text) > 1 else 10)


def _inner(address: Address) -> list[Address]:
    """Return the IPv4 addresses that are embedded in an IPv6 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = [each for each in (address.ipv4_mapped, address.sixtofour) if each]
    if address in _NAT64 or int(address) >> 32 == 0:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [*found, *(address.teredo or ())]
