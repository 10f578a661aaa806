# SPDX-License-Identifier: Apache-2.0
"""Operators of a WhatsApp connection. The connection's type picks the vendor."""
