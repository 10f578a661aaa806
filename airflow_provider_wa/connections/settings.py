# SPDX-License-Identifier: Apache-2.0
"""Reading an Airflow connection: every field checked, every error naming the connection and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.transport.limiter import calls_per_second
from airflow_provider_wa.vendors.forms import ConnectionForm

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_HIGHEST = 86400


@dataclass(frozen=True)
class Settings:
    """A connection's fields as they were entered, and what they mean."""

    form: ConnectionForm
    conn_id: str
    host: str = ""
    schema: str = ""
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.extra, Mapping):
            raise self.wrong("the extra is no JSON object")

    @property
    def base_url(self) -> str:
        """The host as a URL without a slash at its end; a path prefix is kept."""
        host = self.host.strip() or self.form.default_host
        if not host:
            raise self.wrong("the host is missing: enter the server's URL")
        schema = self.schema.strip().lower() or "https"
        if schema not in ("http", "https"):
            raise self.wrong(f"schema {self.schema!r} is neither http nor https; a path is a part of the host")
        url = (host if "://" in host else f"{schema}://{host}").rstrip("/")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise self.wrong("the host is no http or https URL") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
            raise self.wrong("the host is no http or https URL")
        if "@" in parts.netloc or "?" in url or "#" in url:
            raise self.wrong("the host is to be a plain base URL, without credentials, ? and #")
        if self.port and port is None:
            url = parts._replace(netloc=f"{parts.netloc}:{self.port}").geturl()
        return url

    @property
    def default_region(self) -> str | None:
        """The country of numbers without a country code, in capitals."""
        try:
            return region(self.text("default_region"))
        except BadInput as error:
            raise self.wrong(f"default_region: {error}") from None

    @property
    def callback_url(self) -> str:
        """Where the receiver takes this connection's callbacks and webhooks; empty if it has no receiver."""
        base, webhook_secret = self.text("callback_base_url").rstrip("/"), self.text("webhook_secret")
        if base and not webhook_secret:
            raise self.wrong("callback_base_url needs webhook_secret: the callback's path ends with it")
        return f"{base}/wa/hooks/{quote(self.conn_id, safe='')}/{quote(webhook_secret, safe='')}" if base else ""

    def endpoint(self, secrets: tuple[str, ...]) -> Endpoint:
        """How to reach the vendor."""
        try:
            rate = calls_per_second(self.text("rate_limit"))
        except BadInput as error:
            raise self.wrong(str(error)) from None
        return Endpoint(
            self.base_url,
            secrets=secrets,
            timeout=self._number("timeout", 30.0, lowest=0.1),
            verify=self._verify,
            concurrency=int(self._number("concurrency", 10, lowest=1)),
            rate=rate,
        )

    def validate(self) -> None:
        """Read what is otherwise read only when it is used, so that a wrong field is found with the connection.

        :raises BadInput: a field is wrong.
        """
        self.endpoint(())
        _ = self.default_region

    def required(self, name: str) -> str:
        """A standard field that must not be empty, without the white space that comes with copying."""
        value = str(getattr(self, name) or "").strip()
        if not value:
            raise self.wrong(f"{self.form.labels[name]} ({name}) is missing")
        if not value.isprintable() or not value.isascii():
            raise self.wrong(f"{self.form.labels[name]} ({name}) has characters that no credential has")
        return value

    def text(self, name: str) -> str:
        """An extra as text; its default, or the empty text, where it is not set."""
        value = self.extra.get(name)
        if value is None or value == "":
            value = next((extra.default for extra in self.form.extras if extra.name == name), None)
        return "" if value is None else str(value).strip()

    def choice(self, name: str) -> str:
        """An extra that takes one of a few words."""
        choices = next(extra.choices for extra in self.form.extras if extra.name == name)
        value = self.text(name).lower()
        if value not in choices:
            raise self.wrong(f"{name} {value!r} is none of {', '.join(choices)}")
        return value

    def wrong(self, what: str) -> BadInput:
        """The error for a field that is wrong."""
        return BadInput(f"connection {self.conn_id!r}: {what}", vendor=self.form.conn_type)

    @property
    def unknown_extras(self) -> list[str]:
        """Extras that mean nothing here, misspelt ones perhaps."""
        return sorted(set(self.extra) - {extra.name for extra in self.form.extras})

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that must not be seen: the password and the extras that are declared secret."""
        extras = (self.text(extra.name) for extra in self.form.extras if extra.secret)
        return tuple(value for value in (self.password.strip(), *extras) if value)

    @property
    def _verify(self) -> bool | str:
        value = self.text("verify")
        if (flag := _FLAGS.get(value.lower())) is not None:
            return flag
        if not Path(value).exists():
            raise self.wrong(f"verify {value!r} is neither true nor false nor the path of a CA bundle")
        return value

    def _number(self, name: str, default: float, lowest: float) -> float:
        value = self.text(name)
        try:
            number = float(value) if value else default
        except ValueError:
            number = -1.0
        if not lowest <= number <= _HIGHEST:
            raise self.wrong(f"{name} {value!r} is no number from {lowest:g} to {_HIGHEST:g}")
        return number
