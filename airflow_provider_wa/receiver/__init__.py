# SPDX-License-Identifier: Apache-2.0
"""What vendors post comes in here: an ASGI application that knows nothing of Airflow."""
