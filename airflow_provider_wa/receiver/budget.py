# SPDX-License-Identifier: Apache-2.0
"""The bytes of posts that are in memory at once: from before their senders are known to be honest to the answer."""

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
    """The bytes of one post. They are given back by ``release``, which may be called twice."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0

    def expect(self, size: int) -> None:
        """Check that a post of this many bytes fits. One that is alone always does.

        :raises Refused: it does not.
        """
        others = self._budget.held - self._size
        if others and others + size > self._budget.most:
            raise no_room()

    def hold(self, size: int) -> None:
        """Hold this many bytes, instead of those held before.

        :raises Refused: there is no room for them.
        """
        self.expect(size)
        self._budget.held += size - self._size
        self._size = size

    def release(self) -> None:
        """Give all bytes back."""
        self._budget.held -= self._size
        self._size = 0
