"""`GET /events/samples`: events to map fields by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from gateway.api import samples as routes
from gateway.api.polling import FlatEvent
from gateway.domain.ids import Ids
from gateway.domain.model import Attachment, EventType
from tests.conformance.ports import incoming, joined, received
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.clock import FakeClock
from tests.fakes.links import FakeLinks
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_store import MemoryStore


def an_empty_store() -> MemoryStore:
    """Return a store in which nothing has happened yet."""
    return MemoryStore(FakeClock())


async def a_store(messages: int) -> MemoryStore:
    """Return a store with so many messages received, and somebody joined last."""
    store = an_empty_store()
    for n in range(messages):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    await store.log.append(joined("x"))
    return store


@asynccontextmanager
async def sampled(store: MemoryStore) -> AsyncIterator[Caller]:
    """Serve samples of a store's log, and give somebody to ask for them."""
    ids = Ids(store.clock, Random(1))  # noqa: S311  # To be repeated.
    links = FakeLinks()
    router = routes.router(
        MemoryHistory(store), links.attachment, ids=ids, clock=store.clock
    )
    async with calling(Bridge().services(routers=(router,))) as caller:
        yield caller


async def test_samples_are_the_newest_that_happened() -> None:
    """Three of a type unless asked otherwise, flat, newest first."""
    async with sampled(await a_store(5)) as call:
        answer = await call.get("/events/samples?events=message.received")

    shown = [FlatEvent.model_validate(each) for each in answer.json]
    assert [each.id for each in shown] == ["evt_4", "evt_3", "evt_2"]


async def test_messages_received_are_what_is_meant_unless_said() -> None:
    """As with webhooks."""
    async with sampled(await a_store(1)) as call:
        answer = await call.get("/events/samples")

    assert [each["id"] for each in answer.json] == ["evt_0"]


async def test_types_are_shown_together_by_time() -> None:
    """At most so many of each, newest first whatever their type."""
    async with sampled(await a_store(3)) as call:
        answer = await call.get(
            "/events/samples?events=message.received,participant.joined&limit=2"
        )

    assert [each["id"] for each in answer.json] == ["evt_x", "evt_2", "evt_1"]


async def test_what_never_happened_is_made_up() -> None:
    """Behind what did, so that fields can be mapped before anything has happened."""
    async with sampled(await a_store(1)) as call:
        answer = await call.get("/events/samples?events=room.gap,message.received")

    happened, made_up = [FlatEvent.model_validate(each) for each in answer.json]
    assert happened.id == "evt_0"
    assert (made_up.event, made_up.room) == ("room.gap", "sample-room")
    assert made_up.message is not None
    assert {"from", "to"} <= set(made_up.message)


@pytest.mark.parametrize("form", ["flat", "envelope"])
async def test_there_is_a_sample_of_every_type(form: str) -> None:
    """One each, in either form."""
    async with sampled(an_empty_store()) as call:
        answer = await call.get(f"/events/samples?events=*&format={form}")

    member = "event" if form == "flat" else "type"
    assert [each[member] for each in answer.json] == list(EventType)


async def test_what_is_made_up_is_not_stored() -> None:
    """Nobody is told of it."""
    store = an_empty_store()
    async with sampled(store) as call:
        await call.get("/events/samples?events=*")

    assert (store.events, store.commits) == ([], 0)


@pytest.mark.parametrize(
    ("form", "where"),
    [("flat", ["attachment_url"]), ("envelope", ["data", "attachment", "url"])],
)
async def test_an_attachment_is_a_link(form: str, where: list[str]) -> None:
    """In both forms, whatever its size."""
    store = an_empty_store()
    message = incoming("a", attachment=Attachment(3, "5ha"))
    await store.log.append(received("a"), message=message, attachment=b"abc")
    async with sampled(store) as call:
        answer = await call.get(f"/events/samples?format={form}")

    (found,) = answer.json
    for member in where:
        found = found[member]
    assert found == "https://gateway.example/messages/msg_a/attachment?e=evt_a"


async def test_an_unknown_type_is_422_with_those_there_are() -> None:
    """Whoever misspelt it sees what was meant."""
    async with sampled(an_empty_store()) as call:
        answer = await call.get("/events/samples?events=room.gap,message.lost")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == "?events"
    assert "message.received" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("events=", "?events"),
        ("limit=0", "?limit"),
        ("limit=11", "?limit"),
        ("format=cloudevents", "?format"),
        ("types=chat", "?types"),
    ],
)
async def test_a_wrong_parameter_is_422(query: str, pointer: str) -> None:
    """What cannot be meant is refused with its name."""
    async with sampled(an_empty_store()) as call:
        answer = await call.get(f"/events/samples?{query}")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == pointer
