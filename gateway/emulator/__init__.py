"""A local MeshAgent room server that the official SDKs and CLI can join.

For development, tests and benchmarks: rooms appear when somebody joins them, nothing
is kept, and every way in which a room can fail may be asked for.

    async with EmulatorServer(Emulator(), port=8700) as server:
        server.emulator.add(EchoMember(), room="lobby")
        token = server.emulator.mint("lobby", "alice")
"""

from gateway.emulator.admission import Rights
from gateway.emulator.app import Emulator, Options, RefusalForm
from gateway.emulator.faults import Faults
from gateway.emulator.residents import EchoMember, Heard, LocalMember
from gateway.emulator.rooms import Member, Room, Rooms
from gateway.emulator.server import EmulatorServer, PortTaken
from gateway.room.errors import BadApiKey

__all__ = [
    "BadApiKey",
    "EchoMember",
    "Emulator",
    "EmulatorServer",
    "Faults",
    "Heard",
    "LocalMember",
    "Member",
    "Options",
    "PortTaken",
    "RefusalForm",
    "Rights",
    "Room",
    "Rooms",
]
