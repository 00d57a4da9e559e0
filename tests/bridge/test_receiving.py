"""What is heard becomes events, and a store that fails loses none of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.bridge.ports import Log, RoomRecord
from gateway.bridge.receiving import INSTANCE_ATTRIBUTE, MOST_PENDING, Receiving
from gateway.bridge.rooms import Memory
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Event, EventType, IncomingMessage, Sender
from gateway.domain.recipients import Present
from tests.bridge.conftest import Scene
from tests.fakes.clock import NOON, settle

ALICE = Sender("p-1", "alice", "user")
US = Present("p-0", "gateway", "agent", {INSTANCE_ATTRIBUTE: "i-1"}, NOON)
DOWN = StoreUnavailable("disk full")


class SlowLog:
    """Satisfies `Log`: takes everything, and has not stored it yet."""

    def append(
        self,
        *_events: Event,
        message: IncomingMessage | None = None,
        attachment: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Return a future that is never done."""
        del message, attachment
        return asyncio.get_running_loop().create_future()


class Hearing:
    """A `Receiving` at work in a scene's room, which is ready."""

    def __init__(
        self, record: RoomRecord | None = None, *, log: Log | None = None
    ) -> None:
        self.scene = Scene()
        store = self.scene.store
        memory = Memory(record or RoomRecord("lobby"), store.rooms)
        self.room = replace(self.scene.room, memory=memory)
        self.link = self.scene.link
        self.link.own = US
        self.link.become("ready")
        self.receiving = Receiving(
            self.room,
            log or store.log,
            clock=self.scene.clock,
            meter=self.scene.meter,
            ids=self.scene.ids,
            instance="i-1",
        )

    async def hear(self, text: str, attachment: bytes = b"") -> None:
        """Take in a message of alice."""
        now = self.scene.clock.now()
        await self.receiving.message(ALICE, "chat", {"text": text}, attachment, now)

    def data(self, type_: str) -> list[dict[str, Any]]:
        """Return what the events of a type tell."""
        events = self.scene.store.events
        return [json.loads(e.data or "{}") for e in events if e.type == type_]

    @property
    def said(self) -> list[str]:
        """Return the texts that were received, in the order of the log."""
        found = []
        for event in self.scene.store.events:
            message = self.scene.store.messages_by_id.get(event.message_id or "")
            if isinstance(message, IncomingMessage):
                found.append(json.loads(message.body)["text"])
        return found


@pytest.fixture
async def hearing() -> AsyncIterator[Hearing]:
    """A room in which somebody listens."""
    hearing = Hearing()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hearing.receiving.run())
        await settle()
        yield hearing
        running.cancel()


async def started(
    tasks: asyncio.TaskGroup, work: Coroutine[Any, Any, None]
) -> asyncio.Task[None]:
    """Start something and let it run as far as it goes."""
    task = tasks.create_task(work)
    await settle()
    return task


async def test_a_message_is_stored_with_its_event(hearing: Hearing) -> None:
    """Its content once, and the event that refers to it."""
    await hearing.hear("hi", b"bytes")

    (event,) = hearing.scene.store.events
    message = hearing.scene.store.messages_by_id[event.message_id or ""]
    assert isinstance(message, IncomingMessage)
    assert (event.type, event.message_type, event.from_name) == (
        EventType.MESSAGE_RECEIVED, "chat", "alice",
    )  # fmt: skip
    assert (message.body, message.sender, message.event_id) == (
        '{"text":"hi"}', ALICE, event.id,
    )  # fmt: skip
    assert message.attachment is not None
    assert message.attachment.size == 5
    assert hearing.scene.store.attachments[message.id] == b"bytes"


@pytest.mark.parametrize("text", ["grüß dich", "\U0001f600", "\ud800", "ü\udfff"])
async def test_whatever_is_said_can_be_stored(hearing: Hearing, text: str) -> None:
    """Half of a surrogate pair is no text: it is kept as its escape."""
    await hearing.hear(text)

    (message,) = hearing.scene.store.messages_by_id.values()
    assert json.loads(message.body) == {"text": text}
    assert message.body.encode()


@pytest.mark.parametrize("after_gap", [True, False])
async def test_who_comes_and_goes_is_told(hearing: Hearing, *, after_gap: bool) -> None:
    """With what changed, and whether we only found it so."""
    who = Present("p-1", "alice", "user", {"mood": "good"}, NOON)

    await hearing.receiving.participant(
        EventType.PARTICIPANT_UPDATED,
        who,
        changed={"mood": "good"},
        after_gap=after_gap,
        at=NOON,
    )

    (told,) = hearing.data("participant.updated")
    assert told["participant"]["name"] == "alice"
    assert told["changed"] == {"mood": "good"}
    assert told.get("after_gap", False) is after_gap


async def test_the_very_first_join_is_no_gap(hearing: Hearing) -> None:
    """There is nothing before it that could have been missed."""
    await hearing.receiving.connected("p-0", NOON)

    assert hearing.scene.happened() == ["room.connected"]


async def test_each_absence_is_one_gap(hearing: Hearing) -> None:
    """From the last proof of life to the return."""
    alive, back = NOON + timedelta(seconds=5), NOON + timedelta(seconds=60)
    await hearing.receiving.connected("p-0", NOON)
    gone = NOON + timedelta(seconds=9)
    await hearing.receiving.disconnected("lost", 1006, alive, gone)

    await hearing.receiving.connected("p-0", back)

    assert hearing.scene.happened() == [
        "room.connected", "room.disconnected", "room.connected", "room.gap",
    ]  # fmt: skip
    assert hearing.data("room.gap") == [
        {"from": "2026-03-14T12:00:05.000Z", "to": "2026-03-14T12:01:00.000Z"}
    ]
    assert hearing.data("room.disconnected")[0]["close_code"] == 1006
    for type_ in ("room.connected", "room.disconnected"):
        assert hearing.data(type_)[0].keys() >= {"state", "reason", "attempt"}


async def test_a_restart_is_a_gap() -> None:
    """From what the process before remembered."""
    hearing = Hearing(RoomRecord("lobby", last_alive_at=NOON))

    await hearing.receiving.connected("p-0", NOON + timedelta(seconds=30))

    assert hearing.data("room.gap") == [
        {"from": "2026-03-14T12:00:00.000Z", "to": "2026-03-14T12:00:30.000Z"}
    ]


async def test_the_last_proof_of_life_outlives_the_process(hearing: Hearing) -> None:
    """It is stored every ten seconds, and when the room is lost."""
    await hearing.scene.clock.advance(10)
    kept = hearing.scene.store.records["lobby"].last_alive_at
    lost_at = NOON + timedelta(seconds=17)

    await hearing.receiving.disconnected("lost", 1006, lost_at, lost_at)

    assert kept == NOON + timedelta(seconds=10)
    assert hearing.scene.store.records["lobby"].last_alive_at == lost_at


async def test_what_is_not_stored_yet_is_not_proven_to_be_heard() -> None:
    """A stop would lose it: the gap that follows has to begin before it."""
    hearing = Hearing(log=SlowLog())
    heard_at = hearing.scene.clock.now()
    await hearing.hear("with a large attachment")
    lost_at = heard_at + timedelta(seconds=5)

    await hearing.receiving.disconnected("lost", 1006, lost_at, lost_at)

    assert hearing.scene.store.records["lobby"].last_alive_at == heard_at


async def test_nothing_is_proof_of_life_while_we_are_away(hearing: Hearing) -> None:
    """Else a gap would look shorter than it was."""
    hearing.link.become("reconnecting")

    await hearing.scene.clock.advance(30)

    assert hearing.scene.store.records == {}


async def test_an_orderly_stop_notes_that_all_was_heard(hearing: Hearing) -> None:
    """The next start need not call it a gap of ten seconds."""
    hearing.scene.clock.jump(3)

    await hearing.receiving.stopped()

    alive_at = hearing.scene.store.records["lobby"].last_alive_at
    assert alive_at == NOON + timedelta(seconds=3)


async def test_a_store_that_fails_stops_the_reading_and_loses_nothing(
    hearing: Hearing,
) -> None:
    """What was heard is stored in its order when the store is back."""
    hearing.scene.store.fail_with(DOWN)
    async with asyncio.TaskGroup() as tasks:
        first = await started(tasks, hearing.hear("one"))
        second = await started(tasks, hearing.hear("two"))
        held_back = (first.done(), second.done())

        hearing.scene.store.fail_with(None)
        await hearing.scene.clock.advance(1)

    assert held_back[1] is False
    assert hearing.said == ["one", "two"]
    assert hearing.link.asked == []
    assert len(hearing.scene.meter.named("store.recovered")) == 1


async def test_after_ten_seconds_we_leave_and_come_back_with_the_store(
    hearing: Hearing,
) -> None:
    """The room is not held back for ever, and the gap can be seen."""
    hearing.scene.store.fail_with(DOWN)
    async with asyncio.TaskGroup() as tasks:
        first = await started(tasks, hearing.hear("one"))
        await hearing.scene.clock.advance(9)
        before = list(hearing.link.asked)
        await hearing.scene.clock.advance(20)
        away = list(hearing.link.asked)

        hearing.scene.store.fail_with(None)
        await hearing.scene.clock.advance(1)

    assert before == []
    assert away == ["step_out: what is received cannot be stored"]
    assert first.done()
    assert hearing.link.asked == [*away, "reconnect"]
    assert hearing.said == ["one"]


async def test_what_no_store_takes_holds_nothing_up(hearing: Hearing) -> None:
    """It is passed over with an error, and what follows is stored."""
    hearing.scene.store.fail_with(UnicodeError("no text"))
    await hearing.hear("one")
    await settle()
    hearing.scene.store.fail_with(None)

    await hearing.hear("two")

    assert hearing.said == ["two"]
    assert len(hearing.scene.meter.named("event.unstorable")) == 1


async def test_nobody_is_held_back_at_the_end() -> None:
    """The store fails, and the process is to stop."""
    hearing = Hearing()
    hearing.scene.store.fail_with(DOWN)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hearing.receiving.run())
        await settle()
        for number in range(MOST_PENDING + 2):
            tasks.create_task(hearing.hear(str(number)))
        await settle()

        running.cancel()

    assert hearing.said == []


async def test_only_so_much_is_on_its_way(hearing: Hearing) -> None:
    """A store that is slow holds the reading back before memory fills."""
    log, slow = hearing.scene.store.log, list[asyncio.Future[None]]()

    def append(*_: object, **__: object) -> asyncio.Future[None]:
        slow.append(asyncio.get_running_loop().create_future())
        return slow[-1]

    log.append = append  # type: ignore[method-assign]  # a store that hangs
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_hear_many(hearing, MOST_PENDING + 10))
        await settle(MOST_PENDING + 64)
        pending = len(slow)

        while not reading.done():
            for each in slow:
                each.done() or each.set_result(None)  # type: ignore[func-returns-value]  # short
            await settle(8)

    assert pending == MOST_PENDING
    assert len(slow) == MOST_PENDING + 10


async def _hear_many(hearing: Hearing, count: int) -> None:
    for number in range(count):
        await hearing.hear(str(number))


def double(instance: str | None, id_: str = "p-9") -> Present:
    """Return a participant of our name."""
    attributes = {} if instance is None else {INSTANCE_ATTRIBUTE: instance}
    return Present(id_, "gateway", "agent", attributes, NOON)


async def test_another_gateway_of_our_name_is_warned_of_once(hearing: Hearing) -> None:
    """After a minute, because a restart looks the same for a while."""
    hearing.link.people = [double("i-1", "p-8"), double("i-2")]
    await hearing.scene.clock.advance(60)
    before = hearing.scene.happened()

    await hearing.scene.clock.advance(60)

    assert before == []
    assert hearing.scene.happened() == ["room.duplicate_gateway"]
    assert hearing.room.warnings == {"duplicate_gateway"}


async def test_each_episode_of_another_gateway_is_warned_of(hearing: Hearing) -> None:
    """It went, and came again."""
    for _ in range(2):
        hearing.link.people = [double("i-2")]
        await hearing.scene.clock.advance(80)
        hearing.link.people = []
        await hearing.scene.clock.advance(10)

    assert hearing.scene.happened() == ["room.duplicate_gateway"] * 2
    assert hearing.room.warnings == set()


@pytest.mark.parametrize("instance", ["i-1", None])
async def test_what_is_left_of_us_is_no_other_gateway(
    hearing: Hearing, instance: str | None
) -> None:
    """Nor is a person of our name."""
    hearing.link.people = [double(instance)]

    await hearing.scene.clock.advance(120)

    assert hearing.scene.happened() == []
