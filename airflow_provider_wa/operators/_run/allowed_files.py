# SPDX-License-Identifier: Apache-2.0
"""Check that rows name only files and URLs below the folders and addresses that the DAG's author allows."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Buttons, MediaMessage, Message
from airflow_provider_wa.api.public_urls import refuse_private, split_url
from airflow_provider_wa.arguments import names_of

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(/*)")
_LOCAL = ("file", "local")
_WEB = ("http", "https")
_DECODINGS = 3
"""Number of times that a name is decoded to find encoded dots: later programs may decode it more than once."""


@dataclass(frozen=True)
class Place:
    """A folder or a URL: ``store`` is a URI's scheme and host, and empty for a local path."""

    store: str
    path: str

    @classmethod
    def of(cls, text: str) -> Place:
        """Read a local path or a URI.

        :raises BadInput: it is a path inside of another path (``a::b``), or has a backslash or NUL.
        """
        if "::" in text or "\\" in text or "\0" in text:
            raise BadInput(f"path: {text[:60]!r} has '::', a backslash or NUL; expected a plain path or URI")
        found = _SCHEME.match(text)
        if not found:
            return cls("", text)
        scheme, rest = found[1].lower(), text[found.end() :]
        if scheme in _LOCAL:
            return cls("", f"/{rest}")
        host, _, path = rest.partition("/")
        return cls(f"{scheme}://{host}", f"/{path}")

    def within(self, folder: Place) -> bool:
        """Return True if this is a file in the folder or in a subfolder."""
        if self.store != folder.store:
            return False
        paths = [self.path]
        for _ in range(_DECODINGS):
            paths.append(unquote(paths[-1]))
        whole = folder._resolved(folder.path).rstrip("/") + "/"
        return all(self._resolved(path).startswith(whole) for path in paths)

    def resolved(self) -> str:
        """Return the path or URI without ``..`` and, if it is local, without links."""
        return self.store + self._resolved(self.path)

    def _resolved(self, path: str) -> str:
        # Object stores have no links. They do not resolve ".." in keys either, but a program that reads keys may do so.
        return posixpath.normpath(path) if self.store else os.path.realpath(path)


@dataclass(frozen=True)
class AllowedFiles:
    """Files and URLs that a message may have.

    :param folders: local folders and folders of object stores.
    :param addresses: beginnings of allowed URLs; if empty, every public host is allowed.
    """

    folders: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @classmethod
    def of(cls, files_under: Any) -> AllowedFiles | None:
        """Read the argument ``files_under``: a folder or a URL, or a list of them; None allows everything.

        :raises BadInput: the argument is empty or of another type.
        """
        if files_under is None:
            return None
        given = names_of("files_under", files_under)
        if not given or not all(each.strip() for each in given):
            raise BadInput("files_under: it is empty; expected a folder such as s3://bucket/media/, or a URL")
        web = tuple(each for each in given if each.lower().startswith(tuple(f"{scheme}:" for scheme in _WEB)))
        return cls(tuple(each for each in given if each not in web), web)

    def path(self, given: str) -> str:
        """Return the resolved path or URI of a file; a relative path is in the first folder.

        :raises BadInput: the file is outside of all folders.
        """
        for folder in self.folders:
            root = Place.of(folder)
            place = Place.of(given)
            if not place.store and not given.startswith("/") and not _SCHEME.match(given):
                place = Place(root.store, f"{root.path.rstrip('/')}/{given}")
            if place.within(root):
                return place.resolved()
        listed = " or ".join(self.folders) or "a folder that files_under names"
        raise BadInput(f"path: {given[:60]!r} is outside of files_under; expected a file under {listed}")

    def prove(self, message: Message) -> None:
        """Refuse a message whose file is at a URL that is not allowed.

        :raises BadInput: the URL is not allowed.
        """
        media = message.media if isinstance(message, (MediaMessage, Buttons)) else None
        if media is not None and media.url is not None:
            self._prove_url(media.url)

    def _prove_url(self, url: str) -> None:
        place = _web_place(url)
        if any(place.within(_web_place(each)) for each in self.addresses if each not in _ANY):
            return
        if self.addresses and not any(each in _ANY and url.lower().startswith(each) for each in self.addresses):
            listed = " or ".join(self.addresses)
            raise BadInput(f"url: {url[:60]!r} is outside of files_under; expected a URL under {listed}")
        refuse_private(url)


_ANY = ("http://", "https://")
"""Addresses that allow every public host."""


def _web_place(url: str) -> Place:
    parts = split_url(url)
    return Place(f"{parts.scheme}://{parts.netloc.lower()}", parts.path or "/")


def file_texts(spec: Any) -> list[Any]:
    """Return the fields of a message's dict that name the file to send: ``path``, and ``url`` except of a location."""
    if not isinstance(spec, Mapping):
        return []
    media = spec.get("media")
    parts = [spec, media] if isinstance(media, Mapping) else [spec]
    names = ("path",) if spec.get("type") in ("location", "contact", "text") else ("path", "url")
    return [part[name] for part in parts for name in names if isinstance(part.get(name), str)]
