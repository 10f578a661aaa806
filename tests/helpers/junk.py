# SPDX-License-Identifier: Apache-2.0
"""Replies that no vendor documents: its samples with fields lost, renamed, retyped or added, and plain rubbish."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from helpers.script import GARBAGE
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from airflow_provider_wa.api.flow import Reply

STATUSES = (200, 201, 202, 204, 301, 303, 400, 401, 403, 404, 408, 409, 422, 429, 466, 499, 500, 502, 503, 504)

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 3.5, 10**30, float("nan"), float("inf"), "", " ", "0", "1", "no", "yes", "NO",
    "true", "false", "error", "success", "OK", "PENDING", "400", "nonsense", "04-x", "\ud800", "2022-13-45T99:99:99Z",
    [], [[]], {}, [None], {"data": None}, {"a": {"b": [1, {"c": None}]}}, "x" * 3000,
)  # fmt: skip

HEADERS: tuple[dict[str, str], ...] = (
    {}, {"content-type": "text/html; charset=utf-8"}, {"retry-after": "3"}, {"retry-after": "soon"},
    {"retry-after": "-1"}, {"retry-after": "nan"}, {"retry-after": "inf"}, {"retry-after": "86400"},
)  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


@st.composite
def _spoilt(draw: DrawFn, samples: Sequence[Any]) -> Any:
    """One of ``samples`` with up to three changes."""
    value = copy.deepcopy(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(value))
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(("drop", "retype", "retype", "case", "add")))
        if change == "drop":
            del container[key]
        elif change == "retype":
            container[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif change == "case" and isinstance(container, dict):
            container[draw(st.sampled_from((str.upper, str.lower, str.title)))(key)] = container.pop(key)
        elif isinstance(container, dict):
            container["surplus"] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return value


def _cut(body: bytes) -> SearchStrategy[bytes]:
    return st.integers(0, len(body)).map(lambda length: body[:length])


def replies(samples: Sequence[Any]) -> SearchStrategy[Reply]:
    """Any reply at all, most of them near one of a vendor's own ``samples`` (JSON values)."""
    near = _spoilt(samples).map(lambda value: json.dumps(value).encode())
    plain = st.sampled_from([body if isinstance(body, bytes) else body.encode() for body in GARBAGE.values()])
    values = st.sampled_from(VALUES).map(lambda value: json.dumps(value).encode())
    bodies = st.one_of(near, near, near, near.flatmap(_cut), plain, values, st.binary(max_size=40))
    statuses = st.one_of(st.just(200), st.sampled_from(STATUSES), st.integers(100, 599))
    return st.builds(Reply, statuses, bodies, st.sampled_from(HEADERS))
