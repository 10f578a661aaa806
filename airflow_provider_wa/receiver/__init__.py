# SPDX-License-Identifier: Apache-2.0
"""The receiver of webhooks and callbacks: an ASGI application that knows no vendor and no Airflow."""
