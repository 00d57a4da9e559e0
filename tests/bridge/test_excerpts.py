"""Stretches of the log as readers get them."""

import asyncio
import json
from collections.abc import Sequence

from typing_extensions import override

from gateway.bridge.envelopes import Envelopes
from gateway.bridge.excerpts import Excerpt, Excerpts, Size
from gateway.bridge.ports import Logged, Stretch
from gateway.bridge.tail import Tail
from gateway.domain.model import EventType
from gateway.domain.routing import EVERYTHING, Selection
from tests.fakes.clock import settle
from tests.fakes.links import FakeLinks
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_messages import MemoryMessages
from tests.fakes.reading_log import ReadLog

ALL = Size(events=1000, size_bytes=10**6)
MESSAGES = Selection(events=("message.received",))


class CountedMessages(MemoryMessages):
    """Messages that count how often an attachment was loaded, and take their time."""

    loads = 0

    @override
    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes after a while."""
        self.loads += 1
        await settle(2)
        return await super().attachment(message_id)


class CountedHistory(MemoryHistory):
    """A log that counts its pages, and may do something before each."""

    pages = 0

    @override
    async def read(self, after: int, wanted: Selection, limit: int) -> Stretch:
        """Return a page."""
        self.pages += 1
        return await super().read(after, wanted, limit)


class Read:
    """A log, its tail and what reads both."""

    def __init__(self, *, is_kept: bool = True) -> None:
        self.log = ReadLog()
        self.history = CountedHistory(self.log.store)
        self.messages = CountedMessages(self.log.store)
        self.tail = Tail(0)
        told = self.tail.add if is_kept else self._pass_over
        self.history.follow(told, self.tail.forget)
        self.excerpts = Excerpts(
            self.history, self.tail, Envelopes(self.messages, FakeLinks())
        )

    def _pass_over(self, appended: Sequence[Logged]) -> None:
        self.tail.begin_at(appended[-1].event.seq)

    async def after(self, place: int, size: Size = ALL) -> Excerpt:
        """Return what follows a place."""
        return await self.excerpts.after(place, EVERYTHING, size)


def texts(excerpt: Excerpt) -> list[str]:
    """Return what its messages say."""
    found = [json.loads(each.envelope)["data"]["message"] for each in excerpt.shown]
    return [each["text"] for each in found]


async def test_what_is_in_the_tail_is_not_read_from_the_store() -> None:
    """And it is rendered once."""
    read = Read()
    await read.log.say("one")
    await read.log.say("two")

    first = await read.after(0)
    again = await read.after(1)

    assert (texts(first), first.upto) == (["one", "two"], 2)
    assert again.shown[0].envelope is first.shown[1].envelope
    assert read.history.pages == 0


async def test_what_is_not_in_the_tail_is_read_from_the_store() -> None:
    """It is the same, wherever it comes from."""
    read = Read(is_kept=False)
    await read.log.say("one")
    await read.log.say("two")

    found = await read.after(0)

    assert (texts(found), found.upto) == (["one", "two"], 2)


async def test_at_the_end_there_is_nothing() -> None:
    """The place stays."""
    read = Read()
    await read.log.say()

    assert await read.after(1) == Excerpt([], 1)


async def test_what_is_not_wanted_is_passed_over() -> None:
    """From the tail and from the store alike."""
    for is_kept in (True, False):
        read = Read(is_kept=is_kept)
        await read.log.happen(EventType.ROOM_CONNECTED)
        await read.log.say("one")
        await read.log.happen(EventType.ROOM_DISCONNECTED)

        found = await read.excerpts.after(0, MESSAGES, ALL)

        assert (texts(found), found.upto) == (["one"], 3)


async def test_an_excerpt_is_bounded_in_events_and_in_bytes() -> None:
    """Its place is that of its last event; one event is given however large."""
    for is_kept in (True, False):
        read = Read(is_kept=is_kept)
        for number in range(40):
            await read.log.say(str(number) + "x" * 1000)

        few = await read.after(0, Size(3, 10**6))
        small = await read.after(0, Size(1000, 3000))
        one = await read.after(39, Size(1000, 1))

        assert (len(few.shown), few.upto) == (3, 3)
        assert (len(small.shown), small.upto) == (2, 2)
        assert (len(one.shown), one.upto) == (1, 40)


async def test_pages_grow_while_they_are_small() -> None:
    """Sixteen first: each of them may be large, and read in vain."""
    read = Read(is_kept=False)
    for number in range(100):
        await read.log.say(str(number))

    found = await read.after(0)

    assert texts(found) == [str(number) for number in range(100)]
    assert read.history.pages == 3


async def test_an_attachment_is_loaded_once_for_all() -> None:
    """However many readers come for it at the same time."""
    read = Read()
    await read.log.say(attachment=b"abc")

    async with asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(read.after(0)) for _ in range(5)]

    assert len({each.result().shown[0].envelope for each in found}) == 1
    assert read.messages.loads == 1


async def test_what_was_erased_does_not_come_out_of_the_tail() -> None:
    """Whether it had been rendered or not; that it was said remains."""
    read = Read()
    rendered, new = await read.log.say("secret"), await read.log.say("secret")
    await read.after(0, Size(1, 10**6))

    for message in (rendered, new):
        await read.messages.erase(message.id)
    found = await read.after(0)

    assert [json.loads(each.envelope)["data"]["message"] for each in found.shown] == [
        None,
        None,
    ]


async def test_what_is_erased_while_it_is_rendered_does_not_come_out() -> None:
    """It is rendered anew from what is left."""
    read = Read()
    message = await read.log.say("secret", attachment=b"abc")

    async with asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(read.after(0))
        await settle(1)
        await read.messages.erase(message.id)
    data = json.loads(coming.result().shown[0].envelope)["data"]

    assert (data["message"], data["attachment"]) == (None, None)


async def test_what_was_erased_and_trimmed_is_told_by_its_id() -> None:
    """The tail knows of the event when nobody else does."""
    read = Read()
    message = await read.log.say("secret")
    await read.messages.erase(message.id)
    read.history.trim(1)

    found = await read.after(0)

    assert json.loads(found.shown[0].envelope)["data"] == {"id": message.id}
