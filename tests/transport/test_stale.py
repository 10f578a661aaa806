# SPDX-License-Identifier: Apache-2.0
"""A server that closes idle connections at random moments: nothing is sent twice, nothing is lost, little is unknown.

``benchmarks/stale.py`` counts more of them, for docs/reliability.md.
"""

from __future__ import annotations

import pytest
import stale

pytestmark = pytest.mark.system

SENDS = 1500


@pytest.mark.parametrize("fresh_seconds", [60.0, 0.0], ids=["as it is", "with trust in the server"])
def test_what_is_written_as_the_server_closes_is_sent_once_or_unknown(fresh_seconds: float) -> None:
    counts = stale.measured(SENDS, workers=20, longest=0.01, pause=0.01, fresh_seconds=fresh_seconds)
    assert counts["accepted"] + counts.get("OutcomeUnknown", 0) == SENDS
    assert (counts["twice"], counts["accepted_but_not_taken"]) == (0, 0)
    assert counts["closed_by_server"] > 50, "it did close"
    # With trust, it is about one in 2,000; the first connection that is closed ends the trust.
    assert counts.get("OutcomeUnknown", 0) <= (20 if fresh_seconds == 0.0 else 1)
