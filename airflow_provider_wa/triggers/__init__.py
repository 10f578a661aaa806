# SPDX-License-Identifier: Apache-2.0
"""Waiting without a worker: what runs in the triggerer."""

from __future__ import annotations

MAX_FAILURES = 10
"""So many failures in a row that might pass by themselves are waited out."""
