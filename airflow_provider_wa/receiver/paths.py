# SPDX-License-Identifier: Apache-2.0
"""Hide the paths of requests: they end with a secret, and servers log them.


Servers and middlewares write their access logs from the same scope when the answer goes out, so that the path is taken
out of it before anything else happens. Only the standard library is imported: Airflow's plugin needs this before it
loads the receiver.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, NamedTuple

MASK = "masked"  # needs no percent-encoding, unlike asterisks

_KEY = "airflow_provider_wa.segments"
_PUBLIC = frozenset({"hooks", "healthz"})


class Path(NamedTuple):
    """The path of a request below the mount, in three segments at most, and its query."""

    segments: list[str]
    query: bytes


def hide_path(scope: MutableMapping[str, Any]) -> None:
    """Mask the request's path, all but its first segment if that is one of ours, and keep it for ``take_path``.

    A connection's id is masked with the rest: someone who mistakes the order puts the secret in its place.
    """
    root, path = scope.get("root_path", ""), scope["path"]
    inner = path[len(root) :] if root and path.startswith(f"{root}/") else path
    segments = inner.removeprefix("/").split("/", 2)
    scope[_KEY] = Path(segments, scope.get("query_string", b""))
    if inner.strip("/") in _PUBLIC:
        return
    shown = f"/{segments[0]}/{MASK}" if len(segments) > 1 and segments[0] in _PUBLIC else f"/{MASK}"
    scope["path"] = path[: len(path) - len(inner)] + shown
    scope["raw_path"] = scope["path"].encode("utf-8", "replace")
    scope["query_string"] = b""


def take_path(scope: MutableMapping[str, Any]) -> Path:
    """Take the path out of the scope; what is masked is nowhere in the scope afterwards."""
    if _KEY not in scope:
        hide_path(scope)
    path: Path = scope.pop(_KEY)
    return path
