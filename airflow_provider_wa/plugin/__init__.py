# SPDX-License-Identifier: Apache-2.0
"""Airflow's side of the receiver: its connections and configuration, the plugin, and the command ``wa-receiver``."""
