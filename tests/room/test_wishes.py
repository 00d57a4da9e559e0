"""What a client wants of each room it joins: attributes, messaging."""

import pytest

from gateway.room import (
    FixedToken,
    Joined,
    RoomClient,
)
from gateway.room.errors import (
    Refused,
)
from tests.fakes.room_server import RoomServer, Visit, answering, peer, polite
from tests.room.visits import (
    TOKEN,
    Hasty,
    in_room,
    the_next,
)


async def test_attributes_are_told_at_once_and_after_each_join() -> None:
    """Before taking part, so that others see us with them."""
    server = RoomServer(polite)

    async with in_room(server, attributes={"gateway.instance": "i"}) as client:
        await the_next(client, Joined)
        await client.set_attributes({"status": "busy"})
        await client.broadcast("x", {})
        client.reconnect()
        await the_next(client, Joined)
        first, second = await server.visit(1), await server.visit(2)

        told = [each for each in first.requests if each.type == "set_attributes"]
        assert [each.envelope.header for each in told] == [
            {"gateway.instance": "i"},
            {"status": "busy"},
        ]
        assert second.requests[0].envelope.header == {
            "gateway.instance": "i",
            "status": "busy",
        }
        assert second.requests[1].tool == "enable"


async def test_attributes_that_are_no_json_change_nothing() -> None:
    """They would make every later join fail."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    with pytest.raises(ValueError, match="JSON"):
        await client.set_attributes({"x": float("nan")})
    assert client._attributes == {}


async def test_disabled_nobody_is_known_and_enabling_brings_them_back() -> None:
    """Both wishes outlast the link."""
    server = RoomServer(participants=[peer("a", "Ann")])

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.disable()
        await client.disable()
        hidden = (client.status.messaging_enabled, dict(client.participants))
        client.reconnect()
        without = await the_next(client, Joined)
        await client.enable()
        await client.enable()

        assert hidden == (False, {})
        assert without.participants == ()
        assert client.status.messaging_enabled
        assert list(client.participants) == ["a"]


async def test_a_wish_before_joining_is_remembered() -> None:
    """Nothing is asked of a room that is not there."""
    async with in_room(RoomServer(), messaging=False) as client:
        await client.enable()
        joined = await the_next(client, Joined)
        await client.enable()

        assert joined.participant_id == "me-1"
        assert client.status.messaging_enabled


async def test_a_refused_enable_is_told_and_forgotten() -> None:
    """The next join does not stall on it."""

    async def refuse(visit: Visit) -> None:
        await visit.welcome()
        await visit.answer(await visit.request(), {"text": "no", "code": 1001})
        await answering(visit)

    server = RoomServer(refuse, polite)
    async with in_room(server, messaging=False) as client:
        await the_next(client, Joined)
        with pytest.raises(Refused):
            await client.enable()
        client.reconnect()
        await the_next(client, Joined)

        assert (await server.visit(2)).requests == []


@pytest.mark.parametrize("messaging", [True, False])
async def test_a_wish_that_the_link_did_not_survive_is_kept(*, messaging: bool) -> None:
    """The next join ends as it was wanted."""

    async def cut(visit: Visit) -> None:
        await visit.welcome()
        if not messaging:
            await visit.answer(await visit.request())
            await visit.snapshot()
        await visit.request()
        visit.rst()

    async with in_room(RoomServer(cut, polite), messaging=not messaging) as client:
        await the_next(client, Joined)
        await (client.enable() if messaging else client.disable())
        await the_next(client, Joined)

        assert client.status.messaging_enabled is messaging
