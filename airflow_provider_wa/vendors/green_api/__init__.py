# SPDX-License-Identifier: Apache-2.0
"""Green-API: one account of its cloud."""
