# SPDX-License-Identifier: Apache-2.0
"""Drives flows over HTTP: clients, time-outs, rate limit, and no secret in anything that comes out."""
