# SPDX-License-Identifier: Apache-2.0
"""Apache Airflow provider for WhatsApp APIs: verify numbers, send messages, follow their delivery."""

from __future__ import annotations

__version__ = "0.1.0"
