# SPDX-License-Identifier: Apache-2.0
"""The five vendors on one loopback server, for trying a DAG and testing the client without an account."""

from __future__ import annotations
