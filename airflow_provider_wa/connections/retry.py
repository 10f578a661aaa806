# SPDX-License-Identifier: Apache-2.0
"""Turn errors into those that Airflow does not retry, where a retry is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_wa.api.errors import Retry, WaError


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn a ``WaError`` that must not be retried into ``AirflowFailException``; Airflow retries the others.

    A send whose outcome is unknown is among those that must not be: a retry could send the message twice.
    """
    try:
        yield
    except WaError as error:
        if error.retry is Retry.NEVER:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error
        raise
