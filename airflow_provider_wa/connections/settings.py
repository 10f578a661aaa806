# SPDX-License-Identifier: Apache-2.0
"""Parse an Airflow connection: every field is checked, every error names the connection and the field."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from airflow.sdk.log import mask_secret

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.transport.limiter import calls_per_second
from airflow_provider_wa.transport.logs import guard_logs
from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

TIMEOUT_SECONDS = (0.1, 86400)
"""The shortest and the longest timeout: a vendor needs some time, and a day is longer than any task should wait."""

CONCURRENCY = (1, 86400)
"""The fewest and the most calls at once. The highest only catches mistakes: the transport has its own limits."""

TEAM_SEPARATOR = "___"
"""Between a team's name and a connection's id, as in Airflow's variables ``AIRFLOW_CONN__<TEAM>___<ID>``."""

_TEAM = "AIRFLOW_CONTEXT_TEAM_NAME"
"""Variable in which Airflow tells a task its team."""

_FLAGS = {"true": True, "1": True, "false": False, "0": False}

log = logging.getLogger(__name__)


class Fields(Protocol):
    """The fields of an Airflow connection that are read here; ``airflow.sdk.Connection`` has them."""

    conn_id: str
    host: str | None
    schema: str | None
    port: int | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Any:
        """The extra, decoded."""
        ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A connection's fields, parsed.

    ``extras`` has a text for each extra of the form: its default where it is not set. ``default_region`` is a country
    in capitals. ``secrets`` are the password and the secret extras.
    """

    form: ConnectionForm
    conn_id: str
    login: str
    password: str = field(repr=False)
    extras: Mapping[str, str] = field(repr=False)
    endpoint: Endpoint
    default_region: str | None
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def base_url(self) -> str:
        """The vendor's server, without a slash at its end; a path prefix is kept."""
        return self.endpoint.base_url

    @property
    def callback_url(self) -> str:
        """The receiver's URL for the webhooks and callbacks of this connection; empty if it has no receiver.

        :raises BadInput: the connection has a ``callback_base_url`` and no ``webhook_secret``; or it is not a plain
            http or https URL.
        """
        base = self.url("callback_base_url") if self.form.posts else ""
        webhook_secret = self.extras.get("webhook_secret", "")
        if base and not webhook_secret:
            raise self.wrong("callback_base_url: needs webhook_secret; set it to a long random text")
        team = os.environ.get(_TEAM)
        conn_id = f"{team}{TEAM_SEPARATOR}{self.conn_id}" if team else self.conn_id
        return f"{base}/wa/hooks/{quote(conn_id, safe='')}/{quote(webhook_secret, safe='')}" if base else ""

    def required(self, name: str) -> str:
        """Return ``login`` or ``password``, which must not be empty.

        :raises BadInput: it is empty, or has a character that no HTTP header takes.
        """
        value: str = getattr(self, name)
        label = f"{self.form.labels[name]} ({name})"
        if not value:
            raise self.wrong(f"{label}: missing; enter it in the connection")
        if not value.isprintable() or not value.isascii():
            raise self.wrong(f"{label}: has a character that is not printable ASCII; copy it again")
        return value

    def url(self, name: str) -> str:
        """Return an extra that is a base URL, without a slash at its end; empty if it is not set.

        :raises BadInput: it is not a plain http or https URL.
        """
        if not (value := self.extras[name]):
            return ""
        try:
            return _url(name, value if "://" in value else f"https://{value}")
        except BadInput as error:
            raise self.wrong(error.message) from None

    def wrong(self, what: str) -> BadInput:
        """Return the error for a field that is wrong."""
        return _wrong(self.form, self.conn_id, what)


def parse(form: ConnectionForm, fields: Fields) -> Settings:
    """Parse a connection. Its secrets are masked first, in all that Airflow logs; unknown extras are warned of.

    :raises BadInput: a field that every type has is wrong.
    """
    conn_id, password, given = fields.conn_id, (fields.password or "").strip(), fields.extra_dejson
    if password:
        mask_secret(password)
    if not isinstance(given, Mapping):
        raise _wrong(form, conn_id, 'extra: not a JSON object; expected for example {"timeout": 30}')
    extras = {extra.name: _text(extra, given.get(extra.name)) for extra in form.extras}
    secrets = [value for extra in form.extras if extra.secret and (value := extras[extra.name])]
    for secret in secrets:
        mask_secret(secret)
    # A receiver opens no channel.
    guard_logs(filter(None, (password, *secrets)))
    if unknown := sorted(set(given) - set(extras)):
        log.warning("Connection %r: unknown extras %s; known are: %s", conn_id, unknown, ", ".join(extras))
    try:
        for extra in form.extras:
            _check_choice(extra, extras[extra.name])
        endpoint = Endpoint(
            _base_url(form, fields),
            secrets=tuple(filter(None, (password, *secrets))),
            timeout=_number("timeout", extras["timeout"], *TIMEOUT_SECONDS),
            verify=_verify(extras["verify"]),
            concurrency=int(_number("concurrency", extras["concurrency"], *CONCURRENCY)),
            rate=calls_per_second(extras["rate_limit"]),
        )
        default_region = region(extras["default_region"])
    except BadInput as error:
        raise _wrong(form, conn_id, error.message) from None
    return Settings(
        form=form,
        conn_id=conn_id,
        login=(fields.login or "").strip(),
        password=password,
        extras=extras,
        endpoint=endpoint,
        default_region=default_region,
        secrets=endpoint.secrets,
    )


def _wrong(form: ConnectionForm, conn_id: str, what: str) -> BadInput:
    return BadInput(f"connection {conn_id!r}: {what}", vendor=form.conn_type)


def _text(extra: Extra, value: Any) -> str:
    """Return an extra as text; a word of a few in small letters."""
    text = "" if value is None else str(value).strip()
    if not text and extra.default is not None:
        text = str(extra.default)
    return text.lower() if extra.choices else text


def _check_choice(extra: Extra, value: str) -> None:
    if extra.choices and value not in extra.choices:
        raise BadInput(f"{extra.name}: unknown value {value!r}; expected one of {', '.join(extra.choices)}")


def _base_url(form: ConnectionForm, fields: Fields) -> str:
    host = (fields.host or "").strip() or form.default_host
    if not host:
        raise BadInput("host: missing; enter the server's URL, for example https://wa.example.com")
    schema = (fields.schema or "").strip().lower() or "https"
    if schema not in ("http", "https"):
        raise BadInput(f"schema: {fields.schema!r} is not http or https; write a path as part of the host")
    return _url("host", host if "://" in host else f"{schema}://{host}", fields.port)


def _url(name: str, value: str, default_port: int | None = None) -> str:
    """Return a plain base URL without a slash at its end. An error does not repeat it: it may hold credentials."""
    url = value.rstrip("/")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise BadInput(f"{name}: not an http or https URL; expected for example https://wa.example.com")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise BadInput(f"{name}: has credentials, ? or #; expected a plain base URL such as https://wa.example.com")
    if default_port and port is None:
        url = parts._replace(netloc=f"{parts.netloc}:{default_port}").geturl()
    return url


def _number(name: str, value: str, lowest: float, highest: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not lowest <= number <= highest:
        raise BadInput(f"{name}: {value!r} is not allowed; expected a number from {lowest:g} to {highest:g}")
    return number


def _verify(value: str) -> bool | str:
    if (flag := _FLAGS.get(value.lower())) is not None:
        return flag
    if not Path(value).exists():
        raise BadInput(f"verify: {value!r} is not allowed; expected true, false or the path of a CA bundle")
    return value
