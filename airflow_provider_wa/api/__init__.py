# SPDX-License-Identifier: Apache-2.0
"""Flows, messages, records and errors of all vendors: pure, without Airflow and without sockets."""
