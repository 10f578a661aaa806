# SPDX-License-Identifier: Apache-2.0
"""Simulated vendors on one loopback server, to try a DAG and to test without an account."""

from __future__ import annotations
