# SPDX-License-Identifier: Apache-2.0
"""Paths end with a secret, and servers log paths: it is taken out of the scope before anything else happens.

Servers and middlewares write their access logs from the same scope when the answer goes out. Nothing is imported:
Airflow's plugin needs this before it loads the receiver.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

MASK = "masked"  # needs no percent-encoding, unlike asterisks

_KEY = "airflow_provider_wa.segments"
_PUBLIC = frozenset({"hooks", "healthz"})


def hide_path(scope: MutableMapping[str, Any]) -> None:
    """Mask the request's path, all but its first segment if that is one of ours, and keep it for ``take_path``.

    A connection's id is masked with the rest: whoever mistakes the order puts the secret in its place.
    """
    root, path = scope.get("root_path", ""), scope["path"]
    inner = path[len(root) :] if root and path.startswith(f"{root}/") else path
    segments = inner.removeprefix("/").split("/", 2)
    scope[_KEY] = segments
    if inner.strip("/") in _PUBLIC:
        return
    shown = f"/{segments[0]}/{MASK}" if len(segments) > 1 and segments[0] in _PUBLIC else f"/{MASK}"
    scope["path"] = path[: len(path) - len(inner)] + shown
    scope["raw_path"] = scope["path"].encode("utf-8", "replace")
    scope["query_string"] = b""


def take_path(scope: MutableMapping[str, Any]) -> list[str]:
    """The segments of the path below the mount, three at most; what is masked afterwards is nowhere in the scope."""
    if _KEY not in scope:
        hide_path(scope)
    segments: list[str] = scope.pop(_KEY)
    return segments
