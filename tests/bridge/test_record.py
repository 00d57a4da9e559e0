"""What becomes of a message is stored, and a final state is not given up on."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.bridge.entry import Entry
from gateway.bridge.ports import OutcomeUnknown, Refused
from gateway.bridge.record import Record
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import MessageStatus, OutgoingMessage
from tests.bridge.conftest import Scene
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import settle

DOWN = StoreUnavailable("disk full")


class Story:
    """A record, and a message in the store that is being written."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.settled: list[str] = []
        self.record = Record(
            self.scene.store.outbox,
            clock=self.scene.clock,
            meter=self.scene.meter,
            ids=self.scene.ids,
            settled=lambda entry: self.settled.append(entry.id),
        )
        self.added = self.scene.store.outbox.add(OUTGOING)
        self.entry = Entry(OUTGOING, None, 1, self.scene.clock.now)
        self.scene.link.arrive("alice")
        self.entry.resolve(self.scene.link.people, may_wait=False)

    def note(self) -> None:
        """Note the entry's state."""
        self.record.note(self.entry)

    def write(self) -> None:
        """Note that its only share is on its way."""
        self.note()
        self.entry.write(0)

    @property
    def stored(self) -> OutgoingMessage:
        """The message as the store has it."""
        found = self.scene.store.messages_by_id[OUTGOING.id]
        assert isinstance(found, OutgoingMessage)
        return found


async def test_an_open_state_has_no_event() -> None:
    """It is stored, and nothing is told."""
    story = Story()

    story.note()
    await settle()

    assert story.stored.status == "sending"
    assert (story.scene.happened(), story.settled) == ([], [])


@pytest.mark.parametrize(
    ("end", "status", "level"),
    [
        (lambda entry: entry.acknowledge(0), "sent", "info"),
        (
            lambda entry: entry.refuse(0, Refused(1001, "no"), may_wait=False),
            "failed",
            "warning",
        ),
        (
            lambda entry: entry.lose(0, OutcomeUnknown("lost"), may_retry=True),
            "unknown",
            "warning",
        ),
    ],
)
async def test_a_final_state_is_stored_with_its_event(
    end: Callable[[Entry], None], status: str, level: str
) -> None:
    """The message knows the event, and the log has one line."""
    story = Story()
    story.write()

    end(story.entry)
    story.note()
    await settle()

    (event,) = story.scene.store.events
    assert (story.stored.status, story.stored.event_id) == (status, event.id)
    assert event.type == f"message.{status}"
    assert story.settled == [OUTGOING.id]
    assert [line[:2] for line in story.scene.meter.lines] == [
        (level, f"message.{status}")
    ]


async def test_a_final_state_is_kept_until_the_store_takes_it() -> None:
    """It counts as open until then."""
    story = Story()
    story.write()
    story.entry.acknowledge(0)
    story.scene.store.fail_with(DOWN)
    story.note()
    under_way = story.record.is_complete
    await settle()
    kept = story.record.is_complete

    story.record.save_again()
    await settle()
    story.scene.store.fail_with(None)
    story.record.save_again()
    await settle()

    assert (under_way, kept, story.record.is_complete) == (False, False, True)
    assert story.stored.status == "sent"
    assert story.scene.happened() == ["message.sent"]


async def test_a_note_that_failed_takes_back_that_it_may_be_written() -> None:
    """Nobody would know that it had been."""
    story = Story()
    story.scene.store.fail_with(DOWN)

    story.note()
    await settle()

    assert story.entry.is_queued
    assert story.record.is_failing
    assert story.record.is_complete


async def test_a_failure_is_forgotten_at_the_next_try() -> None:
    """Else nothing would be written again."""
    story = Story()
    story.scene.store.fail_with(DOWN)
    story.note()
    await settle()

    story.record.save_again()

    assert not story.record.is_failing


async def test_a_later_state_takes_the_place_of_one_that_failed() -> None:
    """An acknowledgement came late, and `unknown` was never stored."""
    story = Story()
    story.write()
    story.scene.store.fail_with(DOWN)
    story.entry.lose(0, OutcomeUnknown("late"), may_retry=True)
    story.note()
    await settle()
    story.scene.store.fail_with(None)

    story.entry.acknowledge(0)
    story.note()
    story.record.save_again()
    await settle()

    assert story.stored.status is MessageStatus.SENT
    assert story.scene.happened() == ["message.sent"]
    assert story.settled == [OUTGOING.id]


async def test_a_store_that_is_gone_harms_nothing() -> None:
    """Its futures are cancelled at the end of the process."""
    story = Story()
    held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    story.scene.store.outbox.change = lambda *_: held  # type: ignore[method-assign]  # a store that hangs
    story.note()

    held.cancel()
    await settle()

    assert story.entry.is_sending
    assert story.settled == []


async def test_what_no_store_will_take_holds_nobody_up() -> None:
    """As when an outage hid a commit: the store has its event, and refuses another."""
    story = Story()
    story.write()
    story.entry.acknowledge(0)
    story.scene.store.fail_with(ValueError("twice"))

    story.note()
    await settle()

    assert (story.record.is_failing, story.record.is_complete) == (False, True)
    assert story.settled == [OUTGOING.id]
    (line,) = story.scene.meter.named("message.unstorable")
    assert (line["message_id"], line["reason"]) == (OUTGOING.id, "ValueError")
