# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.store import identities as module
from airflow_provider_wa.store.store import Store

ANA, LID, LID2 = "51987654321", "100000000000001@lid", "100000000000002@lid"
MEXICAN, OTHER = "5215512345678", "525512345678"


def test_a_person_has_the_number_and_every_lid_of_it(store: Store) -> None:
    assert store.identities.learn({LID: ANA, LID2: ANA}) == 2
    assert store.identities.names([ANA, LID, LID2]) == {
        ANA: (ANA, LID, LID2), LID: (LID, ANA, LID2), LID2: (LID2, ANA, LID),
    }  # fmt: skip


@pytest.mark.parametrize("number", [MEXICAN, OTHER])
def test_a_lid_is_that_of_both_forms_of_a_number(store: Store, number: str) -> None:
    store.identities.learn({LID: number})
    found = store.identities.names([MEXICAN, OTHER, LID])
    assert [set(names) for names in found.values()] == [{MEXICAN, OTHER, LID}] * 3
    assert [names[0] for names in found.values()] == [MEXICAN, OTHER, LID]


def test_the_newest_number_of_a_lid_counts(store: Store) -> None:
    store.identities.learn({LID: ANA})
    assert store.identities.learn({LID: ANA}) == 0
    assert store.identities.learn({LID: MEXICAN}) == 1
    assert store.identities.names([ANA, LID]) == {ANA: (ANA,), LID: (LID, MEXICAN, OTHER)}


@pytest.mark.parametrize(
    ("lid", "number"),
    [
        (f"{ANA}@s.whatsapp.net", ANA), ("100000000000001:7@lid", ANA), ("x@lid", ANA), ("١٢٣٤@lid", ANA),
        (LID, f"+{ANA}"), (LID, LID), (LID, ""), (LID, "12"), (LID, "٥١٩٨٧٦٥٤٣٢١"), ("", ANA), ("1203@g.us", ANA),
    ],
)  # fmt: skip
def test_nothing_is_learnt_from_other_pairs(store: Store, lid: str, number: str) -> None:
    assert store.identities.learn({lid: number}) == 0
    assert store.identities.names([ANA]) == {ANA: (ANA,)}


def test_strangers_groups_and_junk_have_their_own_name(store: Store) -> None:
    store.identities.learn({LID: ANA})
    assert store.identities.names(["51900000000", "1203@g.us", "2222@lid", "a\0b", ""]) == {
        "51900000000": ("51900000000",), "1203@g.us": ("1203@g.us",), "2222@lid": ("2222@lid",), "a\0b": ("ab",),
        "": ("",),
    }  # fmt: skip


def test_spellings_of_a_name_are_read(store: Store) -> None:
    store.identities.learn({LID: ANA})
    assert store.identities.names([f"+{ANA}", f"{ANA}:3@c.us", "100000000000001:7@lid"]) == {
        f"+{ANA}": (ANA, LID), f"{ANA}:3@c.us": (ANA, LID), "100000000000001:7@lid": (LID, ANA),
    }  # fmt: skip


def test_many_are_asked_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARAMETERS", 7)
    pairs = {f"{row + 1000}@lid": f"5198765{row:04d}" for row in range(50)}
    assert store.identities.learn(pairs) == 50
    found = store.identities.names([*pairs, *pairs.values()])
    assert all(found[lid] == (lid, number) and found[number] == (number, lid) for lid, number in pairs.items())
