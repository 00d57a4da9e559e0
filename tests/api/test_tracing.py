"""The way of a message over HTTP, as the contract has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.api import tracing as routes
from gateway.api.tracing import TraceShape
from gateway.bridge.tracing import Tracing
from gateway.domain.errors import NotFound, StoreUnavailable
from gateway.domain.model import (
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Step,
    StepKind,
)
from tests.domain.nouns import OUTGOING
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome

OURS = replace(
    OUTGOING,
    id="msg_ours",
    created_at=NOON,
    status=MessageStatus.SENT,
    key_id="key_1",
    steps=(
        Step(NOON, StepKind.QUEUED, "room"),
        Step(NOON, StepKind.ACKNOWLEDGED, None, "alice", "p-1"),
    ),
)


@asynccontextmanager
async def traces_of(world: Delivering) -> AsyncIterator[Caller]:
    """Serve traces of a world's messages, and give somebody to call them."""

    async def find(message_id: str) -> OutgoingMessage | IncomingMessage:
        found = world.store.messages_by_id.get(message_id)
        if found is None:
            detail = "There is no such message."
            raise NotFound(detail)
        return found

    tracing = Tracing(find, world.store.traces)
    services = Bridge().services(routers=(routes.router(tracing),))
    async with calling(services) as caller:
        yield caller


async def test_the_way_of_a_received_message_leads_to_the_answers_it_got() -> None:
    """Received, told, owed and attempted, each with what identifies it."""
    world = Delivering(an_outcome(404, body=b"who?"))
    await world.add(a_webhook(stop_on=(404,)))
    async with delivering(world):
        await world.say()
    (message_id,) = world.store.messages_by_id

    async with traces_of(world) as call:
        answer = await call.get(f"/messages/{message_id}/trace")

    TraceShape.model_validate_json(answer.content)
    received, event, delivery, attempt = answer.json["steps"]
    assert received == {
        "at": "2026-03-14T12:00:00.000Z",
        "step": "received",
        "from": {"id": "p1", "name": "alice", "role": "user"},
    }
    assert (event["step"], event["type"]) == ("event", "message.received")
    assert (delivery["event_id"], delivery["webhook_id"]) == (
        event["event_id"],
        "wh_one",
    )
    assert (delivery["status"], delivery["reason"]) == ("dead", "stopped")
    assert attempt["delivery_id"] == delivery["delivery_id"]
    assert (attempt["number"], attempt["status"]) == (1, 404)
    assert (attempt["verdict"], attempt["error_class"]) == ("give_up", "http_status")
    assert answer.json["truncated"] is False


async def test_the_way_of_a_message_of_ours_begins_with_who_sent_it() -> None:
    """Then come its steps into the room, each with whom it is about."""
    world = Delivering()
    world.store.messages_by_id["msg_ours"] = OURS

    async with traces_of(world) as call:
        answer = await call.get("/messages/msg_ours/trace")

    shown = TraceShape.model_validate_json(answer.content)
    accepted, queued, acknowledged = answer.json["steps"]
    assert (shown.message.direction, shown.message.status) == ("out", "sent")
    assert (accepted["step"], accepted["key_id"]) == ("accepted", "key_1")
    assert (queued["step"], queued["reason"], queued["recipient"]) == (
        "queued",
        "room",
        None,
    )
    assert acknowledged["recipient"] == {"name": "alice", "participant_id": "p-1"}


async def test_a_trace_of_no_message_is_404() -> None:
    """As is the message itself."""
    async with traces_of(Delivering()) as call:
        answer = await call.get("/messages/msg_none/trace")

    assert (answer.status, answer.code) == (404, "not_found")


async def test_a_store_that_is_away_is_503() -> None:
    """The trace may be asked for again."""

    async def find(message_id: str) -> OutgoingMessage:
        raise StoreUnavailable(message_id)

    tracing = Tracing(find, Delivering().store.traces)
    services = Bridge().services(routers=(routes.router(tracing),))
    async with calling(services) as call:
        answer = await call.get("/messages/msg_1/trace")

    assert (answer.status, answer.code) == (503, "store_unavailable")


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_trace_needs_a_key(key: str | None) -> None:
    """It says who talks to whom."""
    async with traces_of(Delivering()) as call:
        answer = await call.get("/messages/msg_1/trace", key=key)

    assert answer.code == "unauthenticated"
