# SPDX-License-Identifier: Apache-2.0
"""Message queues as Airflow's common messaging provider knows them."""
