# SPDX-License-Identifier: Apache-2.0
"""Waiting without a worker: the parts that the public triggers are made of."""
