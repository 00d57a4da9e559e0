"""The official SDKs in the emulator's rooms, each facing the other."""

import hashlib
from pathlib import Path

import pytest
from typing_extensions import override

from gateway.emulator import EmulatorServer
from gateway.emulator.admission import Doorman, Refused, Ticket
from tests.interop.conftest import ROOM, Join
from tests.interop.driver import CallRefused, Peer, Sdk, signed_by

ZOE = "Zoé 🦊"
JOSE = "josé"
NOT_FOUND = "the participant was not found"
NO_ATTACHMENT = {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}


def digest_of(path: Path) -> dict[str, object]:
    """How a peer reports an attachment with these bytes."""
    content = path.read_bytes()
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


async def test_a_newcomer_is_announced_to_those_who_are_there(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """Whoever is in the room learns the newcomer's id, role and name."""
    present = await join(sdk, JOSE)

    newcomer = await join(other, ZOE, role="agent")

    told = await present.event("participant_added", id=newcomer.id)
    assert (told["role"], told["attributes"]["name"]) == ("agent", ZOE)


async def test_a_newcomer_is_shown_those_who_are_there(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """The snapshot has everyone else with role and attributes."""
    present = await join(other, ZOE, role="agent")

    newcomer = await join(sdk, JOSE)

    shown = await newcomer.call("participants")
    card = {"id": present.id, "role": "agent", "attributes": {"name": ZOE}}
    assert shown == [card]


async def test_a_direct_message_arrives_as_it_was_said(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """Type and JSON are kept, letters and pictures included."""
    speaker, listener = await join(sdk, JOSE), await join(other, ZOE)
    said = {"text": "déjà vu 🦊", "deep": [1, 2.5, None, True, {"é": "\\u0000"}]}

    await speaker.call("send", to=listener.id, type="chat", message=said)

    heard = await listener.event("message")
    assert heard == {
        "event": "message",
        "from": speaker.id,
        "type": "chat",
        "message": said,
        **NO_ATTACHMENT,
    }


async def test_an_attachment_arrives_whole(
    join: Join, sdk: Sdk, other: Sdk, attachment: Path
) -> None:
    """A direct message brings every byte of what was attached."""
    speaker, listener = await join(sdk, JOSE), await join(other, ZOE)

    await speaker.call(
        "send",
        to=listener.id,
        type="file",
        message={"name": "é 🦊.bin"},
        attachment_file=str(attachment),
    )

    heard = await listener.event("message", message={"name": "é 🦊.bin"})
    assert {"size": heard["size"], "sha256": heard["sha256"]} == digest_of(attachment)


async def test_a_broadcast_reaches_everyone_but_its_speaker(
    join: Join, sdk: Sdk, other: Sdk, attachment: Path
) -> None:
    """The first message the speaker hears is the answer, not its own broadcast."""
    speaker, listener = await join(sdk, JOSE), await join(other, ZOE)

    await speaker.call(
        "broadcast",
        type="news",
        message={"text": "all"},
        attachment_file=str(attachment),
    )
    heard = await listener.event("message", type="news")
    await listener.call("send", to=speaker.id, type="answer", message={})

    assert {"size": heard["size"], "sha256": heard["sha256"]} == digest_of(attachment)
    assert (await speaker.event("message"))["type"] == "answer"


async def test_a_change_of_attributes_is_told_to_others(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """What changed is merged into what was known, the SDK's own fields left out."""
    changing, watching = await join(sdk, JOSE), await join(other, ZOE)

    await changing.call("attributes", attributes={"status": "occupé 🦊"})

    told = await watching.event("participant_updated", id=changing.id)
    assert told["attributes"] == {"name": JOSE, "status": "occupé 🦊"}


async def test_a_participant_that_leaves_is_gone_for_others(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """A close with code 1000 is told to everyone else."""
    leaving, staying = await join(sdk, JOSE), await join(other, ZOE)

    await leaving.leave()

    await staying.event("participant_removed", id=leaving.id)
    assert await staying.call("participants") == []


async def test_a_message_to_nobody_is_refused_in_the_words_sdks_know(
    join: Join, sdk: Sdk
) -> None:
    """One SDK goes by the code and the other by the text: both are there."""
    speaker = await join(sdk, JOSE)

    with pytest.raises(CallRefused) as refused:
        await speaker.call("send", to="nobody", type="chat", message={})

    assert (refused.value.text, refused.value.code) == (NOT_FOUND, 1003)


async def test_whoever_disables_messaging_is_not_there_for_others(
    join: Join, sdk: Sdk, other: Sdk
) -> None:
    """Disabled is gone; enabled again is back under the same id."""
    shy, other_one = await join(sdk, JOSE), await join(other, ZOE)

    await shy.call("disable")
    await other_one.event("participant_removed", id=shy.id)
    with pytest.raises(CallRefused, match=NOT_FOUND):
        await other_one.call("send", to=shy.id, type="chat", message={})
    await shy.call("enable")

    told = await other_one.event("participant_added", id=shy.id)
    assert told["attributes"] == {"name": JOSE}


async def test_rooms_are_apart(join: Join, sdk: Sdk, other: Sdk) -> None:
    """What is said in one room is not heard in another."""
    speaker = await join(sdk, JOSE)
    elsewhere = await join(other, ZOE, room="elsewhere")
    here = await join(other, ZOE)

    await speaker.call("broadcast", type="news", message={})
    await here.event("message", type="news")
    stranger = await join(sdk, JOSE, room="elsewhere")
    await stranger.call("broadcast", type="other-news", message={})

    assert (await elsewhere.event("message"))["type"] == "other-news"


async def back_in_the_room(peer: Peer) -> None:
    """Wait until an SDK has come back by itself."""
    await peer.event("status", status="disconnected")
    await peer.event("status", status="reconnected")
    await peer.enabled()


async def test_sdks_come_back_after_the_server_died(
    server: EmulatorServer, join: Join, sdk: Sdk, other: Sdk
) -> None:
    """A server killed and started again finds its clients back and talking."""
    speaker, listener = await join(sdk, JOSE), await join(other, ZOE)
    former = {speaker.id, listener.id}

    await server.kill()
    await server.start()
    await back_in_the_room(speaker)
    await back_in_the_room(listener)
    await speaker.call("broadcast", type="again", message={"text": "é"})

    assert (await listener.event("message", type="again"))["from"] == speaker.id
    assert former.isdisjoint({speaker.id, listener.id})


@pytest.mark.parametrize("fate", ["cut", "reset"])
async def test_an_sdk_comes_back_after_its_link_was_lost(
    server: EmulatorServer, join: Join, sdk: Sdk, other: Sdk, fate: str
) -> None:
    """FIN and RST bring it back; the others see it go and come under another id."""
    unlucky, watching = await join(sdk, JOSE), await join(other, ZOE)
    former = unlucky.id

    getattr(server.emulator.faults(ROOM), fate)(name=JOSE)
    await back_in_the_room(unlucky)

    await watching.event("participant_removed", id=former)
    told = await watching.event("participant_added", id=unlucky.id)
    assert told["attributes"]["name"] == JOSE


class ShyDoorman(Doorman):
    """Lets nobody in at their first try."""

    refused = 0

    @override
    def admit(self, token: str | None, room: str) -> Ticket:
        """Refuse once."""
        if not self.refused:
            self.refused += 1
            raise Refused(401, "not at the first try")
        return super().admit(token, room)


async def test_an_sdk_that_was_refused_lives_to_try_again(
    server: EmulatorServer, join: Join, sdk: Sdk
) -> None:
    """No refusal of a token ends a client's process: it joins at the next try."""
    emulator = server.emulator
    doorman = ShyDoorman(emulator.doorman.api_key)
    emulator.doorman = doorman

    peer = await join(sdk, JOSE)

    assert peer.id
    assert doorman.refused == 1


async def test_a_token_that_an_sdk_signed_is_good(
    server: EmulatorServer, join: Join, sdk: Sdk, other: Sdk
) -> None:
    """An API key is understood alike by the SDK's signer and by the server."""
    watching = await join(other, ZOE)
    token = await signed_by(sdk, server.emulator.api_key, room=ROOM, name=JOSE)

    async with Peer.join(
        sdk, url=f"{server.ws_url}/rooms/{ROOM}", token=token, name=JOSE
    ) as peer:
        told = await watching.event("participant_added", id=peer.id)

    assert (told["role"], told["attributes"]) == ("agent", {"name": JOSE})
