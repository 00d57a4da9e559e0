"""Members without a socket, whose messages a test can read."""

from gateway.emulator.rooms import Member, Room
from gateway.room.protocol.envelope import unpack


class Ear:
    """An outlet that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[object, object, object]] = []  # from, type, message
        self.attachments: list[bytes] = []

    def deliver(self, type_: str, payload: bytes) -> None:
        assert type_ == "messaging.send"
        envelope = unpack(payload)
        header = envelope.header
        assert set(header) == {"from_participant_id", "type", "message"}
        self.said.append(
            (header["from_participant_id"], header["type"], header["message"])
        )
        self.attachments.append(envelope.trailer)

    async def drained(self) -> None:
        return


def a_member(
    room: Room, name: str, *, enabled: bool = True, sees_others: bool = True
) -> tuple[Member, Ear]:
    """Let somebody into a room; what enabling told it is forgotten already."""
    ear = Ear()
    member = Member(name, "user", ear, sees_others=sees_others)
    room.join(member)
    if enabled:
        room.enable(member)
        ear.said.clear()
        ear.attachments.clear()
    return member, ear
