# SPDX-License-Identifier: Apache-2.0
"""WuzAPI: a self-hosted server."""
