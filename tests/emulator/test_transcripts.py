"""The emulator, held to bytes that the official SDKs were recorded to send."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import connect

from gateway.emulator import Emulator, EmulatorServer, Heard, LocalMember
from gateway.room.protocol.frames import Assembler
from tests.fakes.wire_client import Received, WireClient
from tests.vectors.transcripts import NAMES, Transcript, load

# What the recorded calls become at whoever listens.
EVENT_OF = {"attributes": "participant.attributes", "disable": "participant.disabled"}


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded client's second stay, in the emulator's room."""

    client: WireClient
    heard: list[Heard]  # by the participant that was there before it


@asynccontextmanager
async def replayed(transcript: Transcript) -> AsyncIterator[Replay]:
    """Join as the recorded client did, with someone there under the recorded id."""
    emulator = Emulator(api_key=transcript.api_key)
    heard: list[Heard] = []
    listener = LocalMember("listener", role="user", on_heard=heard.append)
    listener.member.id = transcript.listener_id
    emulator.add(listener, room=transcript.room)
    authorization = {
        name: value
        for name, value in transcript.headers.items()
        if name == "Authorization"
    }
    async with EmulatorServer(emulator) as server:
        url = f"{server.ws_url}{transcript.path}"
        async with connect(url, additional_headers=authorization) as socket:
            client = await WireClient(socket).welcomed()
            heard.clear()  # the listener's own arrival
            yield Replay(client, heard)


async def answers_of(client: WireClient, transcript: Transcript) -> list[Received]:
    """Send every recorded frame; wait for the answer to each request."""
    assembler = Assembler()
    answers: list[Received] = []
    for frame in transcript.frames_of("client"):
        await client.socket.send(frame)
        message = assembler.receive(frame)
        if message is None or message.type != "room.invoke_tool":
            continue
        answer = await client.next()
        while answer.type != "__response__":
            answer = await client.next()
        assert answer.id == message.id
        answers.append(answer)
    return answers


@pytest.fixture(params=NAMES)
def transcript(request: pytest.FixtureRequest) -> Transcript:
    """Each recording in its turn."""
    return load(request.param)


async def test_recorded_requests_are_all_granted(transcript: Transcript) -> None:
    """Token, framing and arguments of an official SDK are good here as they are."""
    async with replayed(transcript) as replay:
        answers = await answers_of(replay.client, transcript)

    assert {str(answer.header["type"]) for answer in answers} == {"empty"}


async def test_recorded_words_reach_whoever_is_there(transcript: Transcript) -> None:
    """A listener hears each recorded call, in order, from the replaying client."""
    async with replayed(transcript) as replay:
        await answers_of(replay.client, transcript)

    types = ["participant.enabled"]
    types += [
        str(call["type"]) if "type" in call else EVENT_OF[call["do"]]
        for call in transcript.calls
    ]
    assert [heard.type for heard in replay.heard] == types
    assert {heard.from_id for heard in replay.heard} == {replay.client.id}


async def test_recorded_messages_and_attachments_arrive_whole(
    transcript: Transcript,
) -> None:
    """JSON and bytes are those that the SDK was told to say."""
    async with replayed(transcript) as replay:
        await answers_of(replay.client, transcript)

    arrived = [
        {
            "message": heard.message,
            "size": len(heard.attachment),
            "sha256": hashlib.sha256(heard.attachment).hexdigest(),
        }
        for heard in replay.heard
        if not heard.type.startswith("participant.")
    ]
    nothing = {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    assert arrived == [
        {"message": call["message"], **call.get("attachment", nothing)}
        for call in transcript.calls
        if "message" in call
    ]


async def test_recorded_attributes_arrive_without_the_sdks_own(
    transcript: Transcript,
) -> None:
    """Others are told the change and none of the SDK's tracing fields."""
    async with replayed(transcript) as replay:
        await answers_of(replay.client, transcript)

    (changed,) = (
        heard.message
        for heard in replay.heard
        if heard.type == "participant.attributes"
    )
    assert changed == {"attributes": {"status": "busy"}}
