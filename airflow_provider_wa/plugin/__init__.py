# SPDX-License-Identifier: Apache-2.0
"""The receiver in Airflow: the plugin, the folder for media, and the command ``wa-receiver``."""
