"""People on official clients, talked to over HTTP and heard by webhook."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.emulator import EmulatorServer
from tests.interop.conftest import ROOM, SIZES, Join, file_of
from tests.interop.driver import Peer, Sdk
from tests.interop.gateway_process import SECRET, Gateway, Json, Receiver

ZOE = "Zoé 🦊"
MESSAGE = {"text": "déjà vu 🦊", "deep": [1, 2.5, None, True]}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who takes the gateway's webhooks."""
    async with Receiver.listening() as listening:
        yield listening


@pytest.fixture
async def gateway(
    server: EmulatorServer, receiver: Receiver, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """`gateway serve`, in the room and ready, with a webhook for every event."""
    webhook: Json = {"name": "all", "url": receiver.url, "secret": SECRET}
    webhook["events"] = ["message.received", "participant.*", "room.*"]
    settings = {
        "MESHAGENT_ROOM_URL": server.ws_url,
        "MESHAGENT_ROOM": ROOM,
        "MESHAGENT_API_KEY": server.emulator.api_key,
        "GATEWAY_AUTH": "none",
        "GATEWAY_WEBHOOKS": json.dumps([webhook]),
        "GATEWAY_EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
        "GATEWAY_EGRESS_ALLOW_PORTS": "1-65535",
        "GATEWAY_EGRESS_REQUIRE_HTTPS": "false",
    }
    home = tmp_path / "gateway"
    home.mkdir()
    async with Gateway.running("serve", home, settings) as running:
        await receiver.event("room.connected")
        yield running


async def acquainted(join: Join, sdk: Sdk, receiver: Receiver, name: str = ZOE) -> Peer:
    """Join, and wait until the gateway knows."""
    peer = await join(sdk, name, role="agent")
    while True:
        joined = await receiver.event("participant.joined")
        if joined["data"]["participant"]["id"] == peer.id:
            return peer


async def gateway_id(peer: Peer) -> str:
    """The gateway's own participant id, as a peer in the room sees it."""
    present = await peer.call("participants")
    (found,) = (p["id"] for p in present if p["attributes"]["name"] == "gateway")
    return str(found)


def encoded(path: Path) -> str:
    """A file as the HTTP API takes attachments."""
    return base64.b64encode(path.read_bytes()).decode()


async def test_post_send_reaches_a_person_by_name(
    gateway: Gateway, receiver: Receiver, join: Join, sdk: Sdk
) -> None:
    """The room acknowledges, and the message is what was posted."""
    peer = await acquainted(join, sdk, receiver)

    status, said = await gateway.post("/send", {"to": ZOE, "message": MESSAGE})

    heard = await peer.event("message")
    assert (status, said["status"]) == (200, "sent")
    assert said["recipients"][0]["participant_id"] == peer.id
    assert (heard["type"], heard["message"], heard["size"]) == ("chat", MESSAGE, 0)
    assert heard["from"] == await gateway_id(peer)


@pytest.mark.parametrize("path", ["/send", "/broadcast"])
async def test_posted_attachments_arrive_whole(
    gateway: Gateway,
    receiver: Receiver,
    join: Join,
    sdk: Sdk,
    tmp_path: Path,
    path: str,
) -> None:
    """A person gets every byte, from none to five MiB."""
    peer = await acquainted(join, sdk, receiver)
    to = {"to": {"id": peer.id}} if path == "/send" else {}

    for size in SIZES:
        attached = file_of(tmp_path, size)
        body = {"type": "file", "message": {"name": "é 🦊.bin", "size": size}} | to
        status, said = await gateway.post(
            path, body | {"attachment": encoded(attached)}
        )
        heard = await peer.event("message", message=body["message"])

        assert (status, said["status"]) == (200, "sent")
        assert heard["sha256"] == hashlib.sha256(attached.read_bytes()).hexdigest()


@pytest.mark.parametrize("how", ["send", "broadcast"])
async def test_what_a_person_says_reaches_a_webhook_whole(
    gateway: Gateway,
    receiver: Receiver,
    join: Join,
    sdk: Sdk,
    tmp_path: Path,
    how: str,
) -> None:
    """Signed, with sender, JSON and every byte, from none to five MiB."""
    peer = await acquainted(join, sdk, receiver)
    to = {"to": await gateway_id(peer)} if how == "send" else {}

    for size in SIZES:
        attached = file_of(tmp_path, size)
        message = MESSAGE | {"size": size}
        said: Json = {"type": "question", "message": message} | to
        await peer.call(how, **said, attachment_file=str(attached))
        event = await receiver.event("message.received", message=message)

        data = event["data"]
        sender = {"id": peer.id, "name": ZOE, "role": "agent"}
        assert (event["room"], data["type"], data["from"]) == (ROOM, "question", sender)
        assert await gateway.content(data["attachment"]) == attached.read_bytes()


async def test_participants_shows_official_clients(
    gateway: Gateway, receiver: Receiver, join: Join, sdk: Sdk
) -> None:
    """`GET /participants` has their names, roles and attributes, as they change."""
    peer = await acquainted(join, sdk, receiver)
    await peer.call("attributes", attributes={"status": "occupé 🦊"})
    await receiver.event("participant.updated")

    listed = await gateway.get("/participants")
    found = await gateway.get(f"/participants/{quote(ZOE)}")

    (shown,) = listed.body["participants"]
    assert (listed.status, listed.body["connected"]) == (200, True)
    assert (shown["id"], shown["name"], shown["role"]) == (peer.id, ZOE, "agent")
    assert shown["attributes"]["status"] == "occupé 🦊"
    assert (found.status, found.body["id"]) == (200, peer.id)


async def test_whoever_left_cannot_be_sent_to(
    gateway: Gateway, receiver: Receiver, join: Join, sdk: Sdk
) -> None:
    """Leaving is an event, and afterwards the name is not found."""
    peer = await acquainted(join, sdk, receiver)

    await peer.leave()
    left = await receiver.event("participant.left")
    status, problem = await gateway.post("/send", {"to": ZOE, "text": "hi"})

    assert left["data"]["participant"]["id"] == peer.id
    assert (status, problem["code"]) == (404, "recipient_not_found")


async def test_clients_see_the_gateway_come_and_go(
    server: EmulatorServer, join: Join, sdk: Sdk, tmp_path: Path
) -> None:
    """The gateway is a participant as others are: named, with a role, and polite."""
    peer = await join(sdk, ZOE)
    settings = {
        "MESHAGENT_ROOM_URL": server.ws_url,
        "MESHAGENT_ROOM": ROOM,
        "MESHAGENT_API_KEY": server.emulator.api_key,
        "GATEWAY_AUTH": "none",
        "GATEWAY_PARTICIPANT_NAME": "Pförtner 🦉",
        "GATEWAY_PARTICIPANT_ROLE": "tool",
    }

    async with Gateway.running("serve", tmp_path, settings):
        came = await peer.event("participant_added")
    await peer.event("participant_removed", id=came["id"])

    assert (came["role"], came["attributes"]["name"]) == ("tool", "Pförtner 🦉")


async def test_both_sides_come_back_after_the_room_died(
    server: EmulatorServer,
    gateway: Gateway,
    receiver: Receiver,
    join: Join,
    sdk: Sdk,
) -> None:
    """A room killed and started again finds gateway and client talking both ways."""
    peer = await acquainted(join, sdk, receiver)

    await server.kill()
    await receiver.event("room.disconnected")
    body = {"to": ZOE, "text": "while you were away", "await_recipient": True}
    accepted = await gateway.post("/send", body, wait_s=0)
    await server.start()
    await receiver.event("room.connected")
    await peer.event("status", status="reconnected")

    heard = await peer.event("message", message={"text": "while you were away"})
    answer = {"type": "chat", "message": {"text": "back"}}
    await peer.call("send", to=heard["from"], **answer)
    assert accepted.status == 202
    await receiver.event("message.received", message={"text": "back"})
