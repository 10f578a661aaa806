# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_wa.api.records import Session, SessionState
from airflow_provider_wa.plugin.pages import rendering
from airflow_provider_wa.plugin.pages.accounts import Live, Stored
from airflow_provider_wa.plugin.pages.connections import Account
from airflow_provider_wa.plugin.pages.receiver import Address, Receiver
from airflow_provider_wa.plugin.pages.visit import Visit
from airflow_provider_wa.store.refusals import Refusal, WrongSecrets

HOSTILE = "<script>alert(1)</script>\"'"
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "a key of this test")
    user, rights = SimpleNamespace(get_id=lambda: "ana", get_name=lambda: HOSTILE), SimpleNamespace()
    return Visit(user=user, rights=rights, base="/wa/ui", airflow="", path={}, query={})  # type: ignore[arg-type]


def receiver_page(visit: Visit, **values: Any) -> str:
    """Return the page of a connection's receiver."""
    shown: dict[str, Any] = {
        "tab": "receiver", "conn_id": "my_wa", "address": Address("https://wa.test/hooks/my_wa/•"), "whole": "",
        "events": [], "refusals": [], "wrong": None, "may_edit": False, "every": 0, "next": 0, **values,
    }  # fmt: skip
    return rendering.render(visit, "receiver.html", **shown)


def test_refused_posts_and_wrong_secrets_are_shown(visit: Visit) -> None:
    html = receiver_page(visit, refusals=[Refusal(NOW, 401, "bad signature")], wrong=WrongSecrets(12_345, NOW, NOW))
    assert "bad signature" in html
    assert "Requests with a wrong secret: 12,345 since" in html
    only_wrong = receiver_page(visit, wrong=WrongSecrets(1, NOW, NOW))
    assert "Refused posts" in only_wrong
    assert "Refused posts" not in receiver_page(visit)


def test_the_overview_has_the_last_refusal_and_the_wrong_secrets_of_each_connection(visit: Visit) -> None:
    def html(**values: Any) -> str:
        receiver = Receiver(Account("my_wa", "WuzAPI"), **{"event": None, "refusal": None, "wrong": None, **values})
        return rendering.render(visit, "receivers.html", tab="receiver", receivers=[receiver])

    assert "12,345, the last one" in html(wrong=WrongSecrets(12_345, NOW, NOW))
    assert "bad signature" in html(refusal=Refusal(NOW, 401, "bad signature"))
    assert "the last one" not in html()


@pytest.mark.parametrize("state", SessionState)
def test_an_account_has_our_own_word_for_its_state_and_the_vendors_word_as_its_title(
    visit: Visit, state: SessionState
) -> None:
    session = Session(vendor="v", state=state, detail="yellowCard")
    html = rendering.render(
        visit, "account.html", tab="accounts", account=Account("my_wa", "V"), stored=Stored(0, None, None, None),
        live=Live(state.value, session), has_code=False, may_edit=False, actions={}, most=1, stamp=0,
    )  # fmt: skip
    assert re.findall("[^<>]*yellowCard[^<>]*", html) == [
        f'span class="badge {TONES[state]}" title="Reported by the vendor as: yellowCard"'
    ]
    assert f">{state.value.replace('_', ' ').capitalize()}</span>" in html


TONES = {
    SessionState.LOGGED_IN: "good", SessionState.LOGGED_OUT: "warn",
    SessionState.STARTING: "busy", SessionState.BLOCKED: "bad",
}  # fmt: skip


def test_what_strangers_wrote_is_escaped(visit: Visit) -> None:
    html = receiver_page(
        visit, conn_id=HOSTILE, refusals=[Refusal(NOW, 400, HOSTILE)], address=Address(problem=HOSTILE)
    )
    assert "alert(1)" in html
    assert "<script>alert" not in html
    assert "<script>alert" not in rendering.refusal("/wa/ui", 404, HOSTILE).body.decode()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (1234567, "1,234,567"), (2.0, "2"), (1234.5, "1,234.50")],
)
def test_numbers_have_separators(value: float | None, text: str) -> None:
    assert rendering.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_661, "1 h 1 min"),
        (90_061, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_durations_have_their_two_largest_units(seconds: float | None, text: str) -> None:
    assert rendering.duration(seconds) == text


def test_moments_are_in_utc_whatever_their_zone() -> None:
    lima = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert rendering.moment(lima) == "2026-03-01 12:00:00 UTC"
    assert rendering.moment(None) == "–"


def test_what_happened_just_now_or_by_another_clock_later_is_just_now() -> None:
    assert rendering.ago(None) == "never"
    assert rendering.ago(datetime.now(timezone.utc) + timedelta(hours=1)) == "just now"
    assert rendering.ago(datetime.now(timezone.utc) - timedelta(hours=3, minutes=5)) == "3 h ago"


@pytest.mark.parametrize(
    ("name", "text"),
    [("51987654321@s.whatsapp.net", "51987654321"), ("", ""), (None, ""), ("somebody", "somebody")],
)
def test_people_are_shown_by_their_digits(name: str | None, text: str) -> None:
    assert rendering.person(name) == text
