"""What becomes of a message whose link or answer fails."""

import asyncio

import pytest

from gateway.room import (
    Joined,
)
from gateway.room.errors import (
    NotReady,
    NotWritten,
    OutcomeUnknown,
)
from tests.fakes.room_server import RoomServer, Visit, polite
from tests.room.clock import HandClock
from tests.room.visits import (
    in_room,
    read_only,
    settle,
    the_next,
    then,
)


async def past_joining(clock: HandClock) -> None:
    """Turn the clock to the end of the time for joining, so that it is 12:00:10."""
    await clock.sleeper(10.0)
    clock.advance(10.0)


async def past_the_deadline(clock: HandClock) -> None:
    """Turn the clock by thirty seconds more."""
    await clock.sleeper(40.0)
    clock.advance(30.0)


async def test_a_message_without_an_answer_is_unknown_and_may_be_known_late() -> None:
    """The late answer reaches whoever still waits for it."""
    clock = HandClock()
    answers = asyncio.Event()

    async def late(visit: Visit) -> None:
        request = await visit.request()
        await answers.wait()
        await visit.answer(request)
        await visit.gone()

    async with in_room(RoomServer(then(late)), clock=clock) as client:
        await the_next(client, Joined)
        await past_joining(clock)
        said = client.post("p", "chat", "{}")
        await past_the_deadline(clock)
        with pytest.raises(OutcomeUnknown) as unknown:
            await said
        answers.set()

        assert unknown.value.late is not None
        await unknown.value.late


async def test_what_stays_unknown_is_cancelled_with_the_link() -> None:
    """Nobody waits for an answer that cannot come."""
    clock = HandClock()

    async with in_room(RoomServer(then(read_only)), clock=clock) as client:
        await the_next(client, Joined)
        await past_joining(clock)
        said = client.post("p", "chat", "{}")
        await past_the_deadline(clock)
        with pytest.raises(OutcomeUnknown) as unknown:
            await said
        await client.close()

        assert unknown.value.late is not None
        assert unknown.value.late.cancelled()


async def test_a_link_cut_between_writing_and_answer_leaves_it_unknown() -> None:
    """It is said so, and not said again."""

    async def cut(visit: Visit) -> None:
        await visit.request()
        visit.rst()

    server = RoomServer(then(cut), polite)
    async with in_room(server) as client:
        await the_next(client, Joined)
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.send("p", "chat", {})
        await the_next(client, Joined)

        assert unknown.value.late is None
        assert [request.tool for request in (await server.visit(2)).requests] == [
            "enable"
        ]


async def test_what_was_not_written_is_safe_to_repeat() -> None:
    """The link went before its turn came."""
    async with in_room(RoomServer(then(read_only))) as client:
        await the_next(client, Joined)
        said = client.post("p", "chat", "{}")
        client.reconnect()

        with pytest.raises(NotWritten):
            await said
        with pytest.raises(NotReady) as refused:
            await client.post("p", "chat", "{}")
        assert refused.value.state == "reconnecting"


async def test_a_room_that_stops_reading_holds_back_the_writing_only() -> None:
    """Half of a large message is written and unknown, what is behind it is not."""

    async def freeze(visit: Visit) -> None:
        visit.freeze()
        await visit.gone()

    async with in_room(RoomServer(then(freeze))) as client:
        await the_next(client, Joined)
        large = client.post("p", "big", "{}", bytes(12 * 1024**2))
        behind = client.post("p", "small", "{}")
        await settle()
        await settle()
        await settle()
        client.reconnect()

        with pytest.raises(OutcomeUnknown):
            await large
        with pytest.raises(NotWritten):
            await behind
