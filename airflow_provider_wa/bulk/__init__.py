# SPDX-License-Identifier: Apache-2.0
"""Many numbers at once: read lazily, run a fixed number of workers, write results as they come."""
