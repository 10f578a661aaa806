# SPDX-License-Identifier: Apache-2.0
"""The states of a message and all rules about them: tables, and the functions that read them.

No SQL, no clock, no request: ``store.sends`` derives its conditions from these tables, ``bulk.send_run`` carries out
the steps. A mistake here sends a message twice, or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product, repeat

from airflow_provider_wa.api.errors import OutcomeUnknown, Retry, UnexpectedReply, WaError


class SendState(str, Enum):
    """State of a message: ``intended`` from before the request until its outcome is known.

    ``unknown`` may or may not have gone out. Nothing was sent of the last three: ``failed`` was refused for good,
    ``delayed`` for the time being, ``skipped`` is not to be sent.
    """

    INTENDED = "intended"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DELAYED = "delayed"
    SKIPPED = "skipped"


IN_DOUBT = (SendState.INTENDED, SendState.UNKNOWN)
NOT_SENT = (SendState.FAILED, SendState.DELAYED, SendState.SKIPPED)
MAY_HAVE_GONE_OUT = (SendState.ACCEPTED, *IN_DOUBT)
FINAL_IN_A_TRY = (SendState.FAILED, SendState.SKIPPED)
"""States of which nothing was sent, and which a further pass of the same try leaves alone."""

# Which states may be replaced. That a message went out, or may have, is never lost: two tries of a task may overlap,
# and the request of the other one have been refused.

REPLACED_BY_INTENT: Mapping[bool, tuple[SendState, ...]] = {False: NOT_SENT, True: (*NOT_SENT, *IN_DOUBT)}
"""States that an intent replaces, by whether a message in doubt may be sent again."""

REPLACED_BY_OUTCOME: Mapping[SendState, tuple[SendState, ...]] = {
    SendState.ACCEPTED: (*IN_DOUBT, *NOT_SENT),
    SendState.UNKNOWN: (*IN_DOUBT, *NOT_SENT),
    SendState.FAILED: IN_DOUBT,
    SendState.DELAYED: IN_DOUBT,
}
"""States that the outcome of a request replaces. The other two are not outcomes."""

REPLACED_BY_NOTE = NOT_SENT
"""States that a note without a request replaces: that a message is skipped, or delayed, or failed."""


class Step(Enum):
    """Next step for a row of the list."""

    REFUSE_KEY = auto()
    """Fail it: its key is that of another recipient's message."""
    SKIP_REPEATED = auto()
    """Skip it: the list has its message before."""
    REPORT_OTHER_BATCH = auto()
    """Enter the state that it has in another batch, which began it."""
    RECONCILE = auto()
    """Ask the vendor what became of it, then decide again."""
    SEND_AGAIN = auto()
    """Send it although it is in doubt."""
    KEEP = auto()
    """Count it by its state."""
    SKIP_SUPPRESSED = auto()
    SKIP_CAPPED = auto()
    """Skip it: the recipient has got as many messages as a person may get."""
    SEND = auto()


@dataclass(frozen=True)
class _Rule:
    """A step and its conditions; None: either."""

    step: Step
    states: Collection[SendState] | None = None
    ours: bool | None = None
    repeated: bool | None = None
    another: bool | None = None
    suppressed: bool | None = None
    capped: bool | None = None
    further: bool | None = None
    reconciled: bool | None = None
    may_repeat: bool | None = None

    def fits(self, state: SendState | None, *flags: bool) -> bool:
        """Return True if all conditions are met."""
        of_row = (self.ours, self.repeated, self.another, self.suppressed, self.capped)
        wanted = (*of_row, self.further, self.reconciled, self.may_repeat)
        in_state = self.states is None or state in self.states
        return in_state and all(want in (None, flag) for want, flag in zip(wanted, flags, strict=True))


# The first rule that fits decides.
_RULES = (
    _Rule(Step.REFUSE_KEY, repeated=True, another=True),
    _Rule(Step.SKIP_REPEATED, repeated=True),
    _Rule(Step.REFUSE_KEY, MAY_HAVE_GONE_OUT, another=True),
    _Rule(Step.REPORT_OTHER_BATCH, MAY_HAVE_GONE_OUT, ours=False),
    _Rule(Step.RECONCILE, IN_DOUBT, reconciled=False),
    _Rule(Step.SEND_AGAIN, IN_DOUBT, may_repeat=True, suppressed=False),
    _Rule(Step.KEEP, MAY_HAVE_GONE_OUT),
    _Rule(Step.KEEP, FINAL_IN_A_TRY, further=True),
    _Rule(Step.SKIP_SUPPRESSED, suppressed=True),
    _Rule(Step.SKIP_CAPPED, capped=True),
    _Rule(Step.SEND),
)

_STEPS = {
    case: next(rule.step for rule in _RULES if rule.fits(*case))
    for case in product((None, *SendState), *repeat((False, True), 8))
}
"""The rules applied to all cases, so that a row costs one look-up."""


def next_step(
    state: SendState | None,
    *,
    ours: bool,
    repeated: bool,
    suppressed: bool,
    further: bool,
    another: bool = False,
    capped: bool = False,
    reconciled: bool = False,
    may_repeat: bool = False,
) -> Step:
    """Return the next step for a row.

    :param state: its state in the store; None if it is not known there.
    :param ours: it is in the store under this batch, not under that of another task or run.
    :param repeated: the list has a row with its key before.
    :param suppressed: the recipient must not be written to.
    :param further: this try has gone through the list before.
    :param another: who has its key, a row before it or else the message in the store, is another recipient.
    :param capped: the recipient has got as many messages as a person may get.
    :param reconciled: the vendor was asked what became of it.
    :param may_repeat: in doubt it may be sent again: it would be the same message, or the author allows it.
    """
    return _STEPS[state, ours, repeated, another, suppressed, capped, further, reconciled, may_repeat]


def stands(state: SendState, *, repeated: bool) -> bool:
    """Return True if the message in the store is that of a row of which no message can be made any more.

    :param repeated: the list has a row with its key before, which has the message.
    """
    return state in MAY_HAVE_GONE_OUT and not repeated


def outcome(error: WaError, *, again: bool) -> SendState:
    """Return the outcome of a request that ended with an error.

    :param again: the message was in doubt before: that its repeat was refused says nothing about the first request.
    """
    if isinstance(error, (OutcomeUnknown, UnexpectedReply)) or again:
        return SendState.UNKNOWN
    return SendState.DELAYED if error.stops_all or error.retry is Retry.LATER else SendState.FAILED


def held(*, wait: bool, again: bool) -> SendState:
    """Return the state of a message that must not be sent now.

    :param wait: the run waits until it may be sent.
    :param again: it is in doubt. Then it is not skipped: that it is not sent again does not mean that it was not sent.
    """
    if wait:
        return SendState.DELAYED
    return SendState.UNKNOWN if again else SendState.SKIPPED


def as_reported(state: SendState) -> SendState:
    """Return the state as results show it: what was only intended is ``unknown``."""
    return SendState.UNKNOWN if state is SendState.INTENDED else state


def elsewhere(state: SendState, *, other_part: bool) -> SendState:
    """Return the result of a row whose message another batch began; in doubt it stays so.

    :param other_part: that is another part of the same list, which has the message's result.
    """
    return SendState.SKIPPED if other_part else as_reported(state)


class Evidence(Enum):
    """Evidence of a vendor's report of sent messages about a message in doubt."""

    FOUND = auto()
    ANOTHER_TEXT = auto()
    """The recipient was sent something, which may be this message."""
    INCOMPLETE = auto()
    """The report lacks even what was surely accepted."""
    LOGGED_OUT = auto()
    """It is not there, but it may wait in the vendor's queue while the account is logged out."""
    NOT_FOUND = auto()


PROVEN: Mapping[Evidence, SendState] = {
    Evidence.FOUND: SendState.ACCEPTED,
    Evidence.ANOTHER_TEXT: SendState.UNKNOWN,
    Evidence.INCOMPLETE: SendState.UNKNOWN,
    Evidence.LOGGED_OUT: SendState.UNKNOWN,
    Evidence.NOT_FOUND: SendState.DELAYED,
}
"""The outcome that each evidence proves."""

TOO_EARLY = (Evidence.INCOMPLETE, Evidence.LOGGED_OUT)
"""Evidence that a later report may better."""
