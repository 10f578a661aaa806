# SPDX-License-Identifier: Apache-2.0
"""The store of events, checks and sends: SQLAlchemy tables and their queries."""
