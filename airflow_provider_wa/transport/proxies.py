# SPDX-License-Identifier: Apache-2.0
"""The proxy of the environment (HTTPS_PROXY, NO_PROXY ...), as HTTP clients find it."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from airflow_provider_wa.api.errors import BadInput

_SCHEMES = ("http", "https")


def environment_proxy(url: str) -> httpx.Proxy | None:
    """Return the environment's proxy for ``url``; None without one.

    :raises BadInput: its address is not one of an HTTP proxy.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or proxy_bypass(parts.netloc):
        return None
    try:
        # Many programs take an address without a scheme.
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in _SCHEMES or not proxy.url.host:
        # The address is not quoted: it may contain a password.
        name = f"{parts.scheme}_proxy" if proxies.get(parts.scheme) else "all_proxy"
        raise BadInput(f"{name}: not the address of an HTTP proxy; expected for example http://proxy.example.com:3128")
    return proxy


def password_of(proxy: httpx.Proxy | None) -> tuple[str, ...]:
    """Return the proxy's password, which it may quote in its errors; nothing without one."""
    return (proxy.auth[1],) if proxy and proxy.auth and proxy.auth[1] else ()
