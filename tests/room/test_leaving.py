"""Coming and going because somebody wants it."""

import asyncio

import pytest

from gateway.room import (
    FixedToken,
    Joined,
    Lost,
    MessageReceived,
    RoomClient,
    RoomOptions,
    RoomState,
    StateChanged,
)
from gateway.room.errors import (
    NotReady,
    NotWritten,
    OutcomeUnknown,
)
from tests.fakes.room_server import RoomServer, Visit, polite
from tests.room.clock import HandClock
from tests.room.visits import (
    TOKEN,
    Hasty,
    hold,
    in_room,
    read_only,
    saying,
    settle,
    the_next,
    the_state,
    then,
)


async def test_dismissed_only_a_request_brings_us_back() -> None:
    """The room sent us away, so we do not knock."""
    server = RoomServer(then(saying("room", "dismiss", {}), hold), polite)

    async with in_room(server) as client:
        dismissed = await the_state(client, RoomState.DISMISSED)
        client.reconnect()
        await the_next(client, Joined)

        assert dismissed.status.next_retry_at is None
        assert server.attempts == 2


async def test_a_reconnect_drops_a_working_link() -> None:
    """It is how one gets out of trouble that the client does not see."""
    async with in_room(RoomServer()) as client:
        await the_next(client, Joined)
        client.reconnect()
        lost = await the_next(client, Lost)
        back = await the_next(client, Joined)

        assert lost.reason == "reconnecting on request"
        assert back.participant_id == "me-2"


async def test_stepping_out_lasts_until_a_reconnect() -> None:
    """What was heard before is still there for the consumer."""
    server = RoomServer(then(saying("a", "chat", {"n": 1}), hold), polite)

    async with in_room(server) as client:
        await the_next(client, Joined)
        visit = await server.visit()
        client.step_out("the disk is full")
        await visit.gone()
        lost = await the_next(client, Lost)
        state = await the_next(client, StateChanged)
        client.reconnect()
        await the_next(client, Joined)

        assert lost.reason == "the disk is full"
        assert state.status.state is RoomState.RECONNECTING
        assert state.status.last_error == "the disk is full"
        assert state.status.next_retry_at is None
        assert visit.connection.close_code == 1000


async def test_stepping_out_while_waiting_is_no_attempt() -> None:
    """Out of a wait, too, only a request leads back."""
    server = RoomServer()
    server.refuse(503)
    clock = HandClock()

    async with in_room(server, clock=clock) as client:
        await the_state(client, RoomState.RECONNECTING)
        client.step_out("the disk is full")
        while client.status.next_retry_at is not None:
            await settle()
        await settle()
        waiting = (client.status.last_error, server.attempts)
        client.reconnect()
        await the_next(client, Joined)

        assert waiting == ("the disk is full", 1)


async def test_a_reconnect_does_not_disturb_an_attempt_under_way() -> None:
    """Nothing could be sooner; stepping out ends it, and coming back is possible."""
    loop = asyncio.get_running_loop()
    async with (
        asyncio.timeout(5),
        await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent,
        asyncio.TaskGroup() as tasks,
    ):
        port = silent.sockets[0].getsockname()[1]
        client = RoomClient(
            "lobby",
            url=f"ws://127.0.0.1:{port}",
            credentials=FixedToken(TOKEN),
            rng=Hasty(),
        )
        tasks.create_task(client.run())
        while client.status.attempt == 0:
            await settle()
        client.reconnect()
        same = client.status.attempt
        client.step_out("not now")
        client.reconnect()
        while client.status.attempt == 1:
            await settle()
        await client.close()

    assert same == 1


async def test_closing_leaves_with_1000_and_ends_the_events() -> None:
    """The state is stopped, and nothing can be said any more."""
    server = RoomServer()

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.close()
        rest = [event async for event in client]

        assert [type(event) for event in rest] == [Lost, StateChanged]
        assert client.status.state is RoomState.STOPPED
        assert (await server.visit()).connection.close_code == 1000
        with pytest.raises(NotReady):
            await client.post(None, "chat", "{}")


async def test_cancelling_leaves_the_room() -> None:
    """No future is left pending."""
    async with asyncio.timeout(5), RoomServer(then(read_only)).running() as server:
        client = RoomClient(
            "lobby", url=server.url, credentials=FixedToken(TOKEN), rng=Hasty()
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(client.run())
            await the_next(client, Joined)
            said = client.post("p", "chat", "{}")
            running.cancel()

        with pytest.raises((OutcomeUnknown, NotWritten)):
            await said
        assert client.status.state is RoomState.STOPPED


async def test_closing_before_running_is_nothing() -> None:
    """A client that never ran has nothing to leave."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    await client.close()
    await client.run()

    assert client.status.state is RoomState.STOPPED


async def test_closing_does_not_wait_for_a_server_that_does_not_answer() -> None:
    """A slow upgrade is given up at once."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        loop = asyncio.get_running_loop()
        silent = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        client = RoomClient(
            "lobby",
            url=f"ws://127.0.0.1:{port}",
            credentials=FixedToken(TOKEN),
            rng=Hasty(),
        )
        running = tasks.create_task(client.run())
        while client.status.attempt == 0:
            await settle()
        await client.close()
        silent.close()

    assert running.done()


async def test_a_consumer_that_stops_stops_the_reading() -> None:
    """The room is held back by TCP, nothing is lost, and everything comes later."""
    count = 64
    sent = 0

    async def flood(visit: Visit) -> None:
        nonlocal sent
        for number in range(count):
            await visit.event("a", "chat", {"n": number}, bytes(256 * 1024))
            sent += 1
        await visit.gone()

    options = RoomOptions(buffer_events=4, close_timeout_s=0.2)
    async with in_room(RoomServer(then(flood)), options=options) as client:
        await the_next(client, Joined)
        quiet = -1
        while quiet != sent:
            quiet = sent
            for _ in range(200):
                await settle()
        held = sent
        numbers = [
            (await the_next(client, MessageReceived)).message["n"] for _ in range(count)
        ]

        assert held < count
        assert numbers == list(range(count))


async def test_closing_does_not_wait_for_the_consumer() -> None:
    """A stuck consumer cannot keep us in the room."""

    async def flood(visit: Visit) -> None:
        while True:
            await visit.event("a", "chat", {})
            await settle()

    options = RoomOptions(buffer_events=1, close_timeout_s=0.2)
    async with in_room(RoomServer(then(flood)), options=options) as client:
        await the_next(client, Joined)
        await the_next(client, MessageReceived)

        await client.close()

        assert client.status.state is RoomState.STOPPED
