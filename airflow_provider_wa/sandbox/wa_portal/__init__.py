# SPDX-License-Identifier: Apache-2.0
"""A portal of the "HTTP API Specification 2.0.0", simulated: `vendor.VENDOR` is its record."""
