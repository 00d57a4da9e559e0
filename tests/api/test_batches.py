"""POST /send/batch over a socket."""

from dataclasses import replace

import pytest

from gateway.api.shapes import BatchAnswer
from gateway.bridge.sending import Rehearsal
from gateway.domain import errors
from gateway.domain.errors import FieldError
from gateway.domain.model import MessageError, MessageStatus
from tests.fakes.bridge import ALICE, Bridge
from tests.fakes.caller import Answer, calling

PATH = "/send/batch"
BATCH = {"messages": [{"to": "alice", "text": "hi"}, {"text": "hi all"}]}
KEY = {"Idempotency-Key": "k"}


async def sent(bridge: Bridge, path: str = PATH, **how: object) -> Answer:
    """Send a batch of two."""
    async with calling(bridge.services()) as caller:
        return await caller.post(path, **{"json": BATCH, **how})


async def test_a_batch_is_accepted_with_a_result_for_each() -> None:
    """In their order, without a wait, and at no address of its own."""
    bridge = Bridge()

    answer = await sent(bridge)

    assert answer.status == 202
    assert "location" not in answer.headers
    assert [each["index"] for each in answer.json["results"]] == [0, 1]
    assert [each["id"] for each in answer.json["results"]] == ["msg_1", "msg_2"]
    assert [each["status"] for each in answer.json["results"]] == ["sent", "sent"]
    assert [wait_s for _, wait_s in bridge.sending.accepted] == [0, 0]
    assert bridge.sending.batches == [2]
    BatchAnswer.model_validate(answer.json)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (MessageStatus.SENT, 200),
        (MessageStatus.FAILED, 200),
        (MessageStatus.QUEUED, 202),
        (MessageStatus.UNKNOWN, 202),
    ],
)
async def test_whoever_waits_is_told_whether_all_is_over(
    status: MessageStatus, code: int
) -> None:
    """200 for what has come to its end, 202 for what may still go either way."""
    bridge = Bridge()
    bridge.sending.outcome = {"status": status}

    answer = await sent(bridge, headers={"Prefer": "wait=3"})

    assert answer.status == code
    assert answer.headers["preference-applied"] == "wait=3"
    assert bridge.sending.accepted[0][1] == 3


async def test_a_message_that_failed_is_a_result() -> None:
    """The others were accepted: a refusal would deny it."""
    bridge = Bridge()
    error = MessageError("room_rejected", "no", 1003)
    bridge.sending.outcome = {"status": MessageStatus.FAILED, "error": error}

    answer = await sent(bridge, f"{PATH}?wait=1")

    assert answer.status == 200
    assert [each["error"]["code"] for each in answer.json["results"]] == [
        "room_rejected"
    ] * 2
    BatchAnswer.model_validate(answer.json)


async def test_a_bad_message_refuses_all() -> None:
    """And nothing of the batch is said."""
    bridge = Bridge()
    bad = {"messages": [*BATCH["messages"], {"to": "alice"}, {"to": 7, "text": "a"}]}

    answer = await sent(bridge, json=bad)

    assert (answer.status, answer.code) == (422, "validation")
    assert [each["pointer"] for each in answer.json["errors"]] == [
        "/messages/2/message",
        "/messages/3/to",
    ]
    assert bridge.sending.accepted == []


async def test_what_the_room_refuses_keeps_its_code_and_place() -> None:
    """As the use case names them."""
    bridge = Bridge()
    bridge.sending.error = errors.RecipientNotFound(
        "nobody", errors=[FieldError("/messages/0/to", "nobody")]
    )

    answer = await sent(bridge)

    assert (answer.status, answer.code) == (404, "recipient_not_found")
    assert answer.json["errors"][0]["pointer"] == "/messages/0/to"


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"json": None, "data": {"to": "alice", "text": "hi"}}, 415),
        (
            {
                "json": None,
                "data": b"{",
                "headers": {"Content-Type": "application/json"},
            },
            400,
        ),
        ({"json": [BATCH]}, 422),
        ({"path": f"{PATH}?room=lobby"}, 422),
    ],
)
async def test_a_batch_is_json(how: dict[str, object], status: int) -> None:
    """Forms have no lists of messages."""
    answer = await sent(Bridge(), **how)  # type: ignore[arg-type]  # as each case has it

    assert answer.status == status


async def test_a_batch_is_rehearsed_message_by_message() -> None:
    """Each is told what would become of it, and nothing is stored."""
    bridge = Bridge()
    bridge.sending.rehearsal = Rehearsal("lobby", "send", (ALICE,), 1)

    answer = await sent(bridge, f"{PATH}?dry_run=true", headers=KEY)

    assert answer.status == 200
    assert [each["would"] for each in answer.json["results"]] == ["send", "send"]
    assert [each["index"] for each in answer.json["results"]] == [0, 1]
    assert bridge.sending.accepted == []
    assert bridge.sending.done == {}
    BatchAnswer.model_validate(answer.json)


async def test_one_key_covers_all() -> None:
    """A repeat has the present state of each, in their order."""
    bridge = Bridge()
    bridge.sending.outcome = {"status": MessageStatus.QUEUED}

    async with calling(bridge.services()) as caller:
        first = await caller.post(PATH, json=BATCH, headers=KEY)
        bridge.sending.kept["msg_2"] = replace(
            bridge.sending.kept["msg_2"], status=MessageStatus.EXPIRED
        )
        again = await caller.post(f"{PATH}?wait=9", json=BATCH, headers=KEY)
        other = await caller.post(
            PATH, json={"messages": BATCH["messages"][:1]}, headers=KEY
        )

    assert first.status == 202
    assert (again.status, again.headers["idempotent-replayed"]) == (202, "true")
    assert [each["status"] for each in again.json["results"]] == ["queued", "expired"]
    assert bridge.sending.repeats == [9]
    assert bridge.sending.batches == [2]
    assert other.code == "idempotency_key_reused"


async def test_a_batch_whose_messages_are_gone_is_gone() -> None:
    """It was accepted, so it must not be said anew."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post(PATH, json=BATCH, headers=KEY)
        del bridge.sending.kept["msg_2"]
        again = await caller.post(PATH, json=BATCH, headers=KEY)

    assert (again.status, again.json["message_id"]) == (410, "msg_2")
