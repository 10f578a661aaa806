# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from helpers.waiting import call_back

from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting.looks import judge_callbacks
from airflow_provider_wa.waiting.source import Found, NotYet

FILE = "file:///pictures/r.png"


def judged(store: Store, *news: NewEvent, wait_for_picture: bool = False) -> Found | NotYet:
    """What these callbacks come to; their ids are 1, 2 ..."""
    for new in news:
        store.events.add([new])
    return judge_callbacks(store.events.after(0, 100), wait_for_picture)


def test_without_a_callback_there_is_nothing(airflow_store: Store) -> None:
    assert judged(airflow_store) == NotYet("no callback has come")


def test_the_first_callback_decides(airflow_store: Store) -> None:
    found = judged(airflow_store, call_back("r", "absent"), call_back("r", "exists"))
    assert found == {"event_id": 1, "picture": None}


PICTURE = call_back("r", picture=True, has_picture=True)
SHOWN = call_back("r", has_picture=True)


@pytest.mark.parametrize(
    ("news", "found"),
    [
        ([call_back("r", has_picture=False)], {"event_id": 1, "picture": None}),
        ([call_back("r", "absent", has_picture=True)], {"event_id": 1, "picture": None}),
        ([call_back("r", "unknown")], {"event_id": 1, "picture": None}),
        ([SHOWN, PICTURE], {"event_id": 1, "picture": FILE}),
        ([PICTURE], {"event_id": 1, "picture": FILE}),
        ([PICTURE, call_back("r", "absent")], {"event_id": 1, "picture": FILE}),
    ],
)
def test_a_picture_is_waited_for_only_if_there_is_one(
    airflow_store: Store, news: list[NewEvent], found: dict[str, Any]
) -> None:
    assert judged(airflow_store, *news, wait_for_picture=True) == found


def test_a_picture_that_is_on_its_way_is_waited_for_and_keeps_nobody_from_the_answer(airflow_store: Store) -> None:
    found = judged(airflow_store, SHOWN, wait_for_picture=True)
    assert found == NotYet("the callback has come, its picture has not", otherwise={"event_id": 1, "picture": None})
    assert judged(airflow_store) == {"event_id": 1, "picture": None}
