# SPDX-License-Identifier: Apache-2.0
"""A request to the pages: its user, rights, query and form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.plugin.pages import csrf
from airflow_provider_wa.plugin.pages.access import Rights, user_of
from airflow_provider_wa.plugin.pages.errors import Refused

LONGEST_FORM = 32 * 1024 * 1024
"""Maximum body of a form in bytes: enough for a list of a million numbers."""


MOST_ROWS = 2**31 - 1
"""Largest number of a row or a mapped task that the databases take."""

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request of a logged-in user.

    ``base`` is the path of all pages, without a slash at its end; ``airflow`` is the path of Airflow's UI.
    ``form`` has the texts of a form, ``file`` its uploaded file.
    """

    user: Any
    rights: Rights
    base: str
    airflow: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)
    file: UploadFile | None = None

    @property
    def user_id(self) -> str:
        """The user's id, for the tokens of forms."""
        return str(self.user.get_id())


Page = Callable[[Visit], Response]
"""A page or an action, which runs in a thread and may block."""


def number_in(text: str, most: int = _LARGEST_ID) -> int | None:
    """Return the number in a part of an address; None if it is not one, or is larger than ``most``."""
    # Python refuses to read very long numbers, and databases refuse large ones.
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)):
        return None
    return number if (number := int(text)) <= most else None


def looking(page: Page) -> Callable[[Request], Any]:
    """Return the endpoint of a page, for logged-in users."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(page, _visit(request, await user_of(request)))

    return endpoint


def acting(page: Page) -> Callable[[Request], Any]:
    """Return the endpoint of an action, for forms of our own pages."""

    async def endpoint(request: Request) -> Response:
        user = await user_of(request)
        _refuse_long_form(request)
        async with request.form(max_files=1, max_fields=50) as sent:
            texts = {name: value for name, value in sent.items() if isinstance(value, str)}
            file = next((value for value in sent.values() if isinstance(value, UploadFile)), None)
            csrf.require_own_form(request.headers, texts.pop(csrf.FIELD, ""), str(user.get_id()))
            return await run_in_threadpool(page, _visit(request, user, form=texts, file=file))

    return endpoint


def _visit(request: Request, user: Any, **form: Any) -> Visit:
    base = request.scope.get("root_path", "").rstrip("/")
    return Visit(
        user=user,
        rights=Rights(user),
        base=base,
        airflow=base.removesuffix("/wa/ui"),
        path=request.path_params,
        query=request.query_params,
        **form,
    )


def _refuse_long_form(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "The length of the form is missing.")
    if number_in(length, LONGEST_FORM) is None:
        raise Refused(413, f"The file is too long; at most {LONGEST_FORM // 1024 // 1024} MB are accepted.")
