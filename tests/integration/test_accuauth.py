# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_wa.api.errors import QuotaExceeded, Unauthorized
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.accuauth.replies import AccuAuthResult
from airflow_provider_wa.vendors.accuauth.tables import BASIC

if TYPE_CHECKING:
    from helpers.vendors import Vendors

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("encoding", ["json", "form"])
def test_a_walk_through_the_advanced_check(vendors: Vendors, encoding: str) -> None:
    vendors.connect("accuauth", extra={"encoding": encoding})
    hook = WaHook.for_connection("accuauth_default")

    exists, absent, pending = hook.check(["+51987654303", "+51987654300", "+51987654301"])

    assert (exists.status, absent.status, pending.status) == (
        CheckStatus.EXISTS,
        CheckStatus.ABSENT,
        CheckStatus.PENDING,
    )
    assert isinstance(exists, AccuAuthResult)
    assert exists.status_update is not None
    assert (exists.avatar, exists.business_user is None) == (True, False)
    assert [hook.check("+51987654301")[0].status for _ in range(2)] == [CheckStatus.PENDING, CheckStatus.EXISTS]


def test_the_basic_check_is_another_path(vendors: Vendors) -> None:
    vendors.connect("accuauth", extra={"path": BASIC})
    (result,) = WaHook.for_connection("accuauth_default").check("+51987654303")
    assert isinstance(result, AccuAuthResult)
    assert (result.status, result.avatar, result.status_update) == (CheckStatus.EXISTS, None, None)


def test_errors_say_the_vendors_reason(vendors: Vendors) -> None:
    vendors.control("quota", vendor="accuauth", left=0)
    with pytest.raises(QuotaExceeded, match=r"\(OUT_OF_QUOTA: .+\)"):
        WaHook.for_connection("accuauth_default").check("+51987654303")
    vendors.connect("accuauth", password="not-the-right-secret")
    with pytest.raises(Unauthorized, match=r"\(UNAUTHORIZED: .+\)"):
        WaHook.for_connection("accuauth_default").check("+51987654303")
