"""What every outbox promises."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.ports import AlreadyDone, MessageFilter, Once
from gateway.domain.model import (
    Address,
    AddressKind,
    Attachment,
    Match,
    MessageError,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    Recipient,
    Step,
    StepKind,
    WaitingFor,
)
from tests.conformance.ports import Ports, outgoing, sent
from tests.fakes.clock import NOON


async def test_a_message_is_read_back_as_it_was_accepted(store: Ports) -> None:
    """Every field of a message survives, but for its position, which it is given."""
    message = OutgoingMessage(
        id="msg_full",
        room="lobby",
        type="chat",
        body='{"text":"é 🎈","n":[1,2.5,null]}',
        to=(Address(AddressKind.NAME, "é"), Address(AddressKind.ID, "p-1")),
        created_at=NOON + timedelta(microseconds=123_457),
        ttl=timedelta(seconds=0.25),
        expires_at=NOON + timedelta(seconds=0.25),
        status=MessageStatus.SENDING,
        waiting_for=WaitingFor.RECIPIENT,
        match=Match.ALL,
        await_recipient=True,
        on_unknown=OnUnknown.RETRY,
        ref="order-17",
        attachment=Attachment(3, "ab12"),
        recipients=(
            Recipient(0, "é", "p-9", MessageStatus.SENT, 2),
            Recipient(
                1, None, None, MessageStatus.FAILED, 1, MessageError("gone", "no", 1003)
            ),
        ),
        present=7,
        error=MessageError("room_rejected", "The room said no."),
        resent=True,
        key_id="key_1",
        traceparent="00-1-2-01",
        event_id="evt_9",
        steps=(
            Step(NOON + timedelta(microseconds=7), StepKind.QUEUED, "recipient"),
            Step(NOON, StepKind.REFUSED, "no é 🎈", "é", "p-9"),
        ),
    )

    await store.outbox.add(message, b"abc")

    found = await store.messages.get("msg_full")
    assert isinstance(found, OutgoingMessage)
    assert replace(found, position=0) == message


async def test_a_broadcast_has_no_addresses(store: Ports) -> None:
    """A broadcast comes back as one, not as a message to nobody."""
    await store.outbox.add(outgoing("all", to=None))

    found = await store.messages.get("msg_all")

    assert isinstance(found, OutgoingMessage)
    assert found.is_broadcast


async def test_pending_messages_come_in_order_of_acceptance(store: Ports) -> None:
    """What is queued or sending in a room comes in the order it was added."""
    names = [f"{n:02}" for n in (7, 3, 9, 1)]

    await asyncio.gather(*(store.outbox.add(outgoing(name)) for name in names))

    pending = await store.outbox.pending("lobby")
    assert [message.id for message in pending] == [f"msg_{name}" for name in names]


async def test_positions_grow_with_acceptance(store: Ports) -> None:
    """A position is given to each message, and grows."""
    await asyncio.gather(*(store.outbox.add(outgoing(f"{n}")) for n in range(5)))

    positions = [message.position for message in await store.outbox.pending("lobby")]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


async def test_a_large_attachment_holds_its_message_back_but_not_its_room_order(
    store: Ports,
) -> None:
    """Messages of one room keep their order whatever they carry."""
    large = bytes(range(256)) * 2600
    first = outgoing("first", attachment=Attachment(len(large), "x"))
    small = outgoing("third", attachment=Attachment(2, "x"))

    await asyncio.gather(
        store.outbox.add(first, large),
        store.outbox.add(outgoing("second")),
        store.outbox.add(small, b"ok"),
    )

    pending = await store.outbox.pending("lobby")
    assert [message.id for message in pending] == [
        "msg_first",
        "msg_second",
        "msg_third",
    ]
    assert await store.outbox.attachment("msg_first") == large
    assert await store.messages.attachment("msg_third") == b"ok"


async def test_a_change_keeps_behind_the_message_it_is_of(store: Ports) -> None:
    """A large attachment holds back what becomes of its message, and its order."""
    large = bytes(range(256)) * 2600
    message = outgoing("1", attachment=Attachment(len(large), "x"))
    sending = replace(message, status=MessageStatus.SENDING)

    await asyncio.gather(
        store.outbox.add(message, large),
        store.outbox.add(outgoing("2")),
        store.outbox.change(sending),
        store.outbox.change(*sent(outgoing("2"))),
        store.outbox.change(*sent(message)),
    )

    first = await store.messages.get("msg_1")
    second = await store.messages.get("msg_2")
    assert isinstance(first, OutgoingMessage)
    assert isinstance(second, OutgoingMessage)
    assert (first.status, second.status) == (MessageStatus.SENT, MessageStatus.SENT)
    assert first.position < second.position
    assert [event.id for event in await store.log.read()] == ["evt_2", "evt_1"]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 262_145])
async def test_an_attachment_is_read_back_whole(store: Ports, size: int) -> None:
    """An attachment of any size comes back as the same bytes."""
    data = bytes(n % 251 for n in range(size))

    await store.outbox.add(outgoing("a", attachment=Attachment(size, "x")), data)

    assert await store.outbox.attachment("msg_a") == data


async def test_a_message_without_attachment_has_no_bytes(store: Ports) -> None:
    """Asking for bytes that were never given is a KeyError."""
    await store.outbox.add(outgoing("plain"))

    with pytest.raises(KeyError):
        await store.outbox.attachment("msg_plain")


async def test_only_what_changes_in_its_life_is_changed(store: Ports) -> None:
    """A change writes the state of a message and leaves its content alone."""
    await store.outbox.add(outgoing("1"))
    changed, event = sent(outgoing("1", body="{}", type="other", ref="other"))

    await store.outbox.change(changed, event)

    found = await store.messages.get("msg_1")
    assert isinstance(found, OutgoingMessage)
    assert replace(found, position=0) == sent(outgoing("1"))[0]


async def test_a_change_adds_to_how_far_a_message_has_come(store: Ports) -> None:
    """Its steps are those that it had when it was changed last."""
    steps = (Step(NOON, StepKind.WRITTEN), Step(NOON, StepKind.ACKNOWLEDGED))
    await store.outbox.add(outgoing("1", steps=steps[:1]))

    await store.outbox.change(outgoing("1", steps=steps))

    found = await store.messages.get("msg_1")
    assert isinstance(found, OutgoingMessage)
    assert found.steps == steps


async def test_a_message_that_is_sent_is_no_longer_pending(store: Ports) -> None:
    """The outbox of a room has only what is still to be done."""
    await store.outbox.add(outgoing("1"))
    await store.outbox.add(outgoing("2", room="attic"))

    await store.outbox.change(*sent(outgoing("1")))

    assert await store.outbox.pending("lobby") == []
    assert [one.id for one in await store.outbox.pending("attic")] == ["msg_2"]


async def test_a_change_and_its_event_are_one(store: Ports) -> None:
    """The event stands in the log once the change is stored."""
    await store.outbox.add(outgoing("1"))
    changed, event = sent(outgoing("1"))

    await store.outbox.change(changed, event)

    assert list(await store.log.read()) == [replace(event, seq=1)]


async def test_a_resolved_recipient_can_be_searched_for(store: Ports) -> None:
    """Messages are found by the address as written and by a recipient's name."""
    by_id = outgoing("1", to=(Address(AddressKind.ID, "p-1"),))
    await store.outbox.add(by_id)
    recipient = Recipient(0, "bob", "p-1", MessageStatus.SENT, 1)
    await store.outbox.change(replace(by_id, recipients=(recipient,)))

    for wanted, count in (("bob", 1), ("p-1", 1), ("Bob", 0), ("bo", 0)):
        page = await store.messages.list(MessageFilter(to=wanted))
        assert len(page.messages) == count


async def test_only_one_message_uses_up_what_there_is_once(store: Ports) -> None:
    """Of two that race exactly one is stored, and the other is told of it."""
    link = Once("link", "dlv_1")

    outcomes = await asyncio.gather(
        *(store.outbox.add(outgoing(f"{n}"), once=link) for n in range(4)),
        store.outbox.add(outgoing("4"), once=Once("link", "dlv_2")),
        store.outbox.add(outgoing("5"), once=Once("reply:wh_1", "dlv_1")),
        return_exceptions=True,
    )

    refused = [error for error in outcomes if isinstance(error, AlreadyDone)]
    pending = await store.outbox.pending("lobby")
    assert [error.message_id for error in refused] == ["msg_0"] * 3
    assert [one.id for one in pending] == ["msg_0", "msg_4", "msg_5"]


async def test_what_is_used_up_stays_so(store: Ports) -> None:
    """Later messages are told which one was first."""
    link = Once("link", "dlv_1")
    await store.outbox.add(outgoing("1"), once=link)
    await store.outbox.change(*sent(outgoing("1")))

    with pytest.raises(AlreadyDone) as refusal:
        await store.outbox.add(outgoing("2"), b"abc", once=link)

    assert refusal.value.message_id == "msg_1"
    assert await store.messages.get("msg_2") is None
