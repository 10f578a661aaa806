# SPDX-License-Identifier: Apache-2.0
"""Green-API, simulated: `vendor.VENDOR` is its record."""
