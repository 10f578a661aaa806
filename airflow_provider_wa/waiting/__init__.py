# SPDX-License-Identifier: Apache-2.0
"""Waiting without a worker: the machinery behind the public triggers."""
