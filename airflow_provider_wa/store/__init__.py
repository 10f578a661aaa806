# SPDX-License-Identifier: Apache-2.0
"""What was received, checked and sent: SQLAlchemy tables and the few questions asked of them."""
