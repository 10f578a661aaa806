# SPDX-License-Identifier: Apache-2.0
"""Airflow connections: looked up, parsed, and the store behind them."""
