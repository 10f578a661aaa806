# SPDX-License-Identifier: Apache-2.0
"""Triggers: waits in the triggerer, without a worker. Their paths are stored by Airflow, so that they must stay."""
