"""What messages say and carry, erased."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.model import (
    Attachment,
    DeliveryState,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
)
from gateway.storage.store import Store
from tests.conformance.ports import (
    delivered,
    incoming,
    outgoing,
    received,
    sent,
    webhook,
)
from tests.fakes.clock import FakeClock
from tests.storage.opening import opened, query, run_sql

BYTES = "SELECT count(*) FROM attachment_chunk"


async def carrying(store: Store, name: str, data: bytes = b"abc") -> None:
    """Have a message with an attachment received."""
    said = incoming(name, attachment=Attachment(len(data), "x"))
    await store.log.append(received(name), message=said, attachment=data)


async def body(store: Store, name: str) -> str:
    """Return what is kept of what a message said."""
    found = await store.messages.get(f"msg_{name}")
    assert isinstance(found, IncomingMessage | OutgoingMessage)
    return found.body


async def test_what_is_delivered_is_erased_after_a_minute(tmp_path: Path) -> None:
    """The last delivery of a message takes its content along."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        for name in ("1", "2"):
            await store.webhooks.put(webhook(name))
        await carrying(store, "1")
        (one,) = await store.deliveries.claim("wh_1", 1)
        (two,) = await store.deliveries.claim("wh_2", 1)
        clock.jump(3600)
        await store.deliveries.record(delivered(one.delivery), None)
        before = await store.erase_delivered()
        await store.deliveries.record(delivered(two.delivery), None)

        after = await store.erase_delivered()
        again = await store.erase_delivered()

        assert (before, after, again) == (0, 1, 0)
        assert await body(store, "1") == "null"
        assert await query(store, BYTES) == [(0,)]


@pytest.mark.parametrize(
    "state", sorted(set(DeliveryState) - {DeliveryState.DELIVERED})
)
async def test_what_may_still_be_sent_stays(
    tmp_path: Path, state: DeliveryState
) -> None:
    """Owed, held or given up, a message keeps what it says; dropped, it does not."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await carrying(store, "1")
        await run_sql(store, "UPDATE delivery SET state = :state", state=state.value)
        clock.jump(3600)

        erased = await store.erase_delivered()

        assert erased == (state is DeliveryState.CANCELLED)


async def test_what_is_young_or_unsaid_stays(tmp_path: Path) -> None:
    """A message of this minute, or one still to be sent, is not looked at."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        now = clock.now()
        await store.outbox.add(outgoing("queued", created_at=now))
        await store.outbox.add(outgoing("sent", created_at=now))
        await store.outbox.change(*sent(outgoing("sent", created_at=now)))
        clock.jump(59)
        early = await store.erase_delivered()
        clock.jump(2)
        late = await store.erase_delivered()

        assert (early, late) == (0, 1)
        assert await body(store, "sent") == "null"
        assert await body(store, "queued") == outgoing("queued").body


async def test_many_are_erased_with_their_bytes(tmp_path: Path) -> None:
    """However many there are, each is erased once, and nothing of it is left."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        for n in range(20):
            await carrying(store, f"{n}", bytes(70_000))
        clock.jump(timedelta(hours=1).total_seconds())

        assert await store.erase_delivered() == 20
        assert await query(store, BYTES) == [(0,)]


async def test_bytes_left_behind_are_swept(tmp_path: Path) -> None:
    """A process that ends between the two leaves bytes that the next sweep takes."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await carrying(store, "1")
        await run_sql(store, "UPDATE message SET body = NULL, attachment_size = NULL")
        clock.jump(7200)

        await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))

        assert await query(store, BYTES) == [(0,)]


@pytest.mark.parametrize("status", MessageStatus)
async def test_only_what_is_final_is_erased(
    tmp_path: Path, status: MessageStatus
) -> None:
    """Each status is final to the store that is final to everybody."""
    async with opened(tmp_path) as store:
        message = replace(outgoing("1"), status=status)
        await store.outbox.add(message)

        failed = store.messages.erase("msg_1")
        await query(store, "SELECT 1")

        assert (failed.exception() is None) is status.is_final
