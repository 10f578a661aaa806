# SPDX-License-Identifier: Apache-2.0
"""The section ``[wa]`` of Airflow's configuration; its defaults are those of the provider's metadata."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.common.compat.sdk import conf

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.provider_info import CONFIG

SECTION = "wa"

_MEGABYTE = 1024 * 1024
_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
"""The spellings of Airflow's own flags."""


@dataclass(frozen=True)
class Config:
    """The options of ``[wa]``.

    ``media_path`` is the folder for files of incoming messages: a path, or the URI of an object store. The sender of
    one of ``opt_out_words`` is suppressed. The receiver's options stay texts: only the receiver checks them.
    """

    media_path: str
    opt_out_words: tuple[str, ...]
    receiver_max_body_mb: str
    receiver_max_in_flight_mb: str
    allow_local_store: str
    keep_texts: str

    @property
    def receiver_max_body(self) -> int:
        """The longest body that the receiver takes, in bytes.

        :raises BadInput: ``receiver_max_body_mb`` is not a positive number.
        """
        return _bytes("receiver_max_body_mb", self.receiver_max_body_mb)

    @property
    def receiver_max_in_flight(self) -> int:
        """Maximum size of all posts in a receiver's process together, in bytes.

        :raises BadInput: ``receiver_max_in_flight_mb`` is not a positive number.
        """
        return _bytes("receiver_max_in_flight_mb", self.receiver_max_in_flight_mb)

    @property
    def local_store_allowed(self) -> bool:
        """True if the store may be a SQLite file with any executor.

        :raises BadInput: ``allow_local_store`` is neither true nor false.
        """
        return _flag("allow_local_store", self.allow_local_store)

    @property
    def texts_kept(self) -> bool:
        """True if the store keeps the texts of sent messages.

        :raises BadInput: ``keep_texts`` is neither true nor false.
        """
        return _flag("keep_texts", self.keep_texts)


def read_config() -> Config:
    """Read the section as it is now."""
    words = _option("opt_out_words").split(",")
    return Config(
        media_path=_option("media_path") or f"file://{AIRFLOW_HOME}/wa_media",
        opt_out_words=tuple(word.strip() for word in words if word.strip()),
        receiver_max_body_mb=_option("receiver_max_body_mb") or _default("receiver_max_body_mb"),
        receiver_max_in_flight_mb=_option("receiver_max_in_flight_mb") or _default("receiver_max_in_flight_mb"),
        allow_local_store=_option("allow_local_store") or _default("allow_local_store"),
        keep_texts=_option("keep_texts") or _default("keep_texts"),
    )


def _flag(name: str, text: str) -> bool:
    if (flag := _FLAGS.get(text.lower())) is None:
        raise BadInput(f"[{SECTION}] {name}: {text!r} is not allowed; expected True or False")
    return flag


def _bytes(name: str, megabytes: str) -> int:
    try:
        size = int(float(megabytes) * _MEGABYTE)
    except (ValueError, OverflowError):
        size = 0
    if size < 1:
        raise BadInput(f"[{SECTION}] {name}: {megabytes!r} is not allowed; expected a positive number of megabytes")
    return size


def _option(name: str) -> str:
    value: str | None = conf.get(SECTION, name, fallback=_default(name))
    return (value or "").strip()


def _default(name: str) -> str:
    default: str = CONFIG[SECTION]["options"][name]["default"]
    return default
