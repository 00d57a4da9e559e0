"""`GET /poll/messages`, as automation tools ask."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from typing_extensions import override

from gateway.api import polling as routes
from gateway.api.polling import FlatEvent
from gateway.bridge.ports import Logged
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attachment, Sender
from gateway.domain.model.messages import ERASED
from gateway.domain.routing import Selection
from tests.conformance.ports import incoming, joined, received
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.clock import FakeClock
from tests.fakes.links import FakeLinks
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_store import MemoryStore

BOB = Sender("p-2", "bob", "agent")


class AbsentHistory(MemoryHistory):
    """A log that can't be read."""

    @override
    async def newest(self, wanted: Selection, limit: int) -> Sequence[Logged]:
        """Fail."""
        detail = "The store cannot be read at the moment."
        raise StoreUnavailable(detail)


class BusyHistory(MemoryHistory):
    """A log that is read slowly.

    Attributes:
        reads: How many read it now.
        most: How many ever did at a time.
    """

    reads = most = 0

    @override
    async def newest(self, wanted: Selection, limit: int) -> Sequence[Logged]:
        """Let others go first."""
        self.reads += 1
        self.most = max(self.most, self.reads)
        for _ in range(100):
            await asyncio.to_thread(int)
        self.reads -= 1
        return await super().newest(wanted, limit)


async def a_room() -> MemoryStore:
    """Return a store in which alice, then bob said something, and others came."""
    store = MemoryStore(FakeClock())
    await store.log.append(received("a"), message=incoming("a"))
    await store.log.append(joined("x"))
    await store.log.append(
        received("b", message_type="order", from_name="bob", room="attic"),
        message=incoming("b", type="order", sender=BOB, room="attic"),
    )
    return store


@asynccontextmanager
async def polled(history: MemoryHistory) -> AsyncIterator[Caller]:
    """Serve polls of a log, and give somebody to poll."""
    router = routes.router(history, FakeLinks().attachment)
    async with calling(Bridge().services(routers=(router,))) as caller:
        yield caller


async def test_a_poll_shows_what_was_received_newest_first() -> None:
    """A bare array of flat items, and nothing that was not said to us."""
    history = MemoryHistory(await a_room())
    async with polled(history) as call:
        answer = await call.get("/poll/messages")

    newer, older = [FlatEvent.model_validate(each) for each in answer.json]
    assert (newer.id, older.id) == ("evt_b", "evt_a")
    assert (newer.from_name, newer.type, newer.room) == ("bob", "order", "attic")
    assert newer.event == "message.received"


async def test_polls_are_answered_a_few_at_a_time() -> None:
    """Each may be large: all of them at once would hold up everybody else."""
    history = BusyHistory(await a_room())

    async with polled(history) as call, asyncio.TaskGroup() as tasks:
        polls = [tasks.create_task(call.get("/poll/messages")) for _ in range(5)]

    assert [poll.result().status for poll in polls] == [200] * 5
    assert history.most <= routes.TURNS


async def test_what_is_absent_is_null_and_never_missing() -> None:
    """A tool that maps fields finds them all in any item."""
    history = MemoryHistory(await a_room())
    async with polled(history) as call:
        answer = await call.get("/poll/messages?limit=1")

    (item,) = answer.json
    assert set(item) == set(FlatEvent.model_fields)
    assert item["attachment_url"] is None


async def test_a_log_without_messages_is_an_empty_array() -> None:
    """Which tools take for: nothing new."""
    async with polled(MemoryHistory(MemoryStore(FakeClock()))) as call:
        answer = await call.get("/poll/messages")

    assert (answer.status, answer.content) == (200, b"[]")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("limit=1", ["evt_b"]),
        ("types=order", ["evt_b"]),
        ("types=order,chat", ["evt_b", "evt_a"]),
        ("rooms=attic", ["evt_b"]),
        ("rooms=cellar", []),
        ("from=bob", ["evt_b"]),
        ("from=bob&types=chat", []),
    ],
)
async def test_a_poll_can_be_narrowed(query: str, ids: list[str]) -> None:
    """Filters are plural, comma-separated, and all of them count."""
    history = MemoryHistory(await a_room())
    async with polled(history) as call:
        answer = await call.get(f"/poll/messages?{query}")

    assert [each["id"] for each in answer.json] == ids


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("types=", "?types"),
        ("events=message.sent", "?events"),
        ("after=7", "?after"),
    ],
)
async def test_a_wrong_filter_is_422(query: str, pointer: str) -> None:
    """What cannot be meant is refused with its name."""
    async with polled(MemoryHistory(await a_room())) as call:
        answer = await call.get(f"/poll/messages?{query}")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_an_attachment_is_a_link() -> None:
    """Whatever its size: flat items carry no bytes."""
    store = MemoryStore(FakeClock())
    message = incoming("a", attachment=Attachment(3, "5ha"))
    await store.log.append(received("a"), message=message, attachment=b"abc")
    async with polled(MemoryHistory(store)) as call:
        answer = await call.get("/poll/messages")

    (item,) = answer.json
    assert item["attachment_size"] == 3
    assert item["attachment_url"].endswith("/messages/msg_a/attachment?e=evt_a")


async def test_a_poll_that_would_say_the_same_is_304() -> None:
    """Whoever gives the ETag of the answer before is spared the same again."""
    store = await a_room()
    async with polled(MemoryHistory(store)) as call:
        first = await call.get("/poll/messages")
        seen = {"If-None-Match": first.headers["ETag"]}
        same = await call.get("/poll/messages", headers=seen)
        fewer = await call.get("/poll/messages?limit=1", headers=seen)
        await store.log.append(received("c"), message=incoming("c"))
        more = await call.get("/poll/messages", headers=seen)

    assert (same.status, same.content) == (304, b"")
    assert (fewer.status, more.status) == (200, 200)


async def test_what_was_erased_since_is_not_the_same() -> None:
    """The answer is given anew, without what was said."""
    store = await a_room()
    async with polled(MemoryHistory(store)) as call:
        first = await call.get("/poll/messages")
        message = store.messages_by_id["msg_a"]
        store.messages_by_id["msg_a"] = replace(message, body=ERASED)
        seen = {"If-None-Match": first.headers["ETag"]}
        again = await call.get("/poll/messages", headers=seen)

    assert again.status == 200
    assert (again.json[1]["message"], again.json[1]["text"]) == (None, None)


async def test_a_store_that_is_away_is_503() -> None:
    """Never an empty array, which would say that nothing is new."""
    async with polled(AbsentHistory(MemoryStore(FakeClock()))) as call:
        answer = await call.get("/poll/messages")

    assert (answer.status, answer.code) == (503, "store_unavailable")


async def test_a_poll_needs_a_key() -> None:
    """It shows what was said."""
    async with polled(MemoryHistory(await a_room())) as call:
        answer = await call.get("/poll/messages", key=None)

    assert answer.code == "unauthenticated"
