# SPDX-License-Identifier: Apache-2.0
"""The pages under ``/wa/ui`` of Airflow's API server: one module a page, templates and one stylesheet."""
