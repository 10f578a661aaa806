# SPDX-License-Identifier: Apache-2.0
"""What the vendors speak, with no Airflow and no socket: flows, vendors, messages, records, errors."""
