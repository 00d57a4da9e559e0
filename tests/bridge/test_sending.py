"""What cannot be sent is refused at once, and what is accepted is kept."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from gateway.bridge.dispatch import DispatchOptions
from gateway.bridge.rooms import Registry
from gateway.bridge.sending import Draft, Sending
from gateway.domain.errors import (
    GatewayError,
    Invalid,
    MessagingDisabled,
    QueueFull,
    RecipientAmbiguous,
    RecipientIsSelf,
    RecipientNotFound,
    RoomUnavailable,
    ShuttingDown,
)
from gateway.domain.model import Address, AddressKind, Match
from gateway.domain.recipients import Present
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import NOON, settle
from tests.fakes.link import FakeLink

US = Present("id-us", "gateway", "agent", {}, NOON)


def by_id(value: str) -> tuple[Address, ...]:
    """Return an address that can only be an id."""
    return (Address(AddressKind.ID, value),)


async def refusal(scene: Scene, draft: Draft) -> GatewayError:
    """Return why a draft is refused, the same in earnest and on trial."""
    with pytest.raises(GatewayError) as caught:
        await scene.sending.accept(draft, wait_s=0)
    rehearsal = scene.sending.rehearse(draft)
    assert rehearsal.would == "refuse"
    assert type(rehearsal.error) is type(caught.value)
    assert scene.store.messages_by_id == {}
    assert scene.dispatcher.queued == 0
    return caught.value


async def test_an_absent_recipient_is_refused_with_who_is_there(ready: Scene) -> None:
    """Those most like the name come first, with how many are present."""
    for name in ("bob", "alicia", "zoe"):
        ready.link.arrive(name)

    error = await refusal(ready, a_draft(to=to("alic")))

    assert isinstance(error, RecipientNotFound)
    assert error.facts["present"] == ["alice", "alicia", "bob", "zoe"]
    assert error.facts["present_count"] == 4
    assert error.errors[0].pointer == "/to"


async def test_many_present_are_not_all_listed(ready: Scene) -> None:
    """A refusal stays short in a full room."""
    for number in range(50):
        ready.link.arrive(f"p{number:02}")

    error = await refusal(ready, a_draft(to=to("nobody")))

    assert len(str(error.facts["present"]).split(",")) == 20
    assert error.facts["present_count"] == 51


async def test_an_ambiguous_name_is_refused_with_its_candidates(ready: Scene) -> None:
    """Each can then be sent to by its id."""
    ready.link.arrive("alice", id_="id-other", role="agent")

    error = await refusal(ready, a_draft())

    assert isinstance(error, RecipientAmbiguous)
    assert error.facts["candidates"] == [
        {"id": "id-alice", "name": "alice", "role": "user"},
        {"id": "id-other", "name": "alice", "role": "agent"},
    ]


@pytest.mark.parametrize(
    ("match", "written"),
    [(Match.FIRST, ["id-alice"]), (Match.ALL, ["id-alice", "id-other"])],
)
async def test_a_sender_may_say_whom_of_several_is_meant(
    ready: Scene, match: Match, written: list[str]
) -> None:
    """The one that has been there longest, or all."""
    ready.clock.jump(5)
    ready.link.arrive("alice", id_="id-other")

    await ready.accept(a_draft(match=match))

    assert [post.to for post in ready.link.posts] == written


@pytest.mark.parametrize("address", [to("id-us"), to("gateway"), by_id("id-us")])
async def test_a_message_to_ourselves_is_refused(
    ready: Scene, address: tuple[Address, ...]
) -> None:
    """By id or by name: the room would not send it back."""
    ready.link.own = US

    assert isinstance(await refusal(ready, a_draft(to=address)), RecipientIsSelf)


async def test_another_of_our_name_can_be_sent_to(ready: Scene) -> None:
    """Then the name does not mean us."""
    ready.link.own = US
    ready.link.arrive("gateway", id_="id-them")

    await ready.accept(a_draft(to=to("gateway")))

    assert [post.to for post in ready.link.posts] == ["id-them"]


async def test_names_mean_nothing_while_messaging_is_disabled(ready: Scene) -> None:
    """The refusal says what to do instead."""
    ready.link.messaging = False

    error = await refusal(ready, a_draft())

    assert isinstance(error, MessagingDisabled)
    assert "/messaging/enable" in error.detail


async def test_an_id_will_do_while_messaging_is_disabled(ready: Scene) -> None:
    """It is taken on trust."""
    ready.link.messaging = False

    message = await ready.accept(a_draft(to=by_id("anybody")))

    assert await ready.status(message) == "sending"


async def test_no_time_to_live_in_a_room_that_is_away_is_refused(
    scene: Scene,
) -> None:
    """Who will not wait is told at once."""
    error = await refusal(scene, a_draft(ttl=timedelta()))

    assert isinstance(error, RoomUnavailable)
    assert error.facts == {"state": "reconnecting"}


async def test_no_time_to_live_is_fine_in_a_room_that_is_ready(ready: Scene) -> None:
    """There is nothing to wait for."""
    message = await ready.accept(a_draft(ttl=timedelta()))

    assert await ready.status(message) == "sending"


async def test_one_bad_recipient_refuses_them_all(ready: Scene) -> None:
    """Nothing is sent, and the place is named."""
    for name in ("bob", "carol"):
        ready.link.arrive(name)

    error = await refusal(ready, a_draft(to=to("alice", "bob", "carol", "dan", "eve")))

    assert [each.pointer for each in error.errors] == ["/to/3", "/to/4"]
    assert ready.link.posts == []


async def test_a_room_that_is_away_queues_and_answers_at_once(scene: Scene) -> None:
    """Nobody is known to be absent, and nobody waits."""
    async with asyncio.timeout(1):
        message = await scene.sending.accept(a_draft(to=to("nobody")), wait_s=None)

    assert (message.status, message.waiting_for) == ("queued", "room")
    assert message.expires_at == NOON + timedelta(seconds=300)
    assert await scene.status(message) == "queued"


async def test_the_answer_has_the_fate_that_comes_within_the_wait(
    ready: Scene,
) -> None:
    """A room that acknowledges at once makes it `sent`."""
    ready.link.acknowledges = True

    message = await ready.sending.accept(a_draft(), wait_s=None)

    assert message.status == "sent"


async def test_the_wait_ends_with_the_message_on_its_way(ready: Scene) -> None:
    """It is accepted, and its fate is told later."""
    message = await ready.sending.accept(a_draft(), wait_s=0.01)

    assert message.status == "sending"


async def test_one_may_wait_for_a_message_later(ready: Scene) -> None:
    """Until its status is final; for one that is not open there is no wait."""
    message = await ready.accept()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(ready.sending.wait(message.id, 30))
        await settle()
        before = waiting.done()

        ready.link.posts[0].acknowledged.set_result(None)
        await waiting
        await ready.sending.wait(message.id, 30)

    assert not before
    assert await ready.status(message) == "sent"


async def test_what_awaits_its_recipient_is_queued_in_a_room_that_is_ready(
    ready: Scene,
) -> None:
    """With those who are there: it is one message."""
    draft = a_draft(to=to("alice", "nobody"), await_recipient=True)

    message = await ready.accept(draft)

    assert ready.sending.rehearse(draft).would == "queue"
    assert [each.name for each in message.recipients] == ["alice", "nobody"]


@pytest.mark.parametrize(
    ("address", "recipients", "present"),
    [(to("alice"), ["alice"], None), (None, [], 1)],
)
async def test_a_trial_stores_nothing(
    ready: Scene,
    address: tuple[Address, ...] | None,
    recipients: list[str],
    present: int | None,
) -> None:
    """It says who would get it."""
    rehearsal = ready.sending.rehearse(a_draft(to=address))

    assert rehearsal.would == "send"
    assert [one.name for one in rehearsal.recipients] == recipients
    assert rehearsal.present == present
    assert ready.store.messages_by_id == {}


async def test_several_rooms_need_a_name(scene: Scene) -> None:
    """Else nobody knows which is meant."""
    attic = replace(scene.room, link=FakeLink(scene.clock, room="attic"))
    sending = Sending(
        Registry([scene.room, attic]),
        clock=scene.clock,
        ids=scene.ids,
        default_ttl=timedelta(seconds=300),
    )

    with pytest.raises(Invalid) as caught:
        await sending.accept(a_draft(), wait_s=0)

    assert caught.value.errors[0].pointer == "/room"


async def test_nothing_is_accepted_at_a_stop(ready: Scene) -> None:
    """The caller repeats it, and the next process takes it."""
    ready.sending.stop()

    with pytest.raises(ShuttingDown):
        await ready.sending.accept(a_draft(), wait_s=0)

    assert ready.store.messages_by_id == {}


@pytest.mark.parametrize(
    "options", [DispatchOptions(max_messages=0), DispatchOptions(max_bytes=10)]
)
async def test_a_full_outbox_refuses(options: DispatchOptions) -> None:
    """By number or by bytes, and on trial too."""
    error = await refusal(Scene(options=options), a_draft())

    assert isinstance(error, QueueFull)


@pytest.mark.parametrize("fits", [True, False])
async def test_an_attachment_counts_in_bytes(*, fits: bool) -> None:
    """With the message's own text in UTF-8."""
    body = '{"text":"\u20ac"}'
    size = len(body.encode()) + 3
    scene = Scene(options=DispatchOptions(max_bytes=size if fits else size - 1))

    would = scene.sending.rehearse(a_draft(body, attachment=b"abc")).would

    assert would == ("queue" if fits else "refuse")


async def test_an_attachment_is_known_by_its_digest(scene: Scene) -> None:
    """And kept with the message."""
    message = await scene.accept(a_draft(attachment=b"bytes"))

    assert message.attachment is not None
    assert message.attachment.sha256 == sha256(b"bytes").hexdigest()
    assert message.attachment.size == 5
    assert scene.store.attachments[message.id] == b"bytes"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda scene: scene.link.become("reconnecting"), "queued"),
        (lambda scene: scene.link.depart("alice"), "failed"),
    ],
)
async def test_a_message_is_refused_or_accepted_and_nothing_between(
    ready: Scene, change: Callable[[Scene], None], status: str
) -> None:
    """What changes after the acceptance is the dispatcher's concern."""
    message = await ready.sending.accept(a_draft(json.dumps({"a": 1})), wait_s=0)

    change(ready)
    await settle()

    assert (message.status, await ready.status(message)) == ("sending", status)
