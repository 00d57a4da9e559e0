"""What every list of messages promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.ports import MessageFilter
from gateway.domain.errors import Invalid, NotFound, WrongState
from gateway.domain.model import (
    Attachment,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Sender,
)
from tests.conformance.ports import (
    Ports,
    attempt,
    delivered,
    incoming,
    outgoing,
    received,
    sent,
    webhook,
)
from tests.fakes.clock import NOON


@pytest.fixture
async def talk(store: Ports) -> Ports:
    """Return a store with four messages of an hour, oldest first: o1, i1, o2, i2."""
    hour = [NOON + timedelta(minutes=20 * n) for n in range(4)]
    first = outgoing("o1", created_at=hour[0], ref="r-1", status=MessageStatus.SENT)
    await store.outbox.add(first)
    heard = incoming("i1", created_at=hour[1], type="note")
    await store.log.append(received("i1"), message=heard)
    await store.outbox.add(outgoing("o2", created_at=hour[2], room="attic", to=None))
    bob = Sender(id="p-2", name="bob", role="user")
    heard = incoming("i2", created_at=hour[3], sender=bob)
    await store.log.append(received("i2"), message=heard)
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (MessageFilter(), ["i2", "o2", "i1", "o1"]),
        (MessageFilter(newest_first=False), ["o1", "i1", "o2", "i2"]),
        (MessageFilter(direction="in"), ["i2", "i1"]),
        (MessageFilter(direction="out"), ["o2", "o1"]),
        (MessageFilter(types=["note", "other"]), ["i1"]),
        (MessageFilter(types=[]), []),
        (MessageFilter(senders=["alice"]), ["i1"]),
        (MessageFilter(senders=["p-2"]), ["i2"]),
        (MessageFilter(to="alice"), ["o1"]),
        (MessageFilter(rooms=["attic"]), ["o2"]),
        (MessageFilter(statuses=[MessageStatus.QUEUED]), ["o2"]),
        (MessageFilter(ref="r-1"), ["o1"]),
        (MessageFilter(since=NOON + timedelta(minutes=40)), ["i2", "o2"]),
        (MessageFilter(until=NOON + timedelta(minutes=40)), ["i1", "o1"]),
    ],
)
async def test_a_filter_leaves_what_it_says(
    talk: Ports, query: MessageFilter, expected: list[str]
) -> None:
    """Each filter narrows the list as its name says; times are from, and before."""
    page = await talk.messages.list(query)

    assert [message.id for message in page.messages] == [f"msg_{n}" for n in expected]
    assert page.next_cursor is None


@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_cover_the_list_once(talk: Ports, *, newest_first: bool) -> None:
    """Following cursors gives every message once, in the order of one long page."""
    query = MessageFilter(limit=3, newest_first=newest_first)
    whole = await talk.messages.list(replace(query, limit=50))

    first = await talk.messages.list(query)
    second = await talk.messages.list(replace(query, cursor=first.next_cursor))

    assert [*first.messages, *second.messages] == list(whole.messages)
    assert first.next_cursor is not None
    assert second.next_cursor is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "m", "m-1", "d5", "m५", "m1.5", "m" + "9" * 30]
)
async def test_a_foreign_cursor_is_refused(talk: Ports, cursor: str) -> None:
    """A cursor that was not given by this list is the caller's error."""
    with pytest.raises(Invalid):
        await talk.messages.list(MessageFilter(cursor=cursor))


async def test_an_unknown_message_is_none(store: Ports) -> None:
    """A message that is not held here is None."""
    assert await store.messages.get("msg_nobody") is None


async def test_an_erased_message_keeps_its_facts(store: Ports) -> None:
    """Body and attachment are gone for good; who said it, and when, stays."""
    await store.webhooks.put(webhook())
    said = incoming("1", attachment=Attachment(2, "x"))
    await store.log.append(received("1"), message=said, attachment=b"ok")
    before = await store.messages.get("msg_1")

    await store.messages.erase("msg_1")
    await store.messages.erase("msg_1")

    found = await store.messages.get("msg_1")
    assert isinstance(before, IncomingMessage)
    assert found == replace(before, body="null", attachment=None)
    with pytest.raises(KeyError):
        await store.messages.attachment("msg_1")
    (due,) = await store.deliveries.claim("wh_1", 1)
    assert (due.message, due.attachment) == (found, None)


async def test_what_receivers_answered_is_erased_with_a_message(store: Ports) -> None:
    """Many repeat what they were sent; answers to other messages stay."""
    await store.webhooks.put(webhook())
    for name in ("1", "2"):
        await store.log.append(received(name), message=incoming(name))
    dues = await store.deliveries.claim("wh_1", 9)
    for due in dues:
        await store.deliveries.record(delivered(due.delivery), attempt(due.delivery))

    await store.messages.erase("msg_1")

    found = [await store.deliveries.get(due.delivery.id) for due in dues]
    assert [each and each[1][0].response for each in found] == [None, "ok"]


async def test_what_is_still_to_be_said_is_not_erased(store: Ports) -> None:
    """A queued message keeps its content; a sent one need not."""
    await store.outbox.add(outgoing("1"), b"abc")
    with pytest.raises(WrongState):
        await store.messages.erase("msg_1")
    await store.outbox.change(*sent(outgoing("1")))

    await store.messages.erase("msg_1")

    found = await store.messages.get("msg_1")
    assert isinstance(found, OutgoingMessage)
    assert found.is_erased


async def test_nothing_is_not_erased(store: Ports) -> None:
    """A message that is not held here can't be erased."""
    with pytest.raises(NotFound):
        await store.messages.erase("msg_nobody")
