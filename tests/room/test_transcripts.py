"""The room's protocol, held to bytes that the official SDKs were recorded to send."""

import base64
import hashlib
import json
from typing import Any

import pytest

from gateway.room.protocol.envelope import unpack
from gateway.room.protocol.frames import Assembler, WireMessage, encode
from tests.vectors.transcripts import NAMES, Transcript, load


@pytest.fixture(params=NAMES)
def transcript(request: pytest.FixtureRequest) -> Transcript:
    """Each recording in its turn."""
    return load(request.param)


def messages_of(transcript: Transcript, side: str) -> list[WireMessage]:
    """What one side of a recording said, whole messages."""
    assembler = Assembler()
    whole = [assembler.receive(frame) for frame in transcript.frames_of(side)]
    return [message for message in whole if message is not None]


def invocations(transcript: Transcript) -> list[tuple[str, dict[str, Any]]]:
    """The tools that the SDK invoked, with the JSON they were given."""
    invoked = []
    for message in messages_of(transcript, "client"):
        if message.type == "room.invoke_tool":
            header: dict[str, Any] = unpack(message.payload).header
            invoked.append((header["tool"], header["arguments"]["json"]))
    return invoked


def as_called(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """The call that an invocation came from, as the recording keeps calls."""
    call: dict[str, Any] = {"do": tool}
    if "type" in given:
        call |= {"type": given["type"], "message": json.loads(given["message_json"])}
    if "to_participant_id" in given:
        call["to"] = given["to_participant_id"]
    if given.get("attachment_base64"):
        attachment = base64.b64decode(given["attachment_base64"], validate=True)
        digest = hashlib.sha256(attachment).hexdigest()
        call["attachment"] = {"size": len(attachment), "sha256": digest}
    return call


def test_a_recorded_client_enables_before_anything_else(
    transcript: Transcript,
) -> None:
    """The first thing an SDK says is that it wants messages."""
    (tool, given), *_ = invocations(transcript)

    assert (tool, given) == ("enable", {})


def test_recorded_messages_read_as_what_the_sdk_was_told_to_say(
    transcript: Transcript,
) -> None:
    """Types, JSON, recipients and attachments come out of the bytes as they went in."""
    _, *said = invocations(transcript)

    expected = [call for call in transcript.calls if call["do"] != "attributes"]
    assert [as_called(tool, given) for tool, given in said] == expected


def test_recorded_attributes_carry_nothing_of_the_sdks_own(
    transcript: Transcript,
) -> None:
    """The tracing field that one SDK adds to every header is gone after reading."""
    (changed,) = (
        unpack(message.payload).header
        for message in messages_of(transcript, "client")
        if message.type == "set_attributes"
    )

    assert changed == {"status": "busy"}


@pytest.mark.parametrize("side", ["client", "room"])
def test_recorded_messages_are_cut_into_the_same_packets_again(
    transcript: Transcript, side: str
) -> None:
    """Our own cutting gives the very frames that the SDK sent or accepted."""
    messages = messages_of(transcript, side)

    cut = [
        packet
        for message in messages
        for packet in encode(message.id, message.type, message.payload)
    ]

    assert tuple(cut) == transcript.frames_of(side)


def test_recorded_requests_are_each_answered_under_their_own_id(
    transcript: Transcript,
) -> None:
    """What both SDKs took for acknowledgements carries the ids of their requests."""
    asked = [
        message.id
        for message in messages_of(transcript, "client")
        if message.type == "room.invoke_tool"
    ]

    answered = [
        message.id
        for message in messages_of(transcript, "room")
        if message.type == "__response__"
    ]

    assert answered == asked
