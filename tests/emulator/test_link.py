"""What befalls a participant's connection, seen from the participant."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from gateway.emulator import EmulatorServer, Faults, LocalMember
from gateway.room.errors import MalformedEnvelope, MalformedFrame, SequenceBroken
from gateway.room.protocol.envelope import pack
from gateway.room.protocol.frames import encode
from tests.fakes.wire_client import PATIENCE_S, WireClient, dialled, present


@pytest.fixture
async def alice(server: EmulatorServer) -> AsyncIterator[WireClient]:
    """A participant of the lobby with messaging enabled."""
    token = server.emulator.mint("lobby", "alice")
    async with present(server.ws_url, "lobby", token) as client:
        yield client


@pytest.fixture
def faults(server: EmulatorServer) -> Faults:
    """What is to go wrong in the lobby."""
    return server.emulator.faults("lobby")


async def test_messages_are_acknowledged_in_order(alice: WireClient) -> None:
    """Pipelined requests get their answers in the order of the requests."""
    for _ in range(50):
        await alice.invoke("send", {"to_participant_id": "nobody"})

    answers = [await alice.next() for _ in range(50)]

    assert [answer.id for answer in answers] == list(range(1, 51))


async def test_packets_out_of_sequence_end_the_connection(alice: WireClient) -> None:
    """A client that breaks the sequence is closed with 1002."""
    packets = encode(9, "room.invoke_tool", bytes(3), packet_bytes=1)

    await alice.socket.send(packets[0])
    await alice.socket.send(packets[2])

    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1002


async def test_text_ends_the_connection(alice: WireClient) -> None:
    """A client that sends TEXT is closed with 1003."""
    await alice.socket.send("hello")

    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1003


async def test_swallowed_acknowledgements_do_not_stop_the_message(
    alice: WireClient, server: EmulatorServer, faults: Faults
) -> None:
    """The message arrives; only the second send is acknowledged."""
    sink = LocalMember("sink")
    server.emulator.add(sink, room="lobby")
    await alice.next()
    faults.swallow(times=1)
    said = {"to_participant_id": sink.id, "type": "chat", "message_json": "{}"}

    await alice.invoke("send", said)
    second = await alice.invoke("send", said)
    answer = await alice.next()

    assert answer.id == second
    assert sink.heard == 3  # its own snapshot, and both messages


async def test_a_link_is_cut_between_write_and_acknowledgement(
    alice: WireClient, server: EmulatorServer, faults: Faults
) -> None:
    """The message arrives, and its sender is cut off in place of an answer."""
    sink = LocalMember("sink")
    server.emulator.add(sink, room="lobby")
    await alice.next()
    faults.cut_before_acknowledging()
    heard = sink.heard

    await alice.invoke(
        "send", {"to_participant_id": sink.id, "type": "chat", "message_json": "{}"}
    )
    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()

    assert caught.value.rcvd is None
    assert sink.heard == heard + 2  # the message and the departure


async def test_what_comes_along_with_the_cut_request_is_ignored(
    alice: WireClient, faults: Faults
) -> None:
    """Requests in the same TCP segment are not answered, and break nothing."""
    faults.cut_before_acknowledging()
    call = {"toolkit": "messaging", "tool": "send", "arguments": None}
    request = encode(7, "room.invoke_tool", pack(call))

    alice.burst([*request, *request])

    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()
    assert caught.value.rcvd is None


async def test_enabling_can_be_refused(server: EmulatorServer, faults: Faults) -> None:
    """The answer is an error content, and the next try succeeds."""
    token = server.emulator.mint("lobby", "bob")
    faults.refuse_enable(times=1)
    async with dialled(server.ws_url, "lobby", token) as bob:
        await bob.welcomed()
        refused = await bob.ask("enable", {})
        there = await bob.enable()

    assert refused.header["code"] == 1001
    assert there == []


async def test_a_stalled_upgrade_gets_no_welcome(
    server: EmulatorServer, faults: Faults
) -> None:
    """The upgrade is accepted, and then nothing comes until the client leaves."""
    token = server.emulator.mint("lobby", "bob")
    faults.stall(times=1)
    async with dialled(server.ws_url, "lobby", token) as stalled:
        async with present(server.ws_url, "lobby", token):
            await stalled.invoke("enable", {})
            assert len(server.emulator.rooms["lobby"].members) == 1
        await stalled.socket.close()
        with pytest.raises(ConnectionClosed):
            await stalled.next()


async def test_delayed_answers_and_events_keep_their_order(
    alice: WireClient, server: EmulatorServer, faults: Faults
) -> None:
    """Nothing overtakes, and what was delayed comes even after the delay is lifted."""
    source = LocalMember("source")
    server.emulator.add(source, room="lobby")
    await alice.next()
    faults.delay(acknowledgements_s=0.01, messages_s=0.01)
    source.send("alice", "first", {})
    sent = [
        await alice.invoke("send", {"to_participant_id": "nobody"}) for _ in range(2)
    ]
    received = [await alice.next() for _ in range(2)]
    faults.clear()
    source.send("alice", "second", {})
    received += [await alice.next() for _ in range(2)]

    answers = [each.id for each in received if each.type == "__response__"]
    events = [each.event[1] for each in received if each.type != "__response__"]
    assert answers == sent
    assert events == ["first", "second"]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 1013, 4000])
async def test_a_link_is_closed_with_a_code(
    alice: WireClient, faults: Faults, code: int
) -> None:
    """The client gets the code and the reason."""
    met = faults.close(code, "told to")

    with pytest.raises(ConnectionClosed) as caught:
        await alice.next()

    assert met == 1
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code, "told to")


@pytest.mark.parametrize("code", [1005, 1006, 999, 5000])
async def test_codes_that_may_not_be_sent_are_refused(
    alice: WireClient, faults: Faults, code: int
) -> None:
    """An impossible code changes nothing."""
    with pytest.raises(ValueError, match="may not be sent"):
        faults.close(code)

    assert (await alice.send("nobody", {})).header["code"] == 1003


async def test_a_cut_link_ends_without_a_close_frame(
    alice: WireClient, faults: Faults
) -> None:
    """The client reads the end of the stream, not an error of TCP."""
    faults.cut()

    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()

    assert caught.value.rcvd is None
    assert not isinstance(caught.value.__cause__, ConnectionResetError)


async def test_a_reset_link_ends_with_an_error_of_tcp(
    alice: WireClient, faults: Faults
) -> None:
    """The client reads a connection reset by its peer."""
    faults.reset()

    with pytest.raises(ConnectionClosedError) as caught:
        await alice.next()

    assert caught.value.rcvd is None
    assert isinstance(caught.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize("end", [Faults.cut, Faults.reset])
async def test_whoever_loses_its_link_has_left(
    alice: WireClient,
    server: EmulatorServer,
    faults: Faults,
    end: Callable[..., int],
) -> None:
    """The others are told at once, and only the one that was named is gone."""
    token = server.emulator.mint("lobby", "bob")
    async with present(server.ws_url, "lobby", token) as bob:
        await alice.next()

        met = end(faults, name="bob")

        gone = await alice.next()
        assert met == 1
        assert gone.event == (bob.id, "participant.disabled", {"id": bob.id})
        with pytest.raises(ConnectionClosedError):
            await bob.next()


async def test_a_frozen_link_is_silent_until_it_thaws(
    alice: WireClient, server: EmulatorServer, faults: Faults
) -> None:
    """Neither pings nor requests are answered; after thawing all of them are."""
    source = LocalMember("source")
    server.emulator.add(source, room="lobby")
    await alice.next()
    faults.freeze(name="alice")
    pong = asyncio.ensure_future(await alice.socket.ping())  # noqa: TID251 - to look at
    sent = await alice.invoke("send", {"to_participant_id": "nobody"})
    source.send("alice", "while frozen", {})
    token = server.emulator.mint("lobby", "bob")
    async with present(server.ws_url, "lobby", token):
        silent = not pong.done()

        faults.clear()

        async with asyncio.timeout(PATIENCE_S):
            await pong
    assert silent
    received = [await alice.next() for _ in range(4)]
    answers = [each.id for each in received if each.type == "__response__"]
    events = [each.event[1] for each in received if each.type != "__response__"]
    assert answers == [sent]
    assert events == ["while frozen", "participant.enabled", "participant.disabled"]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (Faults.garble, MalformedEnvelope),
        (Faults.skip_packet, SequenceBroken),
        (Faults.interleave, SequenceBroken),
        (Faults.send_short, MalformedFrame),
    ],
)
async def test_what_is_sent_can_be_spoilt(
    alice: WireClient,
    faults: Faults,
    spoil: Callable[[Faults], int],
    error: type[Exception],
) -> None:
    """Each fault breaks exactly the rule that it is named for."""
    met = spoil(faults)

    assert met == 1
    with pytest.raises(error):
        await alice.next()


async def test_the_last_event_can_be_repeated(
    alice: WireClient, server: EmulatorServer, faults: Faults
) -> None:
    """The same event comes once more, under another message id."""
    source = LocalMember("source")
    server.emulator.add(source, room="lobby")
    await alice.next()
    source.send("alice", "chat", {"n": 1}, b"x")
    first = await alice.next()

    faults.repeat_last()

    second = await alice.next()
    assert (second.event, second.trailer) == (first.event, first.trailer)
    assert second.id != first.id


async def test_text_can_be_sent(alice: WireClient, faults: Faults) -> None:
    """A TEXT message arrives as such."""
    faults.send_text()

    async with asyncio.timeout(PATIENCE_S):
        assert await alice.socket.recv() == "{}"


async def test_an_unknown_type_can_be_sent(alice: WireClient, faults: Faults) -> None:
    """A well-formed message of no known type arrives, with no payload at all."""
    faults.send_unknown()

    with pytest.raises(MalformedEnvelope, match="0 bytes"):
        await alice.next()


async def test_a_flood_waits_for_a_slow_reader(
    alice: WireClient, server: EmulatorServer
) -> None:
    """Every message arrives, in order, though they outgrow every buffer."""
    source = LocalMember("source")
    server.emulator.add(source, room="lobby")
    await alice.next()
    body = "x" * 10_000
    count = 2_000
    async with asyncio.TaskGroup() as tasks:
        flood = tasks.create_task(
            source.flood(count, to="alice", compose=lambda n: {"n": n, "body": body})
        )
        numbers = [(await alice.next()).event[2] for _ in range(count)]

    assert flood.result() == count
    assert [isinstance(m, dict) and m["n"] for m in numbers] == list(range(count))
