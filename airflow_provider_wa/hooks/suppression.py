# SPDX-License-Identifier: Apache-2.0
"""The functions of ``connections.suppression`` under their first name."""

from __future__ import annotations

from airflow_provider_wa.connections.suppression import suppress, suppressed, unsuppress

__all__ = ["suppress", "suppressed", "unsuppress"]
