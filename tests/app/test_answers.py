"""What the receiver of a webhook returns is said in the room."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.api.bodies import Limits
from gateway.app.answers import Answers
from gateway.bridge.replying import MOST_REPLIES, Replying
from gateway.delivery.ports import Due, Said
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Delivery, DeliveryState, OutgoingMessage, Sender
from tests.bridge.conftest import Scene
from tests.domain.nouns import INCOMING, OUTGOING, RECEIVED, WEBHOOK
from tests.fakes.clock import NOON, settle

ALICE = Sender("id-alice", "alice", "user")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def ready() -> AsyncIterator[Scene]:
    """A room with alice in it, and a dispatcher that runs."""
    scene = Scene()
    scene.link.arrive("alice")
    scene.link.become("ready")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        await settle()
        yield scene
        running.cancel()


def due(event_id: str = "evt_1", delivery_id: str = "dlv_1") -> Due:
    """Return a delivery of something that alice said."""
    delivery = Delivery(
        delivery_id, WEBHOOK.id, event_id, 1, DeliveryState.IN_FLIGHT, NOON
    )
    event = replace(RECEIVED, id=event_id, traceparent=TRACE)
    return Due(delivery, event, replace(INCOMING, sender=ALICE))


def answers(scene: Scene, limits: Limits | None = None) -> Answers:
    """Return what says answers in a scene."""
    return Answers(Replying(scene.sending, scene.clock), limits or Limits())


async def test_an_answer_reaches_who_spoke(ready: Scene) -> None:
    """It is on record as accepted for the key that made the webhook."""
    webhook = replace(WEBHOOK, key_id="key_1")

    said = await answers(ready).say(webhook, due(), {"text": "hi back"})
    await settle()

    assert ready.link.said == [("id-alice", '{"text":"hi back"}')]
    kept = ready.store.messages_by_id[said.message_id or ""]
    assert isinstance(kept, OutgoingMessage)
    assert (kept.key_id, kept.traceparent, kept.type) == ("key_1", TRACE, "chat")
    assert said == Said(message_id=kept.id)


async def test_an_answer_may_be_of_any_type(ready: Scene) -> None:
    """With any object for a message."""
    answer = {"type": "order", "message": {"item": 7}}

    await answers(ready).say(WEBHOOK, due(), answer)
    await settle()

    assert ready.link.posts[0].message.type == "order"
    assert ready.link.said == [("id-alice", '{"item":7}')]


async def test_an_event_is_answered_once(ready: Scene) -> None:
    """Whether its delivery is attempted again, by hand or as a replay."""
    answering = answers(ready)
    first = await answering.say(WEBHOOK, due(), {"text": "one"})

    again = await answering.say(WEBHOOK, due(delivery_id="dlv_2"), {"text": "two"})

    assert again == first
    assert len(ready.store.messages_by_id) == 1


async def test_each_webhook_may_answer_an_event(ready: Scene) -> None:
    """Two of them are two voices."""
    answering = answers(ready)
    await answering.say(WEBHOOK, due(), {"text": "one"})

    await answering.say(replace(WEBHOOK, id="wh_2"), due(), {"text": "two"})

    assert len(ready.store.messages_by_id) == 2


@pytest.mark.parametrize(
    ("answer", "skipped"),
    [
        ({}, "invalid"),
        ({"text": 7}, "invalid"),
        ({"text": "a", "message": {}}, "invalid"),
        ({"message": "a"}, "invalid"),
        ({"text": "a", "to": "bob"}, "invalid"),
        ({"text": "a", "room": "lobby"}, "invalid"),
        ({"text": "a", "unknown": 1}, "invalid"),
        ({"text": "\ud800"}, "invalid"),
        ({"message": {"a": ["\udfff"]}}, "invalid"),
        ({"message": {"a": float("nan")}}, "invalid"),
        ({"text": "a", "type": "dismiss"}, "reserved_type"),
        ({"text": "a" * 100}, "payload_too_large"),
        ({"text": "a", "attachment": "YWJjZGVm"}, "payload_too_large"),
    ],
)
async def test_what_cannot_be_said_is_skipped(
    ready: Scene, answer: dict[str, object], skipped: str
) -> None:
    """With a word why; nothing is stored."""
    limits = Limits(message=100, attachment=5)

    said = await answers(ready, limits).say(WEBHOOK, due(), answer)

    assert said == Said(skipped=skipped)
    assert ready.store.messages_by_id == {}


async def test_an_answer_nested_to_the_brink_is_skipped(ready: Scene) -> None:
    """Whatever depth its receiver thought of."""
    depth = 100_000
    answer: dict[str, object] = {}
    for _ in range(depth):
        answer = {"a": answer}

    said = await answers(ready).say(WEBHOOK, due(), {"message": answer})

    assert said == Said(skipped="invalid")
    while answer:  # Taken apart by hand: it is too deep for the interpreter.
        answer = answer.pop("a")  # type: ignore[assignment]  # nested as built


async def test_an_answer_to_several_is_skipped(ready: Scene) -> None:
    """Two bear her name, and neither has her id."""
    ready.link.depart("alice")
    ready.link.arrive("alice", id_="id-1")
    ready.link.arrive("alice", id_="id-2")

    said = await answers(ready).say(WEBHOOK, due(), {"text": "hi"})

    assert said == Said(skipped="recipient_ambiguous")


async def test_a_loop_is_skipped(ready: Scene) -> None:
    """The thirty-first answer in a minute to the same participant."""
    answering = answers(ready)
    for number in range(MOST_REPLIES):
        await answering.say(WEBHOOK, due(f"evt_{number}"), {"text": "ping"})

    said = await answering.say(WEBHOOK, due("evt_more"), {"text": "ping"})

    assert said == Said(skipped="loop")


@pytest.mark.parametrize("message", [None, OUTGOING])
async def test_only_what_was_received_is_answered(
    ready: Scene, message: OutgoingMessage | None
) -> None:
    """Neither a message of ours nor one that is no longer held."""
    said = await answers(ready).say(
        WEBHOOK, replace(due(), message=message), {"text": "hi"}
    )

    assert said == Said(skipped="not_found")


async def test_an_outage_of_the_store_is_told(ready: Scene) -> None:
    """The delivery is recorded only when it is known what became of the answer."""
    ready.store.fail_with(StoreUnavailable("the disk is full"))

    with pytest.raises(StoreUnavailable):
        await answers(ready).say(WEBHOOK, due(), {"text": "hi"})


async def test_an_answer_is_a_body_of_a_reply(ready: Scene) -> None:
    """With all that a reply may say besides."""
    answer = json.loads('{"text":"hi","ttl":60.0,"ref":"r-1","attachment":"YWJj"}')

    await answers(ready).say(WEBHOOK, due(), answer)
    await settle()

    assert ready.link.posts[0].attachment == b"abc"
    assert ready.link.posts[0].message.ref == "r-1"
