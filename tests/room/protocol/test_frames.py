"""Packets: cutting, putting together, and everything that is not a packet."""

import contextlib
import struct

import pytest
from hypothesis import given, strategies as st

from gateway.room.errors import (
    MalformedFrame,
    MessageTooLarge,
    ProtocolError,
    SequenceBroken,
)
from gateway.room.protocol.frames import Assembler, WireMessage, encode


def header(message_id: int, count: int, type_: bytes = b"t") -> bytes:
    """A header packet, by hand."""
    return struct.pack(">QII", message_id, 0, count) + type_


def data(message_id: int, index: int, piece: bytes = b"x") -> bytes:
    """A data packet, by hand."""
    return struct.pack(">QI", message_id, index) + piece


@given(
    message_id=st.integers(0, 2**64 - 1),
    type_=st.text(st.characters(codec="utf-8")),
    payload=st.binary(max_size=300),
    packet_bytes=st.integers(1, 64),
)
def test_what_is_cut_comes_together_again(
    message_id: int, type_: str, payload: bytes, packet_bytes: int
) -> None:
    """Any message survives being cut at any size."""
    assembler = Assembler()

    received = [
        assembler.receive(packet)
        for packet in encode(message_id, type_, payload, packet_bytes=packet_bytes)
    ]

    assert received[-1] == WireMessage(message_id, type_, payload)
    assert set(received[:-1]) <= {None}


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_give_a_value_or_a_protocol_error(packets: list[bytes]) -> None:
    """No packet makes the assembler raise anything but its own errors."""
    assembler = Assembler()

    for packet in packets:
        with contextlib.suppress(ProtocolError):
            assembler.receive(packet)


def test_packets_have_the_documented_bytes() -> None:
    """A request of 233 payload bytes is a header packet and one data packet."""
    packets = encode(1, "room.invoke_tool", b"e" * 233)

    assert [packet.hex() for packet in packets] == [
        "000000000000000100000000" + "00000001" + b"room.invoke_tool".hex(),
        "000000000000000100000001" + (b"e" * 233).hex(),
    ]
    assert [len(packet) for packet in packets] == [32, 245]


def test_a_slice_holds_1024_bytes() -> None:
    """One byte more than a packet holds makes a second one."""
    packets = encode(0, "t", bytes(1025))

    assert [len(packet) for packet in packets] == [17, 1036, 13]


BROKEN = {
    "header inside a message": ([header(1, 2), data(1, 1), header(2, 1)]),
    "missing packet": ([header(1, 3), data(1, 1), data(1, 3)]),
    "packet of another message": ([header(1, 2), data(1, 1), data(2, 2)]),
    "data without a header": ([data(1, 1)]),
    "repeated packet": ([header(1, 2), data(1, 1), data(1, 1)]),
    "packet beyond the last": ([header(1, 1), data(1, 1), data(1, 2)]),
}


@pytest.mark.parametrize("packets", BROKEN.values(), ids=BROKEN)
def test_a_broken_sequence_is_refused_and_leaves_nothing_behind(
    packets: list[bytes],
) -> None:
    """After a sequence error the next message arrives with its own bytes alone."""
    assembler = Assembler()
    for packet in packets[:-1]:
        assembler.receive(packet)

    with pytest.raises(SequenceBroken):
        assembler.receive(packets[-1])

    assembler.receive(header(9, 1, b"new"))
    assert assembler.receive(data(9, 1, b"own")) == WireMessage(9, "new", b"own")


@pytest.mark.parametrize(
    "packet", [b"", b"x" * 11, header(1, 0, b"")[:15], header(1, 0, b"\xff")]
)
def test_an_unreadable_packet_is_malformed(packet: bytes) -> None:
    """Short packets, short headers and types that are not UTF-8 are named."""
    with pytest.raises(MalformedFrame):
        Assembler().receive(packet)


def test_a_short_packet_discards_the_message_under_way() -> None:
    """What was collected before an unreadable packet is gone."""
    assembler = Assembler()
    assembler.receive(header(1, 2))
    assembler.receive(data(1, 1))

    with pytest.raises(MalformedFrame):
        assembler.receive(b"short")

    with pytest.raises(SequenceBroken):
        assembler.receive(data(1, 2))


def test_a_message_over_the_limit_is_refused() -> None:
    """The payload of all packets together counts."""
    assembler = Assembler(max_message_bytes=10)
    assembler.receive(header(1, 2))
    assembler.receive(data(1, 1, b"x" * 10))

    with pytest.raises(MessageTooLarge) as caught:
        assembler.receive(data(1, 2))

    assert caught.value.limit_bytes == 10


def test_ids_may_repeat() -> None:
    """A server may use one id for several messages."""
    assembler = Assembler()

    first = assembler.receive(header(2**63 + 5, 0, b"a"))
    second = assembler.receive(header(2**63 + 5, 0, b"b"))

    assert first == WireMessage(2**63 + 5, "a", b"")
    assert second == WireMessage(2**63 + 5, "b", b"")
