"""Messages cut into packets, one packet per WebSocket binary message.

A message travels as one header packet and `n` data packets, integers big-endian:

    u64 message id | u32 0    | u32 n | type, UTF-8, to the end
    u64 message id | u32 k    | slice k of the payload, k = 1 … n

Packets of two messages never interleave. Receivers take slices of any size.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.room.errors import MalformedFrame, MessageTooLarge, SequenceBroken

PACKET_BYTES = 1024  # payload per packet, the only size that official clients send
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_PACKET = struct.Struct(">QI")
_HEADER = struct.Struct(">QII")


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One whole message as it is framed: its payload is not looked into."""

    id: int
    type: str
    payload: bytes


def packets(
    message_id: int, type_: str, payload: bytes, *, packet_bytes: int = PACKET_BYTES
) -> Iterator[bytes]:
    """Cut one message, a packet at a time, so that large ones need no second copy.

    Args:
        message_id: 0 … 2^64 - 1; keep below 2^53 for JavaScript receivers.
        type_: Message type.
        payload: Any bytes; none at all makes a header packet alone.
        packet_bytes: Payload bytes per packet, at least 1.
    """
    count = -(-len(payload) // packet_bytes)
    yield _HEADER.pack(message_id, 0, count) + type_.encode()
    for index in range(count):
        start = index * packet_bytes
        piece = payload[start : start + packet_bytes]
        yield _PACKET.pack(message_id, index + 1) + piece


def encode(
    message_id: int, type_: str, payload: bytes, *, packet_bytes: int = PACKET_BYTES
) -> list[bytes]:
    """Cut one message into the WebSocket binary messages that carry it, in order."""
    return list(packets(message_id, type_, payload, packet_bytes=packet_bytes))


class Assembler:
    """Puts packets together again: one per direction per connection.

    Args:
        max_message_bytes: Largest payload of one message.
    """

    def __init__(self, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._limit = max_message_bytes
        self._id = 0
        self._type = ""
        self._count = 0  # packets of the message under way; 0 = none is
        self._seen = 0
        self._payload = bytearray()

    def receive(self, packet: bytes) -> WireMessage | None:
        """Take one packet; give the message that it completes.

        Whatever was collected is discarded before an error is raised, so that no
        message ever gets the bytes of another.

        Raises:
            MalformedFrame: The packet is too short, or its type is not UTF-8.
            SequenceBroken: It does not follow from the packet before.
            MessageTooLarge: The message exceeds `max_message_bytes`.
        """
        if len(packet) < _PACKET.size:
            self._discard()
            raise MalformedFrame(problem=f"{len(packet)} bytes, at least 12 are needed")
        message_id, index = _PACKET.unpack_from(packet)
        if index == 0:
            return self._begin(message_id, packet)
        return self._continue(message_id, index, packet)

    def _begin(self, message_id: int, packet: bytes) -> WireMessage | None:
        interrupted = self._count > 0
        self._discard()
        if interrupted:
            raise SequenceBroken(
                problem=f"header of message {message_id} inside another"
            )
        if len(packet) < _HEADER.size:
            raise MalformedFrame(
                problem=f"a header of {len(packet)} bytes, 16 are needed"
            )
        count: int = _HEADER.unpack_from(packet)[2]
        try:
            type_ = packet[_HEADER.size :].decode()
        except UnicodeDecodeError as error:
            raise MalformedFrame(problem="the type is not UTF-8") from error
        if count == 0:
            return WireMessage(message_id, type_, b"")
        self._id, self._type, self._count = message_id, type_, count
        return None

    def _continue(
        self, message_id: int, index: int, packet: bytes
    ) -> WireMessage | None:
        if not self._count or message_id != self._id or index != self._seen + 1:
            expected = f"{self._id}/{self._seen + 1}" if self._count else "a header"
            self._discard()
            raise SequenceBroken(
                problem=f"packet {message_id}/{index}, expected was {expected}"
            )
        size = len(self._payload) + len(packet) - _PACKET.size
        if size > self._limit:
            self._discard()
            raise MessageTooLarge(limit_bytes=self._limit)
        self._seen = index
        if index < self._count:
            self._payload += memoryview(packet)[_PACKET.size :]
            return None
        return self._complete(packet[_PACKET.size :])

    def _complete(self, last: bytes) -> WireMessage:
        payload = bytes(self._payload) + last if self._payload else last
        message = WireMessage(self._id, self._type, payload)
        self._discard()
        return message

    def _discard(self) -> None:
        self._count = self._seen = 0
        if self._payload:
            self._payload = bytearray()
