# SPDX-License-Identifier: Apache-2.0
"""Drives flows over HTTP: clients, time-outs, rate limit, masking of secrets."""
