"""What every store promises of what may be done once, and of batches."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.bridge.ports import AlreadyDone, Done, Once
from gateway.domain.model import Attachment, OutgoingMessage
from tests.conformance.ports import Ports, joined, outgoing, sent, webhook

KEY = Once("key:key_1:POST /send/batch", "k-1", "f1")
HOOK = Once("key:key_1:POST /webhooks", "k-1", "f1")
LARGE = bytes(range(256)) * 2600


def a_batch(
    *names: str, data: bytes | None = None
) -> list[tuple[OutgoingMessage, bytes | None]]:
    """Return messages of one room, each with the same bytes."""
    attachment = None if data is None else Attachment(len(data), "x")
    return [(outgoing(name, attachment=attachment), data) for name in names]


async def pending(store: Ports) -> Sequence[str]:
    """Return the names of what is to be said, in order."""
    found = await store.outbox.pending("lobby")
    return [message.id.removeprefix("msg_") for message in found]


async def test_a_batch_keeps_its_order(store: Ports) -> None:
    """Its messages stand together, between what came before and after."""
    await asyncio.gather(
        store.outbox.add(outgoing("1")),
        store.outbox.add_all(a_batch("5", "3", "4")),
        store.outbox.add(outgoing("2")),
    )

    assert await pending(store) == ["1", "5", "3", "4", "2"]


async def test_what_did_it_can_be_asked_for(store: Ports) -> None:
    """The messages come in order, with the fingerprint they were stored with."""
    await store.outbox.add_all(a_batch("2", "1"), once=KEY)
    await store.outbox.change(*sent(outgoing("2")))

    assert await store.outbox.done(KEY) == Done(("msg_2", "msg_1"), "f1")


async def test_what_is_not_used_up_was_done_by_nobody(store: Ports) -> None:
    """Neither another key of its scope nor its key in another scope counts."""
    await store.outbox.add(outgoing("1"), once=KEY)

    found = [
        await store.outbox.done(Once(KEY.scope, "k-2")),
        await store.outbox.done(Once("key:key_2:POST /send/batch", KEY.key)),
    ]

    assert found == [None, None]


async def test_of_requests_that_race_with_one_key_one_is_stored(store: Ports) -> None:
    """The others learn which, and the fingerprint it was stored with."""
    outcomes = await asyncio.gather(
        store.outbox.add_all(a_batch("1", "2"), once=KEY),
        store.outbox.add(outgoing("3"), once=Once(KEY.scope, KEY.key, "f2")),
        store.outbox.add_all(a_batch("4", "5"), once=KEY),
        return_exceptions=True,
    )

    refused = [one.done for one in outcomes if isinstance(one, AlreadyDone)]
    assert refused == [Done(("msg_1", "msg_2"), "f1")] * 2
    assert await pending(store) == ["1", "2"]


async def test_a_batch_with_large_attachments_keeps_its_order(store: Ports) -> None:
    """Bytes hold back their batch, and the room behind it."""
    await asyncio.gather(
        store.outbox.add(outgoing("0", attachment=Attachment(9, "x")), LARGE),
        store.outbox.add_all(
            [*a_batch("1", data=LARGE), *a_batch("2"), *a_batch("3", data=b"ok")],
            once=KEY,
        ),
        store.outbox.add(outgoing("4")),
    )

    assert await pending(store) == ["0", "1", "2", "3", "4"]
    assert await store.outbox.attachment("msg_1") == LARGE
    assert await store.outbox.attachment("msg_3") == b"ok"


@pytest.mark.parametrize("size", [0, 1, 65_536])
async def test_every_message_of_a_batch_has_its_bytes(store: Ports, size: int) -> None:
    """However many they are together."""
    names = [f"{n:02}" for n in range(30)]
    data = bytes(n % 251 for n in range(size))

    await store.outbox.add_all(a_batch(*names, data=data))

    assert await pending(store) == names
    for name in names:
        assert await store.outbox.attachment(f"msg_{name}") == data


async def test_what_is_used_up_keeps_its_place_behind_bytes(store: Ports) -> None:
    """A message with a key comes after those of its room accepted before it."""
    await asyncio.gather(
        store.outbox.add(outgoing("1", attachment=Attachment(9, "x")), LARGE),
        store.outbox.add(outgoing("2"), once=KEY),
        store.outbox.add(outgoing("3")),
    )

    assert await pending(store) == ["1", "2", "3"]


async def test_a_change_keeps_behind_the_batch_it_is_of(store: Ports) -> None:
    """Bytes of one message hold back what becomes of the others."""
    await asyncio.gather(
        store.outbox.add_all([*a_batch("1", data=LARGE), *a_batch("2")]),
        store.outbox.change(*sent(outgoing("2"))),
    )

    assert await pending(store) == ["1"]


async def test_a_webhook_is_kept_with_what_was_answered(store: Ports) -> None:
    """Whoever repeats the request gets the same answer, whatever came after."""
    await store.webhooks.put(webhook(), once=HOOK, answer='{"secret":"whsec_é"}')
    await store.webhooks.delete("wh_1")

    found = await store.webhooks.done(HOOK)

    assert found == Done((), "f1", '{"secret":"whsec_é"}')
    assert await store.webhooks.done(KEY) is None


async def test_of_webhooks_that_race_with_one_key_one_is_stored(store: Ports) -> None:
    """The other changes nothing, and nothing that came with it fails."""
    outcomes = await asyncio.gather(
        store.outbox.add(outgoing("1")),
        store.webhooks.put(webhook("1"), joined("1"), once=HOOK, answer="first"),
        store.webhooks.put(webhook("2"), joined("2"), once=HOOK, answer="second"),
        store.outbox.add(outgoing("2")),
        return_exceptions=True,
    )

    refused = [one.done for one in outcomes if isinstance(one, AlreadyDone)]
    assert refused == [Done((), "f1", "first")]
    assert [one.id for one in store.webhooks.all()] == ["wh_1"]
    assert [event.id for event in await store.log.read()] == ["evt_1"]
    assert await pending(store) == ["1", "2"]


async def test_an_answer_need_not_be_kept(store: Ports) -> None:
    """What was used up without one says only that it was."""
    await store.webhooks.put(webhook(), once=HOOK)

    assert await store.webhooks.done(HOOK) == Done((), "f1", None)
