"""Messages over HTTP: lists, one, and what becomes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from gateway.api.shapes import MessageIn, MessageList, MessageOut
from gateway.bridge.ports import LinkStatus, MessageFilter
from gateway.domain.errors import (
    GatewayError,
    NotFound,
    ShuttingDown,
    StoreUnavailable,
    WrongState,
)
from gateway.domain.model import (
    Attachment,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    WaitingFor,
)
from tests.domain.nouns import INCOMING, OUTGOING
from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling
from tests.fakes.clock import NOON


def holding() -> Bridge:
    """Return a bridge that holds a message of each direction."""
    bridge = Bridge()
    bridge.reading.kept = {INCOMING.id: INCOMING, OUTGOING.id: OUTGOING}
    return bridge


async def test_both_directions_are_listed() -> None:
    """The page has the contract's shape."""
    bridge = holding()
    bridge.reading.next_cursor = 'a"b'

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/messages")

    page = TypeAdapter(MessageList).validate_json(answer.content)
    assert [each.direction for each in page.messages] == ["in", "out"]
    assert page.next_cursor == 'a"b'


async def test_every_filter_reaches_the_store() -> None:
    """Comma-separated lists, times of any zone, and the order."""
    bridge = Bridge()
    query = (
        "direction=out&types=chat,order&from=alice,bob&to=carol&rooms=lobby"
        "&status=sent,failed&ref=r-1&since=2030-01-01T00:00:00%2B02:00"
        "&until=2030-01-02T00:00:00Z&cursor=c&limit=200&order=asc"
    )

    async with calling(bridge.services()) as caller:
        answer = await caller.get(f"/messages?{query}")

    assert answer.status == 200
    assert bridge.reading.queries == [
        MessageFilter(
            direction="out",
            types=["chat", "order"],
            senders=["alice", "bob"],
            to="carol",
            rooms=["lobby"],
            statuses=[MessageStatus.SENT, MessageStatus.FAILED],
            ref="r-1",
            since=datetime(2029, 12, 31, 22, tzinfo=UTC),
            until=datetime(2030, 1, 2, tzinfo=UTC),
            cursor="c",
            limit=200,
            newest_first=False,
        )
    ]


async def test_a_plus_in_a_time_need_not_be_encoded() -> None:
    """What a query makes of `+` is undone."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.get("/messages?since=2030-01-01T00:00:00+02:00")

    assert bridge.reading.queries[0].since == datetime(2029, 12, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("form=alice", "?form"),
        ("limit=201", "?limit"),
        ("limit=0", "?limit"),
        ("status=done", "?status"),
        ("since=2030-01-01T00:00:00", "?since"),
        ("since=1893456000", "?since"),
        ("until=0.5", "?until"),
        ("direction=up", "?direction"),
        ("types=a,,b", "?types"),
    ],
)
async def test_a_bad_filter_is_pointed_at(query: str, pointer: str) -> None:
    """A misspelt filter must not list everything."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(f"/messages?{query}")

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_a_cursor_that_is_not_ours_is_refused() -> None:
    """The store's refusal is answered by the table."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/messages?cursor=bad")

    assert answer.status == 422


async def test_a_message_is_shown_by_its_direction() -> None:
    """Incoming and outgoing ones have their own members."""
    async with calling(holding().services()) as caller:
        incoming = await caller.get(f"/messages/{INCOMING.id}")
        outgoing = await caller.get(f"/messages/{OUTGOING.id}")

    assert TypeAdapter(MessageIn).validate_json(incoming.content).seq == 1042
    assert TypeAdapter(MessageOut).validate_json(outgoing.content).status == "queued"


async def test_a_message_not_held_is_not_found() -> None:
    """404, also when waited for."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/messages/msg_9?wait=5")

    assert answer.status == 404


@pytest.mark.parametrize(
    ("status", "waits"), [(MessageStatus.QUEUED, 1), (MessageStatus.SENT, 0)]
)
async def test_a_final_status_is_waited_for_once(
    status: MessageStatus, waits: int
) -> None:
    """A message at its end is shown at once."""
    bridge = holding()
    bridge.reading.kept[OUTGOING.id] = replace(OUTGOING, status=status)

    async with calling(bridge.services()) as caller:
        answer = await caller.get(f"/messages/{OUTGOING.id}?wait=5")

    assert answer.status == 200
    assert bridge.sending.waited == [(OUTGOING.id, 5)] * waits


async def test_a_wait_is_bounded() -> None:
    """Beyond 55 s a proxy would have given up."""
    async with calling(holding().services()) as caller:
        answer = await caller.get(f"/messages/{OUTGOING.id}?wait=56")

    assert answer.status == 422


async def test_a_queued_message_says_when_its_room_is_tried_again() -> None:
    """`next_retry_at` is the room's."""
    bridge = holding()
    bridge.reading.kept[OUTGOING.id] = replace(OUTGOING, waiting_for=WaitingFor.ROOM)
    bridge.reading.status = LinkStatus(
        "reconnecting", NOON, next_retry_at=NOON + timedelta(seconds=4)
    )

    async with calling(bridge.services()) as caller:
        answer = await caller.get(f"/messages/{OUTGOING.id}")

    assert answer.json["next_retry_at"] == "2026-03-14T12:00:04.000Z"


@pytest.mark.parametrize("message", [INCOMING, OUTGOING])
async def test_content_can_be_erased(
    message: IncomingMessage | OutgoingMessage,
) -> None:
    """What is left of the message is shown, then and later."""
    bridge = holding()
    bridge.reading.kept[message.id] = replace(message, attachment=Attachment(3, "5ha"))

    async with calling(bridge.services()) as caller:
        answer = await caller("DELETE", f"/messages/{message.id}/content")
        later = await caller.get(f"/messages/{message.id}")

    shown: TypeAdapter[MessageIn | MessageOut] = TypeAdapter(MessageIn | MessageOut)
    assert answer.status == 200
    assert shown.validate_json(answer.content).message is None
    assert answer.json["attachment"] is None
    assert later.json == answer.json


async def test_what_is_not_held_cannot_be_erased() -> None:
    """404."""
    async with calling(holding().services()) as caller:
        answer = await caller("DELETE", "/messages/msg_unknown/content")

    assert (answer.status, answer.code) == (404, "not_found")


async def test_what_is_queued_can_be_cancelled() -> None:
    """The message is shown as it is then."""
    bridge = holding()
    bridge.sending.kept = {OUTGOING.id: OUTGOING}

    async with calling(bridge.services()) as caller:
        answer = await caller("DELETE", f"/messages/{OUTGOING.id}")

    assert answer.status == 200
    assert TypeAdapter(MessageOut).validate_json(answer.content).status == "cancelled"
    assert bridge.sending.amended == [("cancel", OUTGOING.id)]


async def test_what_was_not_said_can_be_said_again() -> None:
    """202: it is queued, and says when its room is tried again."""
    bridge = holding()
    failed = replace(OUTGOING, status=MessageStatus.FAILED)
    bridge.sending.kept = {OUTGOING.id: failed}
    bridge.reading.status = LinkStatus(
        "reconnecting", NOON, next_retry_at=NOON + timedelta(seconds=4)
    )

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"/messages/{OUTGOING.id}/retry")

    assert answer.status == 202
    assert TypeAdapter(MessageOut).validate_json(answer.content).status == "queued"
    assert answer.json["next_retry_at"] == "2026-03-14T12:00:04.000Z"
    assert bridge.sending.amended == [("retry", OUTGOING.id)]


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/retry")])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("no message msg_9 is held"), 404),
        (WrongState("it is sent", facts={"message_status": "sent"}), 409),
        (StoreUnavailable("the disk is full"), 503),
        (ShuttingDown("the gateway is stopping"), 503),
    ],
)
async def test_what_cannot_be_changed_says_why(
    error: GatewayError, status: int, method: str, path: str
) -> None:
    """Each refusal has its code, and nothing is changed."""
    bridge = holding()
    bridge.sending.error = error

    async with calling(bridge.services()) as caller:
        answer = await caller(method, f"/messages/msg_9{path}")

    assert (answer.status, answer.code) == (status, error.code)
    assert bridge.sending.amended == []
