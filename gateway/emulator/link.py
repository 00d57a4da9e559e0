"""One participant's connection: its socket, its requests and what may befall them."""

import asyncio
from collections import deque
from collections.abc import Callable

from gateway.emulator.admission import Ticket
from gateway.emulator.faults import Faults
from gateway.emulator.messaging import Conversation, Refusal
from gateway.emulator.rooms import EVENT, Member, Room
from gateway.emulator.sockets import RoomSocket
from gateway.room.errors import ProtocolError
from gateway.room.protocol.envelope import pack
from gateway.room.protocol.frames import Assembler, encode

# An attachment travels here as base64 inside JSON, so 5 MiB come as 7.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024

_UNSUPPORTED_DATA = 1003
_PROTOCOL_ERROR = 1002


class Link:
    """A participant's life in a room, from the welcome to the loss of its socket.

    Whole messages are queued at once and never interleave, so a connection needs no
    lock.

    Args:
        socket: The accepted WebSocket.
        room: The room to join.
        ticket: What its token grants.
        faults: What is to go wrong in this room.
        packet_bytes: Payload bytes per packet sent.
    """

    def __init__(
        self,
        socket: RoomSocket,
        room: Room,
        ticket: Ticket,
        faults: Faults,
        packet_bytes: int,
    ) -> None:
        self.socket = socket
        sees_others = ticket.rights is not None and ticket.rights.list
        self.member = Member(ticket.name, ticket.role, self, sees_others=sees_others)
        self._room = room
        self._faults = faults
        self._packet_bytes = packet_bytes
        self._next_id = 0
        self._assembler = Assembler(max_message_bytes=MAX_MESSAGE_BYTES)
        self._conversation = Conversation(room, self.member, ticket.rights, self)
        self._late_answers: deque[tuple[int, bytes]] = deque()
        self._late_events: deque[tuple[str, bytes]] = deque()
        self._last_event: tuple[str, bytes] | None = None
        self._here = True

    @property
    def name(self) -> str:
        """The participant's name."""
        return self.member.name

    def welcome(self, room_url: str) -> None:
        """Join the room and say so to the client."""
        self._room.join(self.member)
        self._faults.links.add(self)
        self._say(
            "room_ready",
            pack(
                {
                    "room_name": self._room.name,
                    "room_url": room_url,
                    "session_id": self._room.session_id,
                }
            ),
        )
        self._say(
            "connected",
            pack(
                {
                    "type": "init",
                    "participantId": self.member.id,
                    "attributes": self.member.attributes,
                }
            ),
        )

    def deliver(self, type_: str, payload: bytes) -> None:
        """Send one message of the room, late if faults say so."""
        self._last_event = type_, payload
        delay_s = self._faults.message_delay_s
        if delay_s or self._late_events:
            self._late_events.append((type_, payload))
            _later(delay_s, self._deliver_late)
        else:
            self._say(type_, payload)

    async def drained(self) -> None:
        """Return once the client takes what is written to it."""
        await self.socket.drained()

    def reply(self, request_id: int, content: bytes, *, tool: str = "") -> None:
        """Answer one request — or not, or late, if faults say so."""
        if self._faults.cuts(tool):
            self.socket.cut()
            return
        if self._faults.swallows(tool):
            return
        delay_s = self._faults.acknowledgement_delay_s
        if delay_s or self._late_answers:
            self._late_answers.append((request_id, content))
            _later(delay_s, self._answer_late)
        else:
            self._answer(request_id, content)

    def refused(self, tool: str) -> Refusal | None:
        """Say why a tool is out of order now, if faults say so."""
        return self._faults.refusal(tool)

    def received(self, packet: bytes) -> None:
        """Take one packet of the client; one out of sequence ends the connection."""
        try:
            message = self._assembler.receive(packet)
        except ProtocolError as error:
            self.socket.close(_PROTOCOL_ERROR, str(error)[:100])
            return
        if message is not None:
            self._conversation.receive(message)

    def received_text(self) -> None:
        """End a connection that sends text."""
        self.socket.close(_UNSUPPORTED_DATA, "binary messages only")

    def lost(self) -> None:
        """Leave the room."""
        if self._here:
            self._here = False
            self._faults.links.discard(self)
            self._room.leave(self.member)

    def garble(self) -> None:
        """Send an event whose header is not JSON."""
        self._say(EVENT, (9).to_bytes(8) + b"{not json")

    def skip_packet(self) -> None:
        """Send packets 1 and 3 of 3."""
        packets = encode(self._take_id(), EVENT, bytes(3), packet_bytes=1)
        del packets[2]
        self.socket.send_packets(packets)

    def interleave(self) -> None:
        """Send the packets of two messages in turn."""
        one = encode(self._take_id(), EVENT, bytes(2), packet_bytes=1)
        two = encode(self._take_id(), EVENT, bytes(2), packet_bytes=1)
        turns = [packet for pair in zip(one, two, strict=True) for packet in pair]
        self.socket.send_packets(turns)

    def repeat_last(self) -> None:
        """Send the last event again, if there was one."""
        if self._last_event is not None:
            self._say(*self._last_event)

    def send_text(self) -> None:
        """Send a TEXT message."""
        self.socket.send_text("{}")

    def send_short(self) -> None:
        """Send a binary message too short for a packet."""
        self.socket.send_packets([bytes(5)])

    def send_unknown(self) -> None:
        """Send a message of a type that no client knows, with no payload."""
        self._say("room.unheard_of", b"")

    def _deliver_late(self) -> None:
        self._say(*self._late_events.popleft())

    def _answer_late(self) -> None:
        self._answer(*self._late_answers.popleft())

    def _answer(self, request_id: int, content: bytes) -> None:
        packets = encode(
            request_id, "__response__", content, packet_bytes=self._packet_bytes
        )
        self.socket.send_packets(packets)

    def _say(self, type_: str, payload: bytes) -> None:
        packets = encode(
            self._take_id(), type_, payload, packet_bytes=self._packet_bytes
        )
        self.socket.send_packets(packets)

    def _take_id(self) -> int:
        taken = self._next_id
        self._next_id += 1
        return taken


def _later(delay_s: float, act: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, act)
