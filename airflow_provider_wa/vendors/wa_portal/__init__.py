# SPDX-License-Identifier: Apache-2.0
"""The portal that resellers run (HTTP API 2.0)."""
