# SPDX-License-Identifier: Apache-2.0
"""CheckWA, simulated: `vendor.VENDOR` is its record."""
