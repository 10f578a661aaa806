# SPDX-License-Identifier: Apache-2.0
"""The attacks of ``benchmarks/attack.py`` run, at tiny sizes, and their figures make sense."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from typing import Any

import attack
import pytest
from attack import Target

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with attack.attacked() as made:
        yield made


def figures(name: str, target: Target, **sizes: Any) -> str:
    return str(asyncio.run(attack.ATTACKS[name](target, **sizes)))


def answers(told: str) -> dict[str, int]:
    """Return the number of answers by status."""
    found = re.search(r"answers \{(.*?)\}", told)
    assert found, told
    return {status.strip("' "): int(count) for status, count in (part.split(":") for part in found[1].split(","))}


def test_every_attack_is_tried_here(target: Target) -> None:
    assert set(attack.ATTACKS) == {"junk", "receipt", "silent", "flood", "large", "many"}
    assert target.memory_before > 0


def test_junk_is_answered_without_a_fault_of_the_server(target: Target) -> None:
    found = answers(figures("junk", target, rounds=2))
    assert sum(found.values()) == 20
    assert all(200 <= int(status) < 500 for status in found)


def test_a_receipt_of_many_ids_grows_the_store_by_no_more_than_its_events(target: Target) -> None:
    told = figures("receipt", target, ids=100)
    assert re.match(r"[\d,]+ bytes: 200 after ", told)
    grown = re.search(r"([\d.]+) MB of store, (-?\d+) MB of memory", told)
    assert grown
    assert float(grown[1]) < 5
    assert int(grown[2]) >= 0


def test_honest_posts_are_answered_beside_silent_connections(target: Target) -> None:
    told = figures("silent", target, connections=5, seconds=0.3)
    honest = re.match(r"(\d+) of (\d+) honest posts answered", told)
    assert honest
    assert honest[1] == honest[2] != "0"
    assert "5 of 5 silent ones left after 0.3 s" in told, "they may be silent for longer"


def test_honest_posts_are_answered_beside_guesses(target: Target) -> None:
    told = figures("flood", target, clients=2, seconds=0.5)
    honest = re.match(r"(\d+) of (\d+) honest posts answered", told)
    assert honest
    assert honest[1] == honest[2] != "0"
    assert re.search(r"time to the refusal [\d.]+ s \(known id\) and [\d.]+ s \(unknown id\)", told)


@pytest.mark.parametrize(("name", "bodies"), [("large", 2), ("many", 4)])
def test_unsigned_bodies_are_refused(target: Target, name: str, bodies: int) -> None:
    found = answers(figures(name, target, bodies=bodies))
    assert sum(found.values()) == bodies
    assert "200" not in found


def test_an_unknown_attack_is_refused_before_a_server_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["attack.py", "flod"])
    with pytest.raises(SystemExit):
        attack.main()
    assert "flod not known; expected some of junk, receipt" in capsys.readouterr().err
