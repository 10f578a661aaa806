# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to happen at a vendor."""
