# SPDX-License-Identifier: Apache-2.0
"""A connection type each: an Airflow connection becomes a vendor and a way to it."""
