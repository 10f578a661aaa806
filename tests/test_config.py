# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from airflow.configuration import AIRFLOW_HOME

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.config import read_config
from airflow_provider_wa.provider_info import CONFIG


def test_defaults_are_those_of_the_metadata() -> None:
    config, options = read_config(), CONFIG["wa"]["options"]
    assert config.media_path == f"file://{AIRFLOW_HOME}/wa_media"
    assert config.opt_out_words == (options["opt_out_words"]["default"],)
    assert config.receiver_max_body == int(options["receiver_max_body_mb"]["default"]) * 1024 * 1024


@pytest.mark.parametrize(
    ("given", "words"), [("", ()), (" , ", ()), ("baja, Unsubscribe ,", ("baja", "Unsubscribe")), ("STOP", ("STOP",))]
)
def test_opt_out_words_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, given: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AIRFLOW__WA__OPT_OUT_WORDS", given)
    assert read_config().opt_out_words == words


def test_the_media_folder_is_taken_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WA__MEDIA_PATH", " s3://my_s3@bucket/wa ")
    assert read_config().media_path == "s3://my_s3@bucket/wa"


@pytest.mark.parametrize(("given", "size"), [("2.5", 2621440), ("", 10485760), ("0.000001", 1)])
def test_the_longest_body_is_given_in_megabytes(monkeypatch: pytest.MonkeyPatch, given: str, size: int) -> None:
    monkeypatch.setenv("AIRFLOW__WA__RECEIVER_MAX_BODY_MB", given)
    assert read_config().receiver_max_body == size


@pytest.mark.parametrize("given", ["much", "0", "-1", "nan", "inf"])
def test_a_wrong_limit_is_named_and_hinders_the_receiver_alone(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("AIRFLOW__WA__RECEIVER_MAX_BODY_MB", given)
    config = read_config()
    with pytest.raises(BadInput, match=r"\[wa\] receiver_max_body_mb: '.*' is not allowed; expected a positive number"):
        _ = config.receiver_max_body
    assert config.opt_out_words == ("STOP",)


@pytest.mark.parametrize(
    ("given", "allowed"), [("True", True), ("1", True), ("false", False), ("", False), (" F ", False)]
)
def test_the_local_store_is_allowed_by_a_flag(monkeypatch: pytest.MonkeyPatch, given: str, allowed: bool) -> None:
    assert read_config().local_store_allowed is False
    monkeypatch.setenv("AIRFLOW__WA__ALLOW_LOCAL_STORE", given)
    assert read_config().local_store_allowed is allowed


def test_a_wrong_flag_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WA__ALLOW_LOCAL_STORE", "CeleryExecutor")
    with pytest.raises(BadInput, match=r"\[wa\] allow_local_store: 'CeleryExecutor' is not allowed; expected True or"):
        _ = read_config().local_store_allowed


def test_texts_are_kept_unless_a_flag_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_config().texts_kept is True
    monkeypatch.setenv("AIRFLOW__WA__KEEP_TEXTS", "false")
    assert read_config().texts_kept is False


def test_the_record_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        read_config().media_path = "elsewhere"  # type: ignore[misc]
