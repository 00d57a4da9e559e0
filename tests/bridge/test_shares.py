"""Whatever befalls a share is a step of its message."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.ports import OutcomeUnknown, Refused
from gateway.bridge.shares import FIRST_STEPS, LAST_STEPS, Shares
from gateway.domain.model import (
    Match,
    MessageError,
    MessageStatus,
    OutgoingMessage,
    Recipient,
    StepKind,
    WaitingFor,
)
from tests.bridge.conftest import to
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import NOON, FakeClock

LOST = OutcomeUnknown("the link was lost")
GONE = Refused(1003, "no such participant")


def a_share(
    status: str = "sending", *, address: int = 0, id_: str | None = "p-1"
) -> Recipient:
    """Return a share of alice's."""
    return Recipient(address, "alice", id_, MessageStatus(status), 1)


def some(*shares: Recipient, **changes: object) -> Shares:
    """Return the shares of a message, of alice's alone if none are given."""
    given = shares or (a_share(),)
    addresses = to(*("alice" for _ in given))
    message: OutgoingMessage = replace(
        OUTGOING,
        to=addresses,
        recipients=given,
        **changes,  # type: ignore[arg-type]  # a builder
    )
    return Shares(message, FakeClock().now)


def kinds(shares: Shares) -> list[str]:
    """Return what happened, in order."""
    return [step.kind.value for step in shares.steps]


@pytest.mark.parametrize(
    ("happens", "steps"),
    [
        (lambda shares: shares.acknowledge(0), [("acknowledged", None, "alice")]),
        (
            lambda shares: shares.refuse(0, GONE, may_wait=False),
            [("refused", "no such participant", "alice")],
        ),
        (
            lambda shares: shares.lose(0, LOST, may_retry=True),
            [("unanswered", "the link was lost", "alice")],
        ),
        (
            lambda shares: shares.fail(0, MessageError("x", "it was erased")),
            [("failed", "it was erased", "alice")],
        ),
        (lambda shares: shares.expire(), [("expired", None, None)]),
        (lambda shares: shares.cancel(), [("cancelled", None, None)]),
        (
            lambda shares: shares.queue(WaitingFor.ROOM),
            [("queued", "room", None)],
        ),
    ],
)
def test_each_thing_that_happens_is_one_step(
    happens: Callable[[Shares], None], steps: list[tuple[str, str | None, str | None]]
) -> None:
    """With why, and to whom, as far as it is about one."""
    shares = some()

    happens(shares)

    assert [(each.kind, each.reason, each.name) for each in shares.steps] == steps
    assert {each.at for each in shares.steps} == {NOON}


def test_a_write_is_a_step_with_whom_it_was_for() -> None:
    """By the id that they had then."""
    shares = some()

    shares.write(0)

    assert shares.steps[0][1:] == (StepKind.WRITTEN, None, "alice", "p-1")


def test_why_it_is_queued_is_a_step_when_it_changes() -> None:
    """Not each time that it is looked at."""
    shares = some()

    for why in (WaitingFor.ROOM, WaitingFor.ROOM, WaitingFor.RECIPIENT):
        shares.wait_for(why)

    assert [step.reason for step in shares.steps] == ["room", "recipient"]


def test_steps_go_on_from_those_that_were_stored() -> None:
    """A restart is none."""
    first = some()
    first.write(0)

    again = some(steps=tuple(first.steps))
    again.lose_written(LOST)

    assert kinds(again) == ["written", "unanswered"]


def test_the_first_and_the_last_steps_are_kept() -> None:
    """A message that is tried for a day must not grow for a day."""
    shares = some()
    for number in range(200):
        shares.lose(0, OutcomeUnknown(str(number)), may_retry=True)

    kept = [int(step.reason or "") for step in shares.steps]

    assert kept == [*range(FIRST_STEPS), *range(200 - LAST_STEPS, 200)]


def test_a_long_reason_is_cut() -> None:
    """The error has all of it."""
    shares = some()

    shares.refuse(0, Refused(1, "x" * 1000), may_wait=False)

    assert shares.steps[0].reason == "x" * 199 + "…"
    assert shares.shares[0].error == MessageError("room_rejected", "x" * 1000, 1)


def test_what_is_cancelled_has_not_been_written() -> None:
    """What was said stays said."""
    shares = some(a_share("sent"), a_share("queued", address=1, id_=None))

    shares.cancel()

    assert [each.status for each in shares.shares] == ["sent", "cancelled"]
    assert shares.status is MessageStatus.PARTIAL


def test_what_may_have_been_said_is_not_cancelled() -> None:
    """That would be a lie."""
    shares = some(a_share("queued"), resent=True)

    shares.cancel()

    error = shares.shares[0].error
    assert shares.status is MessageStatus.UNKNOWN
    assert error is not None
    assert error.text.endswith("it was cancelled")


def test_a_retry_is_for_what_was_neither_sent_nor_cancelled() -> None:
    """With the attempts that were made."""
    before = ["sent", "cancelled", "failed", "expired", "unknown"]
    shares = some(*(a_share(each, id_=each) for each in before))

    shares.retry()

    after = [each.status for each in shares.shares]
    assert after == ["sent", "cancelled", "queued", "queued", "queued"]
    assert {each.attempts for each in shares.shares} == {1}
    assert kinds(shares) == ["retried"]


@pytest.mark.parametrize(
    ("was", "status"), [("failed", "expired"), ("unknown", "unknown")]
)
def test_only_what_may_have_been_said_stays_in_doubt(was: str, status: str) -> None:
    """A retry of what surely failed can fail as surely."""
    shares = some(a_share(was))
    shares.retry()

    shares.expire()

    assert shares.status == status
    assert shares.resent is (was == "unknown")


def test_the_same_share_is_known_by_the_participant() -> None:
    """What an address of several was expanded to stays apart."""
    shares = some(
        a_share("queued", id_="p-1"),
        a_share("queued", id_="p-2"),
        match=Match.ALL,
    )

    assert shares.same_as(a_share(id_="p-2")) == 1
    assert shares.same_as(a_share(id_="p-3")) is None


def test_the_same_share_is_known_by_the_only_one_of_an_address() -> None:
    """Whoever has that name now."""
    shares = some(a_share("queued", id_="p-9"))

    assert shares.same_as(a_share(id_="p-1")) == 0


def test_what_is_sent_is_not_owed_again() -> None:
    """There is nothing that an acknowledgement could change."""
    assert some(a_share("sent")).same_as(a_share()) is None


def test_each_step_has_its_own_moment() -> None:
    """As the clock has it."""
    clock = FakeClock()
    shares = Shares(some().message, clock.now)

    shares.write(0)
    clock.jump(5)
    shares.acknowledge(0)

    assert shares.steps[1].at - shares.steps[0].at == timedelta(seconds=5)
