# SPDX-License-Identifier: Apache-2.0
"""WuzAPI, simulated: `vendor.VENDOR` is its record."""
