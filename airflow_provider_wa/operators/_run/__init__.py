# SPDX-License-Identifier: Apache-2.0
"""The work behind the operators, imported when a task runs."""
