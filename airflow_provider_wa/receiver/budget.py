# SPDX-License-Identifier: Apache-2.0
"""A limit for the bytes of all posts in memory, from the first byte, before any check of the sender, to the answer."""

from __future__ import annotations

from airflow_provider_wa.receiver.answers import no_room


class Budget:
    """A budget of bytes, shared by all posts under way.

    :param most: maximum bytes.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def share(self) -> Share:
        """Return the share of one post, still empty."""
        return Share(self)


class Share:
    """The bytes of one post. ``release`` returns them to the budget, and may be called twice."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0

    def expect(self, size: int) -> None:
        """Check that a post of this many bytes fits into the budget. A single post always fits.

        :raises Refused: it does not fit.
        """
        others = self._budget.held - self._size
        if others and others + size > self._budget.most:
            raise no_room()

    def hold(self, size: int) -> None:
        """Set the size of the post to this many bytes.

        :raises Refused: there is no room for them in the budget.
        """
        self.expect(size)
        self._budget.held += size - self._size
        self._size = size

    def release(self) -> None:
        """Return all bytes to the budget."""
        self._budget.held -= self._size
        self._size = 0
