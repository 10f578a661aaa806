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
"""States in which nothing was sent, and which a further pass of the same try does not change."""

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
"""States that the outcome of a request replaces. ``intended`` and ``skipped`` are not outcomes."""

REPLACED_BY_NOTE = NOT_SENT
"""States that a note replaces. A note says, without a request, that a message is skipped, delayed or failed."""


class Step(Enum):
    """Next step for a row of the list."""

    REFUSE_KEY = auto()
    """Fail it: another recipient's message has its key."""
    SKIP_REPEATED = auto()
    """Skip it: an earlier row of the list has its message, or the person has received it under another name."""
    REPORT_OTHER_BATCH = auto()
    """Report the state of the message in another batch, which has begun it."""
    RECONCILE = auto()
    """Ask the vendor for its outcome, then decide again."""
    SEND_AGAIN = auto()
    """Send it although it is in doubt."""
    KEEP = auto()
    """Leave it as it is in the store, and count it."""
    SKIP_SUPPRESSED = auto()
    SKIP_CAPPED = auto()
    """Skip it: the recipient has got as many messages as a person may get."""
    SEND = auto()


@dataclass(frozen=True)
class _Rule:
    """A step and its conditions. A condition that is None is always met."""

    step: Step
    states: Collection[SendState] | None = None
    ours: bool | None = None
    repeated: bool | None = None
    another: bool | None = None
    reached: bool | None = None
    suppressed: bool | None = None
    capped: bool | None = None
    further: bool | None = None
    reconciled: bool | None = None
    may_repeat: bool | None = None

    def fits(self, state: SendState | None, *flags: bool) -> bool:
        """Return True if all conditions are met."""
        of_row = (self.ours, self.repeated, self.another, self.reached, self.suppressed, self.capped)
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
    _Rule(Step.SEND_AGAIN, IN_DOUBT, may_repeat=True, suppressed=False, reached=False),
    _Rule(Step.KEEP, MAY_HAVE_GONE_OUT),
    _Rule(Step.SKIP_REPEATED, reached=True),
    _Rule(Step.KEEP, FINAL_IN_A_TRY, further=True),
    _Rule(Step.SKIP_SUPPRESSED, suppressed=True),
    _Rule(Step.SKIP_CAPPED, capped=True),
    _Rule(Step.SEND),
)

_STEPS = {
    case: next(rule.step for rule in _RULES if rule.fits(*case))
    for case in product((None, *SendState), *repeat((False, True), 9))
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
    reached: bool = False,
    capped: bool = False,
    reconciled: bool = False,
    may_repeat: bool = False,
) -> Step:
    """Return the next step for a row.

    :param state: state of its message in the store; None if the store does not have it.
    :param ours: the message in the store belongs to this batch, not to another task or run.
    :param repeated: an earlier row of the list has the same key.
    :param suppressed: the recipient must not be written to.
    :param further: this is not the first pass of the try through the list.
    :param another: the earlier row, or else the stored message, with the same key has another recipient.
    :param reached: the person has received the message under another name: a number instead of a LID, or the reverse.
    :param capped: the recipient has got as many messages as a person may get.
    :param reconciled: the vendor was asked for the outcome of the message.
    :param may_repeat: a message in doubt may be sent again: WhatsApp sees it as one message, or the author allows it.
    """
    return _STEPS[state, ours, repeated, another, reached, suppressed, capped, further, reconciled, may_repeat]


def stands(state: SendState, *, repeated: bool) -> bool:
    """Return True if a stored message counts for its row, although the row no longer makes a message.

    :param repeated: an earlier row of the list has the same key, and so the message.
    """
    return state in MAY_HAVE_GONE_OUT and not repeated


def outcome(error: WaError, *, again: bool) -> SendState:
    """Return the outcome of a request that ended with an error.

    :param again: the request was a repeat of a message in doubt. Its refusal says nothing about the first request.
    """
    if isinstance(error, (OutcomeUnknown, UnexpectedReply)) or again:
        return SendState.UNKNOWN
    return SendState.DELAYED if error.stops_all or error.retry is Retry.LATER else SendState.FAILED


def held(*, wait: bool, again: bool) -> SendState:
    """Return the state of a message that must not be sent now.

    :param wait: the run waits until it may be sent.
    :param again: the message is in doubt. It is not skipped then, since it may have been sent before.
    """
    if wait:
        return SendState.DELAYED
    return SendState.UNKNOWN if again else SendState.SKIPPED


def as_reported(state: SendState) -> SendState:
    """Return a state as results show it: ``intended`` becomes ``unknown``."""
    return SendState.UNKNOWN if state is SendState.INTENDED else state


def elsewhere(state: SendState, *, other_part: bool) -> SendState:
    """Return the state to report for a row whose message another batch has begun.

    :param other_part: the batch is another part of the same list, which reports the message itself.
    """
    return SendState.SKIPPED if other_part else as_reported(state)


class Evidence(Enum):
    """Evidence of a vendor's report of sent messages about a message in doubt."""

    FOUND = auto()
    ANOTHER_TEXT = auto()
    """Another message to the recipient was found, which may be this message."""
    ANOTHER_NAME = auto()
    """This text was sent to a person with an unknown number, who may be the recipient."""
    INCOMPLETE = auto()
    """The report lacks a message that was certainly accepted."""
    LOGGED_OUT = auto()
    """The report lacks the message, but it may wait in the vendor's queue while the account is logged out."""
    ANOTHER_CLOCK = auto()
    """The report lacks the message, but a wrong clock may hide it: that of this machine, at the intent or now."""
    NOT_FOUND = auto()


PROVEN: Mapping[Evidence, SendState] = {
    Evidence.FOUND: SendState.ACCEPTED,
    Evidence.ANOTHER_TEXT: SendState.UNKNOWN,
    Evidence.ANOTHER_NAME: SendState.UNKNOWN,
    Evidence.INCOMPLETE: SendState.UNKNOWN,
    Evidence.LOGGED_OUT: SendState.UNKNOWN,
    Evidence.ANOTHER_CLOCK: SendState.UNKNOWN,
    Evidence.NOT_FOUND: SendState.DELAYED,
}
"""The outcome that each evidence proves."""

TOO_EARLY = (Evidence.INCOMPLETE, Evidence.LOGGED_OUT)
"""Evidence that a later report may improve."""
