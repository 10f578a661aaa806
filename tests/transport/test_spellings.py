# SPDX-License-Identifier: Apache-2.0
"""Every form of every odd secret, everywhere, and the work that looking for it takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from helpers.spellings import FORMS, ODD_SECRETS, PLACES
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.transport.scrub import MASK, Scrubber
from airflow_provider_wa.transport.spellings import LONGEST_RUN, WINDOW, layers

SECRETS = pytest.mark.parametrize("secret", ODD_SECRETS.values(), ids=ODD_SECRETS)


@SECRETS
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_in_every_form_wherever_it_stands(form: Callable[[str], str], secret: str) -> None:
    scrubber, spelt = Scrubber([secret]), form(secret)
    missed = {}
    for name, place in PLACES.items():
        text = place.format(spelt)
        before, _, behind = place.partition("{}")
        clean = scrubber.text(text)
        if spelt in clean or MASK not in clean or _part_of(spelt, clean.replace(MASK, " "), before + behind):
            missed[name] = clean
    assert missed == {}


def _part_of(spelt: str, clean: str, around: str) -> str:
    """Return a part of the secret's own that is left: eight characters."""
    parts = {spelt[place : place + 8] for place in range(len(spelt) - 7)}
    return next((part for part in sorted(parts) if part in clean and part not in around), "")


@SECRETS
def test_what_stands_around_a_secret_stays(secret: str) -> None:
    for name, form in FORMS.items():
        if "base64" not in name:
            clean = Scrubber([secret]).text(f"before: {form(secret)} :behind")
            assert (name, clean) == (name, f"before: {MASK} :behind")


@SECRETS
def test_texts_without_a_secret_stay_as_they_are(secret: str) -> None:
    scrubber = Scrubber([secret])
    for other in ODD_SECRETS.values():
        if other != secret:
            for name, form in FORMS.items():
                assert (name, scrubber.text(form(other))) == (name, form(other))


@given(st.text(min_size=6, max_size=30).map(str.strip).filter(lambda text: len(text) >= 6), st.sampled_from([*FORMS]))
@example("%25%25%25", "JSON twice")
@example('%41"\\n%zz', "percent of JSON")
@example("\\\\\\\\\\\\", "JSON twice")
def test_any_secret_is_masked_in_every_form(secret: str, name: str) -> None:
    if "case" in name and not secret.isascii():
        # The capital of a letter may be two.
        return
    try:
        spelt = FORMS[name](secret)
    except UnicodeEncodeError:
        return
    assert MASK in Scrubber([secret]).text(f'"{spelt}"')


UNITS = ("\\", "\\u005c", "%", "%25", "%5c", "&", "&#38;", "+ ", "a", "YWFh", "JTI1", "XFxc", "%4a%54%49%31")
"""Texts that strangers may repeat."""

SMALL, FACTOR = 1_000, 16

ODD_STARTS = [f"{sign}secret-{sign}" for sign in '\\%+&(/ "ñ😀a']


@pytest.mark.parametrize("secret", [*ODD_STARTS, "\\" * 8, "%" * 8, "a" * 30 + "b", "%25" * 9, "k7Qz"])
def test_the_work_grows_with_the_text_and_no_faster(secret: str) -> None:
    scrubber = Scrubber([secret])

    def work(unit: str, size: int) -> float:
        text = unit * (size // len(unit))
        return min(_seconds(scrubber, text) for _ in range(2))

    # Quadratic work would grow with the square, by 256.
    grown = {unit: work(unit, FACTOR * SMALL) / work(unit, SMALL) for unit in UNITS}
    assert {unit: ratio for unit, ratio in grown.items() if ratio > FACTOR * FACTOR / 4} == {}


def _seconds(scrubber: Scrubber, text: str) -> float:
    """Return the time of this thread alone: what else the machine does takes no part in it."""
    began = time.thread_time()
    scrubber.text(text)
    return time.thread_time() - began + 1e-5


def test_a_file_in_base64_is_not_unpacked_and_a_secret_in_it_is_found_by_its_own_base64() -> None:
    before, secret = "A" * LONGEST_RUN, "S3cr3t-T0k3n-Xyz"
    assert MASK not in Scrubber([secret]).text(before + FORMS["base64 of each percent-encoded"](secret))
    assert MASK in Scrubber([secret]).text(before + FORMS["base64"](secret))


def test_layers_are_taken_off_up_to_a_number() -> None:
    assert sum(1 for _ in layers("\\" * 100_000)) == 8
    assert sum(1 for _ in layers("%2525252525252525252525252541")) == 8
    assert list(layers("nothing encoded: 50% off & more")) == []


@pytest.mark.parametrize("before", [WINDOW - 30, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW - 10])
def test_a_secret_is_found_where_two_windows_of_a_long_text_meet(before: int) -> None:
    spelt = FORMS["each percent-encoded twice"]("S3cr3tT0k3nXyz")
    text = "x" * before + spelt + "y" * WINDOW
    assert Scrubber(["S3cr3tT0k3nXyz"]).text(text) == "x" * before + MASK + "y" * WINDOW


@pytest.mark.parametrize("secret", [*ODD_SECRETS.values(), "x" * 300])
def test_no_beginning_of_a_secret_is_left_where_a_long_text_is_cut(secret: str) -> None:
    for unit in (f"{secret},", f" {secret} ", "," + FORMS["each percent-encoded"](secret)):
        text = unit * (60_000 // len(unit))
        error = Scrubber([secret]).error(UnexpectedReply(text, raw=text, code=text))
        for shown in (error.message, error.raw, error.code or ""):
            left = shown.removesuffix("...").replace(MASK, "").strip(", ")
            assert left in ("", "*", "**")
