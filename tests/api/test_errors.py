# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.api import errors
from airflow_provider_wa.api.errors import Retry, VendorUnavailable, WaError

# class: (may be retried later, stops a whole run)
TREE: dict[type[WaError], tuple[Retry, bool]] = {
    errors.BadInput: (Retry.NEVER, False),
    errors.Unauthorized: (Retry.NEVER, True),
    errors.SessionDown: (Retry.LATER, True),
    errors.QuotaExceeded: (Retry.NEVER, True),
    errors.RateLimited: (Retry.LATER, False),
    errors.VendorUnavailable: (Retry.LATER, False),
    errors.OutcomeUnknown: (Retry.NEVER, False),
    errors.UnsupportedByVendor: (Retry.NEVER, False),
    errors.QueueClosed: (Retry.NEVER, False),
    errors.UnexpectedReply: (Retry.NEVER, False),
}
BY_NAME = pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)


def test_the_tree_is_complete() -> None:
    classes = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, WaError)}
    assert classes - {WaError} == set(TREE)


@BY_NAME
def test_each_class_says_what_the_caller_may_do_next(kind: type[WaError]) -> None:
    assert (kind.retry, kind.stops_all) == TREE[kind]


@BY_NAME
def test_no_class_is_caught_as_another(kind: type[WaError]) -> None:
    assert kind.__bases__ == (WaError,)


@BY_NAME
def test_details_are_kept(kind: type[WaError]) -> None:
    error = kind("no", vendor="wuzapi", code="05", status=400, retry_after=3.0, raw={"a": 1})
    assert (error.message, error.vendor, error.code, error.status, error.retry_after, error.raw) == (
        "no", "wuzapi", "05", 400, 3.0, {"a": 1},
    )  # fmt: skip


@BY_NAME
def test_the_text_names_the_vendor_but_not_the_reply(kind: type[WaError]) -> None:
    error = kind("refused", vendor="green_api", code="c0de", raw={"token": "s3cr3t"})
    assert str(error) == "green_api: refused"
    assert str(kind("refused")) == "refused"
    assert "s3cr3t" not in repr(error)


def test_only_a_proven_failure_to_leave_says_so() -> None:
    assert not VendorUnavailable("down").never_left
    assert VendorUnavailable("refused", never_left=True, vendor="wuzapi").never_left
