"""A client in a room on a real socket: joining, speaking, hearing."""

import asyncio
import json

import pytest

from gateway.room import (
    FixedToken,
    Joined,
    MessageDropped,
    MessageReceived,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    RoomClient,
    RoomState,
)
from gateway.room.errors import (
    Refused,
    ReservedType,
)
from gateway.room.protocol.envelope import pack
from gateway.room.protocol.frames import encode
from gateway.room.protocol.messages import RESERVED_TYPES
from tests.fakes.room_server import RoomServer, Visit, peer
from tests.room.visits import (
    TOKEN,
    Hasty,
    hold,
    in_room,
    saying,
    the_next,
    the_state,
    then,
)


async def test_a_client_joins_and_knows_who_is_there() -> None:
    """It comes with its token, takes part, and is ready with the list."""
    server = RoomServer(participants=[peer("a", "Ann", "agent"), peer("b", "Ben")])

    async with in_room(server) as client:
        ready = await the_state(client, RoomState.READY)
        joined = await the_next(client, Joined)

        assert ready.status.participant_id == joined.participant_id == "me-1"
        assert ready.status.attempt == 0
        assert client.status.messaging_enabled
        assert client.status.last_received_at is not None
        assert [each.name for each in joined.participants] == ["Ann", "Ben"]
        assert client.named("Ann")[0] is client.participants["a"]
        assert client.self_participant is not None
        assert client.self_participant.name == "gateway"
        visit = await server.visit()
        assert visit.authorization == f"Bearer {TOKEN}"
        assert visit.path == "/rooms/lobby"


async def test_messages_are_said_in_order_and_acknowledged() -> None:
    """Ids, types, attachments and trace fields arrive as they were given."""
    server = RoomServer()

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.send("p", "chat", {"text": "hé 🎉"}, b"bytes")
        await client.broadcast("chat", {"text": "all"})
        futures = [client.post("p", "n", json.dumps({"n": n})) for n in range(50)]
        await asyncio.gather(*futures)

        requests = (await server.visit()).requests[1:]
        assert requests[0].arguments == {
            "to_participant_id": "p",
            "type": "chat",
            "message_json": '{"text":"h\\u00e9 \\ud83c\\udf89"}',
            "attachment_base64": "Ynl0ZXM=",
        }
        assert requests[1].tool == "broadcast"
        assert [request.arguments["message_json"] for request in requests[2:]] == [
            json.dumps({"n": n}) for n in range(50)
        ]
        assert [request.id for request in requests] == list(range(2, 54))


@pytest.mark.parametrize("size", [0, 1024, 1024**2, 5 * 1024**2])
async def test_attachments_travel_both_ways(size: int) -> None:
    """From nothing to five mebibytes, byte by byte."""
    attachment = (bytes(range(256)) * (size // 256 + 1))[:size]

    async def echo(visit: Visit) -> None:
        request = await visit.request(answer=True)
        await visit.event("p", "back", request.arguments, attachment)
        await visit.gone()

    async with in_room(RoomServer(then(echo))) as client:
        await the_next(client, Joined)
        await client.send("p", "there", {}, attachment)
        back = await the_next(client, MessageReceived)

        assert back.attachment == attachment
        sent = back.message["attachment_base64"]
        assert len(str(sent or "")) == -(-size // 3) * 4


@pytest.mark.parametrize("type_", sorted(RESERVED_TYPES))
async def test_reserved_types_are_not_said(type_: str) -> None:
    """Receivers would take them for the room's own."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    with pytest.raises(ReservedType):
        await client.post("p", type_, "{}")


async def test_a_refusal_is_told_and_drops_who_is_not_there() -> None:
    """Code 1003 means that the recipient left."""

    async def refuse(visit: Visit) -> None:
        for code in (1001, 1003):
            request = await visit.request()
            await visit.answer(request, {"text": "no", "code": code})
        await visit.gone()

    server = RoomServer(then(refuse), participants=[peer("a", "Ann")])
    async with in_room(server) as client:
        await the_next(client, Joined)
        with pytest.raises(Refused) as forbidden:
            await client.send("a", "chat", {})
        still = client.named("Ann")
        with pytest.raises(Refused) as absent:
            await client.send("a", "chat", {})
        left = await the_next(client, ParticipantLeft)

        assert (forbidden.value.code, absent.value.code) == (1001, 1003)
        assert still
        assert left.participant.id == "a"
        assert not client.participants


async def test_a_caller_that_gave_up_disturbs_nobody() -> None:
    """Its future is left as it is."""
    async with in_room(RoomServer()) as client:
        await the_next(client, Joined)
        client.post("p", "chat", "{}").cancel()

        await client.send("p", "chat", {})


async def test_messages_come_with_their_senders() -> None:
    """Own echoes do not come at all."""
    server = RoomServer(
        then(
            saying("me-1", "chat", {"n": 0}),
            saying("a", "chat", {"n": 1}, b"x"),
            hold,
        ),
        participants=[peer("a", "Ann")],
    )

    async with in_room(server) as client:
        message = await the_next(client, MessageReceived)

        assert (message.from_id, message.type, message.message, message.attachment) == (
            "a",
            "chat",
            {"n": 1},
            b"x",
        )
        assert message.from_participant == client.participants["a"]


async def test_presence_is_told_as_it_changes() -> None:
    """Who comes, changes and goes."""
    server = RoomServer(
        then(
            saying("a", "participant.enabled", peer("a", "Ann")),
            saying("a", "participant.attributes", {"attributes": {"status": "x"}}),
            saying("a", "participant.disabled", {"id": "a"}),
            hold,
        )
    )

    async with in_room(server) as client:
        joined = await the_next(client, ParticipantJoined)
        updated = await the_next(client, ParticipantUpdated)
        left = await the_next(client, ParticipantLeft)

        assert joined.participant.name == "Ann"
        assert updated.changed == {"status": "x"}
        assert left.participant.attributes == {"name": "Ann", "status": "x"}
        assert not joined.after_gap


async def test_a_header_that_is_not_json_is_dropped_and_the_link_lives() -> None:
    """The next message is fine."""

    async def garble(visit: Visit) -> None:
        await visit.send(encode(5, "messaging.send", b"\x00" * 7 + b"\x01{"))
        await visit.send(encode(6, "__response__", pack({})))
        await visit.event("a", "chat", {})
        await visit.gone()

    async with in_room(RoomServer(then(garble))) as client:
        dropped = await the_next(client, MessageDropped)
        await the_next(client, MessageReceived)

        assert "malformed envelope" in str(dropped.problem)
