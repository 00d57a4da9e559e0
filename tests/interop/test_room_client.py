"""Our own room client among the official SDKs, in the emulator's rooms."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TypeVar

from gateway.emulator import EmulatorServer
from gateway.room import (
    ApiKey,
    Joined,
    KeyCredentials,
    Lost,
    MessageReceived,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    RoomClient,
    RoomEvent,
    room_address,
)
from tests.interop.conftest import ROOM, SIZES, Join, file_of
from tests.interop.driver import PATIENCE_S, Peer, Sdk

ZOE = "Zoé 🦊"
OURS = "Pförtner 🦉"
MESSAGE = {"text": "déjà vu 🦊", "deep": [1, 2.5, None, True]}

Event = TypeVar("Event", bound=RoomEvent)


@asynccontextmanager
async def our_client(server: EmulatorServer) -> AsyncIterator[RoomClient]:
    """Our client, in the room with an API key until the block ends."""
    key = ApiKey.parse(server.emulator.api_key)
    client = RoomClient(
        ROOM,
        url=room_address(ROOM, room_url=server.ws_url),
        credentials=KeyCredentials(key, OURS, "tool"),
        rng=Random(7),  # noqa: S311  (jitter)
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        try:
            yield client
        finally:
            await client.close()


async def next_of(client: RoomClient, kind: type[Event]) -> Event:
    """Wait for the next event of a kind; those before it are dropped."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in client:
            if isinstance(event, kind):
                return event
    message = f"the client ended before it told of a {kind.__name__}"
    raise AssertionError(message)


async def test_an_sdk_and_our_client_see_each_other(
    server: EmulatorServer, join: Join, sdk: Sdk
) -> None:
    """Name and role go both ways, to whoever came first and whoever came last."""
    peer = await join(sdk, ZOE, role="agent")

    async with our_client(server) as client:
        joined = await next_of(client, Joined)
        told = await peer.event("participant_added", id=joined.participant_id)

    (seen,) = joined.participants
    assert (seen.id, seen.name, seen.role) == (peer.id, ZOE, "agent")
    assert (told["role"], told["attributes"]["name"]) == ("tool", OURS)


async def test_an_sdk_comes_changes_and_goes_before_our_client(
    server: EmulatorServer, join: Join, sdk: Sdk
) -> None:
    """Arrival, attributes and departure are events of one participant."""
    async with our_client(server) as client:
        await next_of(client, Joined)
        peer = await join(sdk, ZOE)
        came = await next_of(client, ParticipantJoined)
        await peer.call("attributes", attributes={"status": "occupé"})
        changed = await next_of(client, ParticipantUpdated)
        await peer.leave()
        left = await next_of(client, ParticipantLeft)

    ids = {each.participant.id for each in (came, changed, left)}
    assert ids == {peer.id}
    assert changed.participant.attributes == {"name": ZOE, "status": "occupé"}


async def test_an_sdk_hears_our_client_whole(
    server: EmulatorServer, join: Join, sdk: Sdk, tmp_path: Path
) -> None:
    """JSON and every byte of attachments arrive, from none to five MiB."""
    peer = await join(sdk, ZOE)

    async with our_client(server) as client:
        await next_of(client, Joined)
        for size in SIZES:
            content = file_of(tmp_path, size).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            await client.send(peer.id, "direct", MESSAGE, content)
            await client.broadcast("to-all", MESSAGE, content)

            direct = await peer.event("message", type="direct", sha256=digest)
            to_all = await peer.event("message", type="to-all", sha256=digest)
            assert direct["message"] == to_all["message"] == MESSAGE


async def test_our_client_hears_an_sdk_whole(
    server: EmulatorServer, join: Join, sdk: Sdk, tmp_path: Path
) -> None:
    """JSON and every byte of attachments arrive, from none to five MiB."""
    peer = await join(sdk, ZOE)

    async with our_client(server) as client:
        ours = (await next_of(client, Joined)).participant_id
        for size in SIZES:
            attached = file_of(tmp_path, size)
            said = {"message": MESSAGE, "attachment_file": str(attached)}
            await peer.call("send", to=ours, type="direct", **said)
            await peer.call("broadcast", type="to-all", **said)

            direct = await next_of(client, MessageReceived)
            to_all = await next_of(client, MessageReceived)
            assert (direct.type, to_all.type) == ("direct", "to-all")
            assert direct.message == to_all.message == MESSAGE
            assert direct.attachment == to_all.attachment == attached.read_bytes()


async def test_our_client_and_an_sdk_meet_again_after_the_room_died(
    server: EmulatorServer, join: Join, sdk: Sdk
) -> None:
    """Both come back by themselves, under new ids, and talk."""
    peer = await join(sdk, ZOE)
    former = peer.id

    async with our_client(server) as client:
        await next_of(client, Joined)
        await server.kill()
        await next_of(client, Lost)
        await server.start()
        joined = await next_of(client, Joined)
        await back(peer)
        await peer.call("broadcast", type="again", message={})
        heard = await next_of(client, MessageReceived)
        await client.send(heard.from_id, "answer", {})
        answer = await peer.event("message", type="answer")

    assert joined.after_gap
    assert answer["from"] == joined.participant_id
    assert heard.from_id == peer.id != former


async def back(peer: Peer) -> None:
    """Wait until an SDK has come back and knows its new id."""
    await peer.event("status", status="reconnected")
    await peer.enabled()
