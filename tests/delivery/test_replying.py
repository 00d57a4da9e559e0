"""What a receiver answers is said in the room, once, and noted with the attempt."""

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attempt, Outcome
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome


def answering(body: bytes, status: int = 200) -> Outcome:
    """Return an answer in JSON."""
    return an_outcome(status, body=body, content_type="application/json")


HELLO = answering(b'{"reply":{"text":"hello"}}')


def attempts_of(world: Delivering) -> list[Attempt]:
    """Return the attempts of the first delivery."""
    return list(world.store.attempts[world.deliveries[0].id])


async def test_a_reply_is_said_and_noted() -> None:
    """The attempt has the id of the message that was sent."""
    world = Delivering(HELLO)
    await world.add(a_webhook(replies=True))

    async with delivering(world):
        await world.say()

    (attempt,) = attempts_of(world)
    assert world.replies.said == [{"text": "hello"}]
    assert (attempt.reply_message_id, attempt.reply_skipped) == ("msg_reply_1", None)
    (line,) = world.meter.named("delivery.replied")
    assert line["message_id"] == "msg_reply_1"


@pytest.mark.parametrize(
    ("answer", "replies"),
    [(HELLO, False), (answering(b'{"reply":{"text":"no"}}', 500), True)],
)
async def test_only_a_delivered_answer_that_is_wanted_is_said(
    answer: Outcome, *, replies: bool
) -> None:
    """Without `replies`, and with a failure, nothing is said."""
    world = Delivering(answer)
    await world.add(a_webhook(replies=replies))

    async with delivering(world):
        await world.say()

    assert world.replies.said == []


async def test_a_malformed_reply_is_noted_as_skipped() -> None:
    """The delivery is delivered, and the attempt says what was wrong."""
    world = Delivering(answering(b'{"reply":"hello"}'))
    await world.add(a_webhook(replies=True))

    async with delivering(world):
        await world.say()

    (attempt,) = attempts_of(world)
    assert (world.states, attempt.reply_skipped) == (["delivered"], "invalid")


async def test_a_reply_that_was_refused_is_noted_as_skipped() -> None:
    """Why nothing was said stands with the attempt."""
    world = Delivering(HELLO)
    world.replies.skips = "loop"
    await world.add(a_webhook(replies=True))

    async with delivering(world):
        await world.say()

    assert attempts_of(world)[0].reply_skipped == "loop"


async def test_a_reply_waits_for_the_store_and_holds_up_nobody() -> None:
    """The delivery is stored once its reply is; others are sent meanwhile."""
    world = Delivering(HELLO)
    world.replies.error = StoreUnavailable("away")
    await world.add(a_webhook(replies=True))

    async with delivering(world):
        await world.say(times=3)
        during = world.states
        await world.clock.advance(5)
        await settle()

    assert during == ["in_flight", "delivered", "delivered"]
    assert (world.states, len(world.replies.said)) == (["delivered"] * 3, 1)
    assert attempts_of(world)[0].reply_message_id == "msg_reply_1"


async def test_a_bug_in_replying_ends_nothing() -> None:
    """An error of ours is noted, logged without content, and the delivery stands."""
    world = Delivering(HELLO)
    world.replies.error = RuntimeError("s3cret")
    await world.add(a_webhook(replies=True))

    async with delivering(world):
        await world.say()

    assert (world.states, attempts_of(world)[0].reply_skipped) == (
        ["delivered"],
        "internal",
    )
    assert "s3cret" not in str(world.meter.lines)
