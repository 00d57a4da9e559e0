"""What is written is counted until it is answered; late answers find their place."""

import asyncio
import gc
from dataclasses import dataclass, field, replace

import pytest

from gateway.bridge.entry import Entry
from gateway.bridge.held import DispatchOptions
from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused
from gateway.bridge.posting import Posting
from gateway.bridge.whereabouts import Whereabouts
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import MessageStatus, Recipient
from tests.bridge.conftest import to
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import FakeClock, settle
from tests.fakes.link import FakeLink

ALICE = Recipient(0, "alice", "id-alice", MessageStatus.SENDING)
BOB = Recipient(1, "bob", "id-bob", MessageStatus.SENDING)


@dataclass
class Table:
    """A room, and what is written to it."""

    clock: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin in a room that is ready."""
        self.link = FakeLink(self.clock)
        self.link.become("ready")
        limits = DispatchOptions(window=2, window_bytes=1000)
        self.posting = Posting(
            self.link,
            Whereabouts(self.link, self.clock),
            limits,
            lambda entry: self.told.append(entry.status.value),
        )

    def entry(self, *shares: Recipient) -> Entry:
        """Return the entry of a message, to alice alone if nobody is given."""
        given = shares or (ALICE,)
        addresses = to(*(each.name or "" for each in given))
        message = replace(OUTGOING, to=addresses, recipients=given)
        return Entry(
            replace(message, status=MessageStatus.SENDING), None, 1, self.clock.now
        )

    async def lose(self, entry: Entry) -> asyncio.Future[None]:
        """Write alice's share, lose it, and return what may come late."""
        self.posting.write(entry, [0])
        late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        outcome = OutcomeUnknown("not in time", late)
        self.link.posts[-1].acknowledged.set_exception(outcome)
        await settle()
        return late

    def retry(self, entry: Entry, *, is_accepted: bool = True) -> Entry:
        """Return what takes an entry's place."""
        again = Entry(entry.snapshot(), None, 2, self.clock.now)
        again.retry()
        if is_accepted:
            again.accepted.set_result(None)
        entry.succeed(again)
        return again


async def test_what_is_written_takes_room_in_the_window() -> None:
    """By number and by bytes, until it is answered."""
    table = Table()

    takes = table.posting.write(table.entry(ALICE, BOB), [0, 1])
    during = (table.posting.count, table.posting.bytes, table.posting.has_window)
    for post in table.link.posts:
        post.acknowledged.set_result(None)
    await settle()

    assert takes
    assert during == (2, 26, False)
    assert (table.posting.count, table.posting.bytes) == (0, 0)
    assert table.told == ["sending", "sent"]


async def test_a_room_that_goes_away_takes_no_more() -> None:
    """What it has not taken is not counted."""
    table = Table()
    table.link.become("reconnecting")

    assert not table.posting.write(table.entry(), [0])
    assert table.posting.count == 0


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NotReady(), "queued"),
        (Refused(1001, "no"), "failed"),
        (OutcomeUnknown("lost"), "unknown"),
    ],
)
async def test_an_answer_is_what_becomes_of_a_share(
    answer: Exception, status: str
) -> None:
    """And is told of."""
    table = Table()
    table.posting.write(table.entry(), [0])

    table.link.posts[0].acknowledged.set_exception(answer)
    await settle()

    assert table.told == [status]


async def test_an_answer_that_nobody_waits_for_any_longer_is_unknown() -> None:
    """At a stop."""
    table = Table()
    table.posting.write(table.entry(), [0])

    table.link.posts[0].acknowledged.cancel()
    await settle()

    assert table.told == ["unknown"]


async def test_a_late_acknowledgement_corrects_what_was_unknown() -> None:
    """It was said after all."""
    table = Table()
    entry = table.entry()
    late = await table.lose(entry)

    late.set_result(None)
    await settle()

    assert table.told == ["unknown", "sent"]


async def test_an_acknowledgement_that_never_comes_changes_nothing() -> None:
    """The link was lost while it was awaited."""
    table = Table()
    late = await table.lose(table.entry())

    late.cancel()
    await settle()

    assert table.told == ["unknown"]


async def test_what_was_said_at_first_is_not_said_by_a_retry() -> None:
    """If it is known in time."""
    table = Table()
    entry = table.entry()
    late = await table.lose(entry)
    again = table.retry(entry)

    late.set_result(None)
    await settle()

    assert (again.status, entry.status) == ("sent", "unknown")
    assert not again.is_unfinished


@pytest.mark.parametrize("is_stored", [True, False])
async def test_what_was_said_at_first_counts_for_a_retry_that_is_stored(
    *, is_stored: bool
) -> None:
    """Until that is known it counts for nothing, and then for the first try, or it."""
    table = Table()
    entry = table.entry()
    late = await table.lose(entry)
    again = table.retry(entry, is_accepted=False)

    late.set_result(None)
    await settle()
    during = (entry.status, again.status)
    if is_stored:
        again.accepted.set_result(None)
    else:
        again.accepted.set_exception(StoreUnavailable("disk full"))
    await settle()

    assert during == ("unknown", "queued")
    assert (entry.status, again.status) == (
        ("unknown", "sent") if is_stored else ("sent", "queued")
    )


async def test_what_is_being_said_again_has_its_own_acknowledgement() -> None:
    """The first one does not stand for it."""
    table = Table()
    entry = table.entry()
    late = await table.lose(entry)
    again = table.retry(entry)
    table.link.arrive("alice")
    again.resolve(table.link.people, may_wait=False)
    table.posting.write(again, [0])

    late.set_result(None)
    await settle()

    assert again.posted == {0}
    assert again.status is MessageStatus.SENDING


async def test_an_entry_is_remembered_while_it_may_be_acknowledged() -> None:
    """A retry has to know of it."""
    table = Table()
    entry = table.entry()
    late = await table.lose(entry)
    during = table.posting.awaited(entry.id)

    late.set_result(None)
    await settle()
    was_it, id_ = during is entry, entry.id
    del entry, during
    table.link.posts.clear()
    gc.collect()  # The exception that it failed with has seen the entry.

    assert was_it
    assert table.posting.awaited(id_) is None
