# SPDX-License-Identifier: Apache-2.0
"""Triggers: waits in the triggerer, without a worker. Airflow stores their paths, which must therefore stay."""
