"""Record once more what the official SDKs put on the wire, into `tests/vectors`.

Run with the project's interpreter from its root, after `tests/interop/setup.sh`:
`.venv/bin/python -m tests.interop.record`. The room is a scripted one, so that the
bytes are the SDKs' alone and every id in them is known beforehand. All secrets are
made up.
"""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from websockets.asyncio.server import Server, ServerConnection, serve

from gateway.room.protocol.envelope import pack, unpack
from gateway.room.protocol.frames import Assembler, WireMessage, encode
from tests.interop.driver import ROOT, Peer, Sdk

VECTORS = ROOT / "tests" / "vectors"
ROOM = "lobby"
API_KEY_SECRET = "a-made-up-secret-that-signs-recordings-only"
API_KEY = f"ma-{'A' * 22}-{'A' * 22}-{API_KEY_SECRET}"
ZERO_ID = "00000000-0000-0000-0000-000000000000"
SPEAKER_ID = "11111111-1111-4111-8111-111111111111"
LISTENER_ID = "22222222-2222-4222-8222-222222222222"
ATTACHMENT = bytes(range(256)) * 9  # 2 304 bytes: four packets and more in base64
RECORDED = {
    Sdk.PYTHON: ("python-sdk.json", "meshagent-api 0.55.1, Python 3.13"),
    Sdk.TYPESCRIPT: ("typescript-sdk.json", "@meshagent/meshagent 0.39.9, Node 20"),
}
HEADERS = (
    "Authorization",
    "User-Agent",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
)


def calls(attachment_file: Path) -> list[dict[str, Any]]:
    """What each SDK is told to do, in this order, after it has joined."""
    listener: dict[str, Any] = {"do": "send", "to": LISTENER_ID}
    attached = {"attachment_file": str(attachment_file)}
    return [
        listener | {"type": "chat", "message": {"text": "hi"}},
        listener | {"type": "chat", "message": {"text": "déjà vu 🦊", "n": [1, None]}},
        listener | {"type": "file", "message": {"name": "é.bin"}} | attached,
        {"do": "broadcast", "type": "announcement", "message": {"content": "all"}},
        {"do": "broadcast", "type": "file", "message": {}} | attached,
        {"do": "attributes", "attributes": {"status": "busy"}},
        {"do": "disable"},
    ]


class ScriptedRoom:
    """Admits one client, writes down every frame, and answers the least it can."""

    def __init__(self) -> None:
        self.upgrade: dict[str, object] = {}
        self.frames: list[dict[str, str]] = []
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._next_id = 0

    async def until(self, said: str) -> None:
        """Wait until the client has said this: a tool's name or a message's type."""
        while await self._heard.get() != said:
            pass

    async def attend(self, connection: ServerConnection) -> None:
        """Serve the client until it goes."""
        assert connection.request is not None
        headers = connection.request.headers
        self.upgrade = {
            "path": connection.request.path,
            "headers": {name: headers[name] for name in HEADERS if name in headers},
        }
        await self._welcome(connection)
        assembler = Assembler()
        async for frame in connection:
            assert isinstance(frame, bytes)
            self.frames.append({"from": "client", "hex": frame.hex()})
            message = assembler.receive(frame)
            if message is not None:
                await self._answer(connection, message)

    async def _welcome(self, connection: ServerConnection) -> None:
        url = f"ws://127.0.0.1/rooms/{ROOM}"
        ready = {"room_name": ROOM, "room_url": url, "session_id": ZERO_ID}
        init = {"type": "init", "participantId": SPEAKER_ID}
        await self._say(connection, "room_ready", ready)
        await self._say(
            connection, "connected", init | {"attributes": {"name": "speaker"}}
        )

    async def _answer(self, connection: ServerConnection, asked: WireMessage) -> None:
        said = asked.type
        if said == "room.invoke_tool":
            said = str(unpack(asked.payload).header["tool"])
            empty = {"type": "empty"}
            await self._say(connection, "__response__", empty, answers=asked.id)
        if said == "enable":
            attributes = {"name": "listener"}
            listener = {"id": LISTENER_ID, "role": "user", "attributes": attributes}
            enabled = {
                "from_participant_id": SPEAKER_ID,
                "type": "messaging.enabled",
                "message": {"participants": [listener]},
            }
            await self._say(connection, "messaging.send", enabled)
        self._heard.put_nowait(said)

    async def _say(
        self,
        connection: ServerConnection,
        type_: str,
        header: Mapping[str, object],
        *,
        answers: int | None = None,
    ) -> None:
        if answers is None:
            answers = self._next_id
            self._next_id += 1
        for frame in encode(answers, type_, pack(header)):
            self.frames.append({"from": "room", "hex": frame.hex()})
            await connection.send(frame)


def token() -> str:
    """A participant token as the SDKs sign it, without an expiry."""
    grants = [
        {"name": "room", "scope": ROOM},
        {"name": "role", "scope": "user"},
        {"name": "api", "scope": {"messaging": {}}},
    ]
    claims = {"name": "speaker", "grants": grants, "sub": ZERO_ID, "kid": ZERO_ID}
    return jwt.encode(claims | {"version": "0.55.1"}, API_KEY_SECRET, algorithm="HS256")


async def converse(sdk: Sdk, url: str, room: ScriptedRoom) -> list[dict[str, Any]]:
    """Have the SDK do everything once; give the calls as the recording keeps them."""
    with tempfile.NamedTemporaryFile() as attachment:
        attachment.write(ATTACHMENT)
        attachment.flush()
        asked = calls(Path(attachment.name))
        async with Peer.join(sdk, url=url, token=token(), name=sdk) as peer:
            await room.until("enable")
            for call in asked:
                await peer.call(**call)
                await room.until(
                    "set_attributes" if call["do"] == "attributes" else call["do"]
                )
    for call in asked:
        if call.pop("attachment_file", None) is not None:
            digest = hashlib.sha256(ATTACHMENT).hexdigest()
            call["attachment"] = {"size": len(ATTACHMENT), "sha256": digest}
    return asked


async def record(sdk: Sdk) -> None:
    """Write the transcript of one SDK."""
    room = ScriptedRoom()
    name, software = RECORDED[sdk]
    async with serve(room.attend, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{port_of(server)}/rooms/{ROOM}"
        asked = await converse(sdk, url, room)
    transcript = {
        "software": software,
        "how": "one WebSocket message per frame, recorded by tests/interop/record.py; "
        "the room's side is scripted, the client's is the SDK's own",
        "room": ROOM,
        "api_key": API_KEY,
        "speaker_id": SPEAKER_ID,
        "listener_id": LISTENER_ID,
        "upgrade": room.upgrade,
        "calls": asked,
        "frames": room.frames,
    }
    text = json.dumps(transcript, indent=1, ensure_ascii=False)
    (VECTORS / name).write_text(text + "\n", encoding="utf-8")


def port_of(server: Server) -> int:
    """The port a server listens on."""
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


async def main() -> None:
    """Record every SDK."""
    for sdk in Sdk:
        await record(sdk)


if __name__ == "__main__":
    asyncio.run(main())
