# SPDX-License-Identifier: Apache-2.0
"""The vendors, a folder each; ``registry`` lists them."""
