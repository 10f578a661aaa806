# SPDX-License-Identifier: Apache-2.0
"""What a DAG does with a WhatsApp connection. The connection's type picks the vendor."""
