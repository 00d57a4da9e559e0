"""An attempt ends in a result, whatever happens."""

import json
from dataclasses import replace

import pytest
from typing_extensions import override

from gateway.delivery.headers import MASK
from gateway.delivery.ports import Due
from gateway.delivery.result import Result
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    ErrorClass,
    EventType,
    Outcome,
    Webhook,
)
from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.sender import Answer, an_outcome


async def result_of(answer: Answer, webhook: Webhook | None = None) -> Result:
    """Return what comes of a first attempt that is so answered."""
    world = Delivering(answer)
    return await world.attempts.make(webhook or a_webhook(), a_due(world))


def a_due(world: Delivering) -> Due:
    """Return a message owed to `wh_one`."""
    event, message = world.a_message("hi")
    delivery = Delivery(
        "dlv_1", "wh_one", event.id, 1, DeliveryState.IN_FLIGHT, created_at=NOON
    )
    return Due(delivery, event, message)


@pytest.mark.parametrize(
    ("answer", "state", "verdict"),
    [
        (200, DeliveryState.DELIVERED, "delivered"),
        (204, DeliveryState.DELIVERED, "delivered"),
        (302, DeliveryState.RETRYING, "try_again"),
        (404, DeliveryState.RETRYING, "try_again"),
        (410, DeliveryState.DEAD, "give_up"),
        (500, DeliveryState.RETRYING, "try_again"),
        (ErrorClass.TIMEOUT_TOTAL, DeliveryState.RETRYING, "try_again"),
        (RuntimeError("bug"), DeliveryState.RETRYING, "try_again"),
    ],
)
async def test_what_becomes_of_a_delivery(
    answer: Answer, state: DeliveryState, verdict: str
) -> None:
    """Each answer leads to its state, and the attempt says the verdict."""
    result = await result_of(answer)

    assert result.delivery.state is state
    assert result.attempt is not None
    assert (result.attempt.verdict, result.delivery.attempts) == (verdict, 1)


async def test_what_an_attempt_does_not_change_stays() -> None:
    """A delivery that has arrived is the same delivery, with nothing more to come."""
    world = Delivering(200)
    due = a_due(world)
    owed = replace(
        due.delivery,
        attempts=2,
        schedule_index=1,
        next_attempt_at=NOON,
        reason="held",
        traceparent="00-1-2-01",
        order_key="lobby",
        replay_id="rpl_1",
    )

    result = await world.attempts.make(a_webhook(), replace(due, delivery=owed))

    assert result.delivery == replace(
        owed,
        state=DeliveryState.DELIVERED,
        attempts=3,
        next_attempt_at=None,
        finished_at=world.clock.now(),
        reason=None,
    )


async def test_a_failure_moves_along_the_schedule() -> None:
    """The next attempt is due after the first delay, plus at most a fifth."""
    result = await result_of(500)

    assert result.delivery.next_attempt_at is not None
    wait_s = (result.delivery.next_attempt_at - NOON).total_seconds()
    assert 5 <= wait_s <= 6
    assert result.delivery.schedule_index == 1


async def test_retry_after_is_a_pause_of_the_webhook() -> None:
    """A 503 that names a time pauses the webhook for at least that long."""
    result = await result_of(an_outcome(503, retry_after="120"))

    assert result.pause is not None
    assert result.pause.total_seconds() >= 120
    assert result.delivery.schedule_index == 0


async def test_a_hostile_retry_after_is_an_ordinary_failure() -> None:
    """A header that is no time at all breaks nothing."""
    result = await result_of(an_outcome(503, retry_after="9" * 400))

    assert result.delivery.state is DeliveryState.RETRYING


async def test_the_answer_is_kept_as_text() -> None:
    """Bytes that are no text, and NUL, are replaced."""
    result = await result_of(an_outcome(500, body=b"no\x00 \xff"))

    assert result.attempt is not None
    assert result.attempt.response == "no\ufffd \ufffd"


async def test_own_headers_are_hidden_in_what_is_kept_of_an_answer() -> None:
    """A receiver that repeats what it was sent does not make secrets known."""
    webhook = a_webhook(headers={"Authorization": "Bearer s3cr3t-t0ken"})

    result = await result_of(an_outcome(500, body=b"no: s3cr3t-t0ken"), webhook)

    assert result.attempt is not None
    assert result.attempt.response == f"no: {MASK}"


async def test_a_death_is_told_without_content() -> None:
    """`delivery.dead` names the delivery, the webhook and the event."""
    result = await result_of(410)

    (event,) = result.events
    assert (event.type, event.webhook_id) == (EventType.DELIVERY_DEAD, "wh_one")
    assert set(json.loads(event.data or "")) == {
        "delivery_id",
        "webhook_id",
        "event_id",
    }


async def test_a_bug_says_where_and_not_what() -> None:
    """The log has the error's kind and our line, never what was being sent."""
    world = Delivering(KeyError("s3cret"))

    await world.attempts.make(a_webhook(), a_due(world))

    (facts,) = world.meter.named("delivery.attempt_failed")
    assert (facts["error"], facts["delivery_id"]) == ("KeyError", "dlv_1")
    assert "s3cret" not in str(facts)


async def test_a_verdict_that_breaks_is_a_failure() -> None:
    """If what came back cannot even be judged, the attempt failed."""

    class Hostile(dict[str, str]):
        @override
        def get(self, *_: object) -> str:
            raise RuntimeError

    outcome: Outcome = replace(an_outcome(503), headers=Hostile())

    result = await result_of(outcome)

    assert result.delivery.state is DeliveryState.RETRYING
