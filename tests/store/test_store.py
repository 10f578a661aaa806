# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest
from store.samples import checked, delivered

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.store.store import Store


def test_what_one_stores_the_next_finds(store_url: str) -> None:
    first = Store(store_url)
    first.events.add([delivered("m1")])
    first.checks.put("b", "my_wa", [checked(1)])
    first.close()
    second = Store(store_url)
    assert [stored.reference for stored in second.events.after(0, 10)] == ["m1"]
    assert list(second.checks.rows("b")) == [checked(1)]
    second.close()


def test_a_closed_store_opens_by_itself(store: Store) -> None:
    store.events.add([delivered("m1")])
    store.close()
    assert store.events.last_id() == 1


def test_threads_may_share_a_store(store: Store) -> None:
    names = [[f"{number}-{part}" for part in range(10)] for number in range(20)]

    def add(some: list[str]) -> None:
        for name in some:
            store.events.add([delivered(name)])

    threads = [threading.Thread(target=add, args=(some,)) for some in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {stored.reference for stored in store.events.after(0, 1000)} == {name for some in names for name in some}


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(BadInput, match="'mysql'"):
        Store("mysql://127.0.0.1/wa")
