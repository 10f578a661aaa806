# SPDX-License-Identifier: Apache-2.0
"""AccuAuth, simulated: `vendor.VENDOR` is its record."""
