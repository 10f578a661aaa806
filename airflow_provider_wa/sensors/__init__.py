# SPDX-License-Identifier: Apache-2.0
"""Sensors: wait for something to happen at a vendor, in a worker or in the triggerer."""
