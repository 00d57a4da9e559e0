"""Participants inside the emulator's process."""

import asyncio

import pytest

from gateway.emulator.residents import EchoMember, Heard, LocalMember, NobodyThere
from gateway.emulator.rooms import Room, event, say
from tests.fakes.outlets import a_member


def test_an_echo_answers_chat_with_the_same_message_and_attachment() -> None:
    """The sender, and nobody else, gets its message back as type `echo`."""
    room = Room("lobby")
    echo = EchoMember()
    echo.join(room)
    alice, alice_ear = a_member(room, "alice")
    _, bob_ear = a_member(room, "bob")
    alice_ear.said.clear()

    say([echo.member], event(alice.id, "chat", b'{"text":"\xc3\xa9"}', b"\x01\x02"))

    assert alice_ear.said == [(echo.id, "echo", {"text": "é"})]
    assert alice_ear.attachments[-1:] == [b"\x01\x02"]
    assert bob_ear.said == []


def test_an_echo_answers_nothing_but_chat() -> None:
    """An echo of an echo would never end."""
    room = Room("lobby")
    echo = EchoMember()
    echo.join(room)
    alice, alice_ear = a_member(room, "alice")

    say([echo.member], event(alice.id, "echo", b"{}"))
    say([echo.member], event("long-gone", "chat", b"{}"))

    assert alice_ear.said == []


def test_an_echo_is_an_agent_named_echo() -> None:
    """Its card is what the documentation promises."""
    room = Room("lobby")
    echo = EchoMember()

    echo.join(room)

    assert room.members[0].card == {
        "id": echo.id,
        "role": "agent",
        "attributes": {"name": "echo"},
    }


def test_a_local_member_hears_and_speaks() -> None:
    """Its callback gets every event, and it can address ids and names."""
    heard: list[Heard] = []
    room = Room("lobby")
    local = LocalMember("local", on_heard=heard.append)
    local.join(room)
    alice, alice_ear = a_member(room, "alice")
    heard.clear()

    say([local.member], event(alice.id, "chat", b'{"n":1}', b"x"))
    local.deliver("room.status", b"")
    local.send("alice", "by-name", {"n": 1}, b"y")
    local.send(alice.id, "by-id", {})
    local.broadcast("to-all", {})

    assert heard == [Heard(alice.id, "chat", {"n": 1}, b"x")]
    assert [type_ for _, type_, _ in alice_ear.said] == ["by-name", "by-id", "to-all"]
    assert alice_ear.attachments == [b"y", b"", b""]


def test_a_local_member_is_told_that_nobody_is_there() -> None:
    """Neither an unknown name nor one that is not enabled can be addressed."""
    room = Room("lobby")
    local = LocalMember("local")
    local.join(room)
    a_member(room, "carol", enabled=False)

    with pytest.raises(NobodyThere, match="carol"):
        local.send("carol", "chat", {})


def test_a_local_member_that_left_is_in_no_room() -> None:
    """After leaving it has no room, and the others know."""
    room = Room("lobby")
    _, alice_ear = a_member(room, "alice")
    local = LocalMember("local", attributes={"kind": "sink"})
    local.join(room)

    local.leave()

    assert [type_ for _, type_, _ in alice_ear.said] == [
        "participant.enabled",
        "participant.disabled",
    ]
    with pytest.raises(RuntimeError, match="local is in no room"):
        _ = local.room


async def test_a_flood_reaches_a_sink_in_order_and_is_counted() -> None:
    """Every message of a flood arrives, in the order in which it was composed."""
    room = Room("lobby")
    source, sink = LocalMember("source"), LocalMember("sink")
    numbers: list[object] = []
    listener = LocalMember("ear", on_heard=lambda heard: numbers.append(heard.message))
    for member in (source, sink, listener):
        member.join(room)
    numbers.clear()
    before = sink.heard

    said = await source.flood(200)

    assert said == 200
    assert sink.heard - before == 200
    assert numbers == [{"n": n} for n in range(200)]


async def test_a_flood_keeps_its_rate() -> None:
    """Messages at a rate take at least as long as the rate says."""
    room = Room("lobby")
    source, sink = LocalMember("source"), LocalMember("sink")
    source.join(room)
    sink.join(room)
    loop = asyncio.get_running_loop()
    started = loop.time()

    said = await source.flood(10, to="sink", per_second=500)

    assert said == 10
    assert loop.time() - started >= 10 / 500 - loop_resolution_s()


async def test_a_flood_to_nobody_says_nothing() -> None:
    """Messages without a recipient are not counted as said."""
    room = Room("lobby")
    source = LocalMember("source")
    source.join(room)

    said = await source.flood(3, to="nobody")

    assert said == 0


def loop_resolution_s() -> float:
    """Timers may fire that much early."""
    return 0.001
