"""The room client in our nouns, in a room of the emulator on a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from gateway.bridge.ports import (
    NotReady,
    OutcomeUnknown,
    Refused,
    RoomRecord,
)
from gateway.bridge.receiving import Receiving
from gateway.bridge.rooms import Memory, Room
from gateway.domain.model import Address, AddressKind, EventType, OutgoingMessage
from gateway.emulator import EchoMember, EmulatorServer, Heard, LocalMember
from gateway.room import FixedToken, RoomClient, RoomOptions, room_address
from gateway.roomlink import ClientLink
from gateway.system import SystemClock
from tests.bridge.conftest import Scene, to
from tests.domain.nouns import OUTGOING
from tests.fakes.memory_store import MemoryStore

QUICK = RoomOptions(close_timeout_s=0.2)
MESSAGE = replace(OUTGOING, traceparent=None)


class Hasty(Random):
    """Chance that makes every wait as short as can be."""

    def uniform(self, a: float, b: float) -> float:  # type: ignore[explicit-override]  # typing.override needs 3.12
        """Give the lower end."""
        return min(a, b)


@dataclass
class Place:
    """A link in a room, the server of it, and the store it is heard into."""

    server: EmulatorServer
    link: ClientLink
    store: MemoryStore
    changed: asyncio.Event

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds; it is looked at after each change."""
        async with asyncio.timeout(8):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def ready(self) -> None:
        """Return once we are in the room and have told so."""
        await self.until(lambda: self.told(EventType.ROOM_CONNECTED) > 0)

    def told(self, type_: EventType) -> int:
        """Count the events of a type."""
        return sum(event.type is type_ for event in self.store.events)

    def join(self, member: LocalMember) -> LocalMember:
        """Let somebody into the room."""
        self.server.emulator.add(member, room="lobby")
        return member


@contextlib.asynccontextmanager
async def a_place(
    *, messaging: bool = True, options: RoomOptions = QUICK
) -> AsyncIterator[Place]:
    """Run a room, a client in it, and what hears it."""
    scene, clock = Scene(), SystemClock()
    async with EmulatorServer() as server, asyncio.TaskGroup() as tasks:
        client = RoomClient(
            "lobby",
            url=room_address("lobby", room_url=server.ws_url),
            credentials=FixedToken(server.emulator.mint("lobby", "gateway")),
            rng=Hasty(),
            messaging=messaging,
            options=options,
        )
        link = ClientLink(client, messaging=messaging, clock=clock, meter=scene.meter)
        changed = asyncio.Event()
        link.watch(changed.set)
        memory = Memory(RoomRecord("lobby"), scene.store.rooms)
        receiving = Receiving(
            Room(link, scene.dispatcher, memory, set()),
            scene.store.log,
            clock=clock,
            meter=scene.meter,
            ids=scene.ids,
            instance="i-1",
        )
        hearing = tasks.create_task(receiving.run())
        staying = tasks.create_task(link.run(receiving))
        try:
            yield Place(server, link, scene.store, changed)
        finally:
            await link.leave()
            await staying
            hearing.cancel()


async def test_we_are_in_the_room_with_those_who_are_there() -> None:
    """Not among them, but as ourselves."""
    async with a_place() as place:
        place.join(LocalMember("alice", role="user", attributes={"mood": "good"}))
        await place.ready()
        await place.until(lambda: len(place.link.presence.participants) == 1)

        presence, status = place.link.presence, place.link.status

    (alice,) = presence.participants
    assert (alice.name, alice.role, alice.online) == ("alice", "user", True)
    assert alice.attributes["mood"] == "good"
    assert presence.connected
    assert presence.self is not None
    assert presence.self.id == status.participant_id
    assert (status.state, status.messaging_enabled) == ("ready", True)


async def test_what_is_said_is_heard_with_who_said_it() -> None:
    """As an event of the log."""
    async with a_place() as place:
        alice = place.join(LocalMember("alice", role="user"))
        await place.ready()

        alice.send("gateway", "chat", {"text": "hi"}, b"bytes")
        await place.until(lambda: place.told(EventType.MESSAGE_RECEIVED) == 1)

    found = [e for e in place.store.events if e.type is EventType.MESSAGE_RECEIVED]
    assert [(each.room, each.from_name) for each in found] == [("lobby", "alice")]
    assert list(place.store.attachments.values()) == [b"bytes"]


async def test_half_of_a_surrogate_pair_ends_nothing() -> None:
    """Anybody in a room may say it, and be called so."""
    async with a_place() as place:
        await place.ready()
        odd = place.join(LocalMember("al\ud800ce", role="us\ud800r"))

        odd.send("gateway", "ch\ud800t", {"text": "\ud800"})
        await place.until(lambda: place.told(EventType.MESSAGE_RECEIVED) == 1)

    event = next(e for e in place.store.events if e.type is EventType.MESSAGE_RECEIVED)
    assert (event.message_type, event.from_name) == ("ch?t", "al?ce")


async def test_a_message_is_acknowledged() -> None:
    """By the room, and the one it is for has it."""
    heard: list[Heard] = []
    async with a_place() as place:
        alice = place.join(LocalMember("alice", on_heard=heard.append))
        await place.ready()
        attachment = b"bytes"

        async with asyncio.timeout(5):
            await place.link.post(alice.id, MESSAGE, attachment)
            await place.link.post(None, MESSAGE, b"")

    said = [each for each in heard if each.type == "chat"]
    assert [each.attachment for each in said] == [b"bytes", b""]


async def test_the_rooms_refusal_is_told_with_its_code() -> None:
    """Nobody of that id is there."""
    async with a_place() as place:
        await place.ready()

        with pytest.raises(Refused) as caught:
            await place.link.post("nobody", MESSAGE, b"")

    assert caught.value.code == 1003


async def test_a_type_of_the_protocol_is_refused_like_any_other() -> None:
    """It must not end whoever writes it."""
    message: OutgoingMessage = replace(MESSAGE, type="participant.enabled")
    async with a_place() as place:
        await place.ready()

        with pytest.raises(Refused) as caught:
            await place.link.post(None, message, b"")

    assert caught.value.code is None


async def test_a_link_cut_before_the_acknowledgement_is_unknown_and_comes_back() -> (
    None
):
    """With a gap, exactly one."""
    async with a_place() as place:
        await place.ready()
        place.server.emulator.faults("lobby").cut_before_acknowledging()

        with pytest.raises(OutcomeUnknown):
            await place.link.post(None, MESSAGE, b"")
        await place.until(lambda: place.told(EventType.ROOM_GAP) == 1)

    assert place.told(EventType.ROOM_DISCONNECTED) >= 1
    assert place.told(EventType.ROOM_CONNECTED) == 2


async def test_an_overdue_acknowledgement_may_come_after_all() -> None:
    """The link lives on, and tells."""
    # The deadline of the join is slept out first.
    options = replace(QUICK, acknowledgement_timeout_s=0.05, join_timeout_s=1.0)
    async with a_place(options=options) as place:
        await place.ready()
        place.server.emulator.faults("lobby").delay(acknowledgements_s=1.2)

        with pytest.raises(OutcomeUnknown) as caught:
            await place.link.post(None, MESSAGE, b"")
        late = caught.value.late
        assert late is not None
        async with asyncio.timeout(5):
            await late


async def test_nothing_is_written_once_we_have_stepped_out() -> None:
    """Until we are asked to come back."""
    async with a_place() as place:
        place.join(LocalMember("alice"))
        await place.ready()
        await place.until(lambda: len(place.link.presence.participants) == 1)
        place.link.step_out("the store takes nothing")
        await place.until(lambda: place.told(EventType.ROOM_DISCONNECTED) == 1)
        status, presence = place.link.status, place.link.presence

        with pytest.raises(NotReady):
            await place.link.post(None, MESSAGE, b"")
        await place.link.reconnect()
        await place.until(lambda: place.told(EventType.ROOM_CONNECTED) == 2)

    assert status.last_error == "the store takes nothing"
    assert not presence.connected
    assert [one.online for one in presence.participants] == [False]


async def test_who_comes_changes_and_goes_is_told() -> None:
    """In that order."""
    async with a_place() as place:
        await place.ready()
        bob = place.join(LocalMember("bob"))
        await place.until(lambda: place.told(EventType.PARTICIPANT_JOINED) == 1)

        bob.leave()
        await place.until(lambda: place.told(EventType.PARTICIPANT_LEFT) == 1)

    types = [event.type.value for event in place.store.events]
    joined, left = types.index("participant.joined"), types.index("participant.left")
    assert joined < left


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        (to("alice"), ["alice"]),
        (to("bob", "alice"), ["bob", "bob", "alice"]),
        ((Address(AddressKind.ROLE, "agent"),), ["bob", "bob"]),
        ((Address(AddressKind.ID, "alice"),), []),
        ((Address(AddressKind.SENDER, "gone", "alice", "user"),), ["alice"]),
        (to("nobody"), []),
        (None, ["alice", "bob", "bob"]),
    ],
)
async def test_an_address_leads_to_those_it_can_mean(
    addresses: tuple[Address, ...] | None, found: list[str]
) -> None:
    """By id or name or role; everybody for a broadcast."""
    async with a_place() as place:
        await place.ready()
        for name, role in (("alice", "user"), ("bob", "agent"), ("bob", "agent")):
            place.join(LocalMember(name, role=role))
        await place.until(lambda: len(place.link.presence.participants) == 3)

        reachable = place.link.reachable(addresses)
        alice = next(x for x in place.link.reachable(None) if x.name == "alice")
        by_id = place.link.reachable(to(alice.id, "alice"))

    assert [one.name for one in reachable] == found
    assert list(by_id) == [alice]


async def test_a_name_leads_to_who_bears_it_now() -> None:
    """What was found for the message before is found again only while it is so."""
    async with a_place() as place:
        await place.ready()
        first = place.join(LocalMember("bob"))
        await place.until(lambda: place.told(EventType.PARTICIPANT_JOINED) == 1)
        before = place.link.reachable(to("bob"))
        again = place.link.reachable(to("bob"))

        first.leave()
        await place.until(lambda: place.told(EventType.PARTICIPANT_LEFT) == 1)
        nobody = place.link.reachable(to("bob"))
        place.join(LocalMember("alice"))
        place.join(LocalMember("bob"))
        await place.until(lambda: place.told(EventType.PARTICIPANT_JOINED) == 3)
        after = place.link.reachable(to("bob"))

    assert list(again) == list(before)
    assert list(nobody) == []
    assert [one.id for one in after] != [one.id for one in before]
    assert [one.name for one in after] == ["bob"]


async def test_messaging_is_turned_off_and_on() -> None:
    """While it is off nobody is known, and an id is taken on trust."""
    async with a_place() as place:
        place.join(EchoMember())
        await place.ready()
        await place.until(lambda: len(place.link.presence.participants) == 1)
        await place.link.disable()
        off = place.link.status.messaging_enabled
        nobody = place.link.reachable(to("echo"))
        trusted = place.link.reachable((Address(AddressKind.ID, "p-1"),))

        await place.link.enable()
        await place.until(lambda: len(place.link.presence.participants) == 1)

        assert place.link.status.messaging_enabled
    assert (off, nobody) == (False, [])
    assert [one.id for one in trusted] == ["p-1"]


async def test_a_room_may_refuse_messaging() -> None:
    """Its code is told, and we stay."""
    async with a_place(messaging=False) as place:
        await place.ready()
        place.server.emulator.faults("lobby").refuse_enable()

        with pytest.raises(Refused):
            await place.link.enable()

        assert not place.link.status.messaging_enabled
