"""The way of a message is told by time, and at the same time by cause."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.bridge.tracing import MOST, Message, Passed, Told, Tracing, in_order
from gateway.domain.errors import NotFound
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Event,
    EventType,
    Step,
    StepKind,
)
from tests.domain.nouns import INCOMING, OUTGOING
from tests.fakes.clock import NOON


def after(seconds: float) -> datetime:
    """Return a moment after the message was accepted."""
    return NOON + timedelta(seconds=seconds)


SAID = replace(
    OUTGOING,
    created_at=NOON,
    steps=(
        Step(NOON, StepKind.QUEUED, "room"),
        Step(after(1), StepKind.WRITTEN, None, "alice", "p-1"),
        Step(after(2), StepKind.ACKNOWLEDGED, None, "alice", "p-1"),
    ),
)
HEARD = replace(INCOMING, created_at=NOON)
TOLD_OF_IT = Event("evt_1", EventType.MESSAGE_SENT, "lobby", after(2), seq=7)
OWED = Delivery("dlv_1", "wh_1", "evt_1", 7, DeliveryState.DELIVERED, after(2))
MADE = Attempt(
    "att_1", "dlv_1", 1, after(2), timedelta(seconds=1), 200, None, None, "delivered"
)


class FixedTraces:
    """Tells the same of every message.

    Attributes:
        most: What was asked for last.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self.most = 0

    async def told(self, message_id: str, most: int) -> Told:
        """Return it."""
        assert message_id
        self.most = most
        return self._told


async def said(_message_id: str) -> Message:
    """Find the same message under every id."""
    return SAID


async def nothing(message_id: str) -> Message:
    """Find no message."""
    raise NotFound(message_id)


def kinds(passed: Sequence[Passed]) -> list[str]:
    """Return what passed, in a word each."""
    return [
        each.what.kind.value
        if isinstance(each.what, Step)
        else type(each.what).__name__
        for each in passed
    ]


async def test_the_way_of_a_message_of_ours_leads_to_its_attempts() -> None:
    """Accepted, queued, written, acknowledged, told, owed, attempted."""
    traces = FixedTraces(Told([TOLD_OF_IT], [OWED], [MADE], is_cut=True))

    trace = await Tracing(said, traces).trace("msg_1")

    assert kinds(trace.passed) == [
        "OutgoingMessage",
        "queued",
        "written",
        "acknowledged",
        "Event",
        "Delivery",
        "Attempt",
    ]
    assert (trace.message, trace.is_cut, traces.most) == (SAID, True, MOST)


async def test_a_message_that_is_not_held_has_no_way() -> None:
    """`NotFound`, as everywhere."""
    tracing = Tracing(nothing, FixedTraces(Told([], [], [])))

    with pytest.raises(NotFound):
        await tracing.trace("msg_1")


def test_what_was_received_has_no_steps_of_its_own() -> None:
    """It is told of at once."""
    event = replace(TOLD_OF_IT, at=NOON)

    passed = in_order(HEARD, Told([event], [], []))

    assert kinds(passed) == ["IncomingMessage", "Event"]


def test_attempts_of_several_deliveries_are_told_by_time() -> None:
    """Whoever was slow does not push the others' later attempts before theirs."""
    other = replace(OWED, id="dlv_2", webhook_id="wh_2")
    late = replace(MADE, number=2, started_at=after(60))
    between = replace(MADE, delivery_id="dlv_2", started_at=after(30))
    told = Told([TOLD_OF_IT], [OWED, other], [MADE, late, between])

    passed = in_order(HEARD, told)

    attempts = [each.what for each in passed if isinstance(each.what, Attempt)]
    assert attempts == [MADE, between, late]


def test_nothing_stands_before_its_cause() -> None:
    """Not even if the clock was set back between the two."""
    early = after(-3600)
    written = Step(early, StepKind.WRITTEN)
    message = replace(SAID, steps=(SAID.steps[0], written))
    told = Told(
        [replace(TOLD_OF_IT, at=early)],
        [replace(OWED, created_at=early)],
        [replace(MADE, started_at=early)],
    )

    passed = in_order(message, told)

    assert kinds(passed) == [
        "OutgoingMessage",
        "queued",
        "written",
        "Event",
        "Delivery",
        "Attempt",
    ]
    assert passed[-1].at == early
