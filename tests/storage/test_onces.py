"""What only one message may ever use up."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.bridge.ports import AlreadyDone, Done, Once
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attachment, MessageStatus
from gateway.storage.engine import CommitFailed
from gateway.storage.onces import place_of
from gateway.storage.store import Store
from gateway.storage.writer import CHECKS
from tests.conformance.ports import joined, outgoing, webhook
from tests.fakes.clock import NOON, FakeClock
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import opened, query

LINK = Once("link", "dlv_1")
KEY = Once("key:key_1:POST /send", "k-1", "f1")
BATCH = [(outgoing("1"), None), (outgoing("2"), None)]


def faulty(store: Store) -> FaultyChannel:
    """Have a store's commits fail as a test tells them to."""
    channel = FaultyChannel(store._writer._channel)
    store._writer._channel = channel
    return channel


async def test_one_commit_stores_one_of_two(tmp_path: Path) -> None:
    """Of two in one commit the first is stored, and all others of it with it."""
    async with opened(tmp_path) as store:
        outcomes = await asyncio.gather(
            store.outbox.add(outgoing("1"), once=LINK),
            store.outbox.add(outgoing("2"), once=LINK),
            store.outbox.add(outgoing("3")),
            return_exceptions=True,
        )
        rows = await query(store, "SELECT id FROM message ORDER BY position")

    assert outcomes[0] is outcomes[2] is None
    assert isinstance(outcomes[1], AlreadyDone)
    assert outcomes[1].message_id == "msg_1"
    assert rows == [("msg_1",), ("msg_3",)]


async def test_it_is_used_up_for_good(tmp_path: Path) -> None:
    """A restart gives nothing back."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"), once=LINK)

    async with opened(tmp_path) as store:
        with pytest.raises(AlreadyDone) as refusal:
            await store.outbox.add(outgoing("2"), once=LINK)

    assert refusal.value.message_id == "msg_1"


async def test_a_large_attachment_is_not_kept_for_nothing(tmp_path: Path) -> None:
    """Bytes that were stored ahead for a message that was too late are swept."""
    data = bytes(200_000)
    late = outgoing("2", attachment=Attachment(len(data), "x"))
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"), once=LINK)
        with pytest.raises(AlreadyDone):
            await store.outbox.add(late, data, once=LINK)
        pending = await store.outbox.pending("lobby")
        known = await query(store, "SELECT message_id FROM attachment")

    assert [message.id for message in pending] == ["msg_1"]
    assert known == [("msg_2",)]  # Until the sweep of what nothing refers to.


async def test_what_a_batch_used_up_is_known_after_a_restart(tmp_path: Path) -> None:
    """All its messages are, in order."""
    async with opened(tmp_path) as store:
        await store.outbox.add_all(BATCH, once=KEY)

    async with opened(tmp_path) as store:
        found = await store.outbox.done(KEY)

    assert found == Done(("msg_1", "msg_2"), "f1")


@pytest.mark.parametrize("once", [None, KEY])
async def test_a_batch_is_stored_whole_or_not_at_all(
    tmp_path: Path, once: Once | None
) -> None:
    """One message that cannot be stored keeps the others out, and the key free."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("2"))

        outcomes = await asyncio.gather(
            store.outbox.add(outgoing("0")),
            store.outbox.add_all(BATCH, once=once),
            store.outbox.add(outgoing("3")),
            return_exceptions=True,
        )

        pending = [one.id for one in await store.outbox.pending("lobby")]
        assert isinstance(outcomes[1], IntegrityError)
        assert pending == ["msg_2", "msg_0", "msg_3"]
        assert await store.outbox.done(KEY) is None


async def test_a_commit_in_doubt_that_was_one_uses_its_key_up_once(
    tmp_path: Path,
) -> None:
    """Whoever asked is told of success, and whoever repeats it of what was stored."""
    async with opened(tmp_path) as store:
        faulty(store).after.append(CommitFailed())

        await store.outbox.add_all(BATCH, once=KEY)

        with pytest.raises(AlreadyDone) as refusal:
            await store.outbox.add_all([(outgoing("3"), None)], once=KEY)
        assert refusal.value.done == Done(("msg_1", "msg_2"), "f1")


async def test_a_commit_in_doubt_that_was_none_leaves_its_key_free(
    tmp_path: Path,
) -> None:
    """A refusal that stored nothing is no use of it."""
    async with opened(tmp_path) as store:
        faulty(store).before.append(CommitFailed())

        with pytest.raises(StoreUnavailable):
            await store.outbox.add_all(BATCH, once=KEY)

        assert await store.outbox.done(KEY) is None
        await store.outbox.add_all(BATCH, once=KEY)
        assert len(await store.outbox.pending("lobby")) == 2


@pytest.mark.parametrize("once", [None, KEY])
async def test_a_commit_nobody_can_tell_of_is_taken_back(
    tmp_path: Path, once: Once | None
) -> None:
    """Whoever submitted it was told that nothing was stored, and may submit it again.

    What was committed along with it stays, and is told of.
    """
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        channel = faulty(store)
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS))]
        hidden = store.outbox.add_all(BATCH, once=once)
        joining = store.log.append(joined("1"))
        while not joining.done():
            await clock.advance(1)

        before = await store.outbox.done(KEY)
        await store.outbox.add_all([(outgoing("3"), None)], once=once)
        after = await store.outbox.done(KEY)

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert isinstance(joining.exception(), StoreUnavailable)
        assert before is None
        assert after == (once and Done(("msg_3",), "f1"))
        pending = [one.id for one in await store.outbox.pending("lobby")]
        assert pending == ["msg_3"]
        assert [event.seq for event in await store.log.read()] == [1]


async def test_a_key_is_not_told_of_while_nobody_can_tell(tmp_path: Path) -> None:
    """What used it up may be taken back."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        channel = faulty(store)
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS + 1))]
        hidden = store.outbox.add_all(BATCH, once=KEY)
        while not hidden.done():
            await clock.advance(1)

        with pytest.raises(StoreUnavailable):
            await store.outbox.done(KEY)

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert await store.outbox.done(KEY) is None


async def test_a_message_trimmed_for_want_of_space_still_used_its_key_up(
    tmp_path: Path,
) -> None:
    """Else whoever repeats the request would have it said twice."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        gone = outgoing("1", status=MessageStatus.SENT)
        await store.outbox.add(gone, once=KEY)
        clock.jump(60)

        await store.sweep(
            messages=timedelta(seconds=1), dead=timedelta(days=1), most_bytes=1
        )

        assert await store.messages.get("msg_1") is None
        assert await store.outbox.done(KEY) == Done(("msg_1",), "f1")


async def test_an_answer_is_sealed_for_its_place(tmp_path: Path) -> None:
    """It may hold a secret: the file does not, and another key does not open it."""
    one, other = Once("a", "1"), Once("a", "2")
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook("1"), once=one, answer="whsec_1")
        await store.webhooks.put(webhook("2"), once=other, answer="whsec_2")
        sealed = await query(store, "SELECT answer, created_at FROM once ORDER BY key")
        found = store.sealer.opened(sealed[0][0], place_of(other))

    assert "whsec" not in sealed[0][0]
    assert sealed[0][1] == NOON.timestamp() * 1_000_000
    assert found is None


def test_no_two_places_are_the_same() -> None:
    """However scope and key are cut."""
    assert place_of(Once("a", "b:c")) != place_of(Once("a:b", "c"))


async def test_keys_are_found_by_their_index(tmp_path: Path) -> None:
    """However many there are, and however many are asked for at once."""
    async with opened(tmp_path) as store:
        found = "SELECT * FROM once WHERE scope = 'a' AND key IN ('b', 'c')"
        old = "SELECT * FROM once WHERE created_at < 1"
        plans = [
            plan
            for statement in (found, old)
            for plan in await query(store, f"EXPLAIN QUERY PLAN {statement}")
        ]

    assert [plan[3].split()[0] for plan in plans] == ["SEARCH", "SEARCH"]


async def test_one_commit_decides_for_many_keys_and_scopes(tmp_path: Path) -> None:
    """The first of each is stored, in the order in which they came."""
    used = [Once(f"scope_{n % 3}", f"k_{n % 5}") for n in range(30)]
    async with opened(tmp_path) as store:
        outcomes = await asyncio.gather(
            *(store.outbox.add(outgoing(f"{n}"), once=o) for n, o in enumerate(used)),
            return_exceptions=True,
        )
        pending = [one.id for one in await store.outbox.pending("lobby")]

    firsts = [error.message_id for error in outcomes if isinstance(error, AlreadyDone)]
    assert pending == [f"msg_{n}" for n in range(15)]
    assert firsts == pending
