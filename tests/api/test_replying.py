"""POST /messages/{id}/reply over a socket: with a key, and with a link."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.api.bodies import Limits
from gateway.bridge.ports import Done, Once
from gateway.bridge.sending import Rehearsal
from gateway.domain import errors
from gateway.domain.model import Address, AddressKind, Match, MessageStatus, OnUnknown
from tests.domain.nouns import INCOMING, OUTGOING
from tests.fakes.bridge import ALICE, KEY, Bridge
from tests.fakes.caller import Answer, calling

PATH = "/messages/msg_1/reply"
LINK = f"{PATH}?nonce=dlv_1&expires=99999999999&signature=good"
HI = {"text": "hi back"}
SENDER = Address(AddressKind.SENDER, "p-1", "alice", "user")


def holding() -> Bridge:
    """Return a bridge that holds a message of each direction."""
    bridge = Bridge()
    bridge.reading.kept = {INCOMING.id: INCOMING, OUTGOING.id: OUTGOING}
    return bridge


async def test_a_reply_is_addressed_to_the_sender() -> None:
    """And answered as any other message."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        answer = await caller.post(PATH, json=HI)

    draft = bridge.sending.draft
    assert answer.status == 200
    assert answer.headers["location"] == "/messages/msg_1"
    assert (draft.room, draft.to, draft.match) == ("lobby", (SENDER,), Match.ONE)
    assert draft.body == '{"text":"hi back"}'
    assert draft.await_recipient
    assert draft.key_id is not None


async def test_a_body_that_announces_nothing_is_counted() -> None:
    """413 as soon as it is larger than any body may be."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    async with calling(holding().services(limits=Limits(body=1000))) as caller:
        answer = await caller.post(
            PATH, data=chunks(), headers={"Content-Type": "application/json"}
        )

    assert (answer.status, answer.code) == (413, "payload_too_large")
    assert answer.json["limit"] == 1000


async def test_everything_a_send_may_say_a_reply_may_say_too() -> None:
    """But for whom it is for, which is known."""
    bridge = holding()
    body = {
        "type": "order",
        "message": {"item": 7},
        "attachment": "YWJj",
        "ttl": 0,
        "await_recipient": False,
        "on_unknown": "retry",
        "ref": "r-1",
    }
    headers = {"Prefer": "wait=3"}

    async with calling(bridge.services()) as caller:
        answer = await caller.post(PATH, json=body, headers=headers)

    draft, wait_s = bridge.sending.accepted[0]
    assert answer.headers["preference-applied"] == "wait=3"
    assert (draft.type, draft.body, draft.attachment) == (
        "order",
        '{"item":7}',
        b"abc",
    )
    assert (draft.on_unknown, draft.ref, wait_s) == (OnUnknown.RETRY, "r-1", 3)
    assert not draft.await_recipient


@pytest.mark.parametrize("member", ["to", "room", "match"])
async def test_whom_it_is_for_cannot_be_said(member: str) -> None:
    """It is refused, not ignored."""
    async with calling(holding().services()) as caller:
        answer = await caller.post(PATH, json={**HI, member: "one"})

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == f"/{member}"


async def test_a_reply_may_be_a_form() -> None:
    """`curl -d text=hi`, and with a file."""
    bridge = holding()
    form = aiohttp.FormData({"text": "hi"})
    form.add_field("attachment", b"abc", filename="a.bin")

    async with calling(bridge.services()) as caller:
        plain = await caller.post(PATH, data={"text": "hi"})
        await caller.post(PATH, data=form)

    assert plain.status == 200
    assert bridge.sending.accepted[0][0].body == '{"text":"hi"}'
    assert bridge.sending.draft.attachment == b"abc"


async def test_a_message_of_ours_has_nobody_to_answer() -> None:
    """409 that says so."""
    async with calling(holding().services()) as caller:
        answer = await caller.post(f"/messages/{OUTGOING.id}/reply", json=HI)

    assert (answer.status, answer.code) == (409, "wrong_state")


@pytest.mark.parametrize("message_id", ["msg_unknown", "{message_id}", "%7Bid%7D"])
async def test_a_message_that_is_not_held_is_not_found(message_id: str) -> None:
    """Whatever its id looks like."""
    async with calling(holding().services()) as caller:
        answer = await caller.post(f"/messages/{message_id}/reply", json=HI)

    assert (answer.status, answer.code) == (404, "not_found")


async def test_a_reply_can_be_rehearsed() -> None:
    """Nothing is stored."""
    bridge = holding()
    bridge.sending.rehearsal = Rehearsal("lobby", "send", (ALICE,))

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"{PATH}?dry_run=true", json=HI)

    assert answer.json["would"] == "send"
    assert bridge.sending.accepted == []


async def test_without_a_key_or_a_link_nothing_is_said() -> None:
    """As anywhere."""
    async with calling(holding().services()) as caller:
        answer = await caller.post(PATH, json=HI, key=None)

    assert answer.status == 401


async def test_a_link_needs_no_key_and_is_good_once() -> None:
    """The second reply is refused, with the first one's id."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        first = await caller.post(LINK, json=HI, key=None)
        again = await caller.post(LINK, json=HI, key=None)

    assert first.status == 200
    assert (again.status, again.code) == (409, "link_used")
    assert again.json["message_id"] == first.json["id"]
    assert bridge.sending.done == {Once("link", "dlv_1"): Done(("msg_1",))}
    assert len(bridge.sending.accepted) == 1


@pytest.mark.parametrize("keys", [None, (KEY,)])
async def test_a_link_is_good_once_whoever_brings_it(
    keys: tuple[str, ...] | None,
) -> None:
    """Also with a key, or where none is needed."""
    async with calling(holding().services(keys=keys)) as caller:
        first = await caller.post(LINK, json=HI)
        again = await caller.post(LINK, json=HI)

    assert (first.status, again.status) == (200, 409)


async def test_a_key_may_answer_as_often_as_it_likes() -> None:
    """Nothing is used up without a link."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        answers = [await caller.post(PATH, json=HI) for _ in range(3)]

    assert {each.status for each in answers} == {200}
    assert bridge.sending.done == {}


async def test_a_reply_with_an_idempotency_key_is_said_once() -> None:
    """Also when what it answers is no longer held by then."""
    bridge = holding()
    once = {"Idempotency-Key": "k"}

    async with calling(bridge.services()) as caller:
        first = await caller.post(PATH, json=HI, headers=once)
        bridge.reading.kept.clear()
        again = await caller.post(PATH, json=HI, headers=once)
        other = await caller.post(PATH, json={"text": "no"}, headers=once)

    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert other.code == "idempotency_key_reused"


async def test_a_link_with_an_idempotency_key_answers_its_repeat() -> None:
    """Whoever lost the answer gets it again; anything else finds the link used."""
    bridge = holding()
    once = {"Idempotency-Key": "k"}

    async with calling(bridge.services()) as caller:
        first = await caller.post(LINK, json=HI, key=None, headers=once)
        again = await caller.post(LINK, json=HI, key=None, headers=once)
        others = [
            await caller.post(LINK, json={"text": "no"}, key=None, headers=once),
            await caller.post(
                LINK, json=HI, key=None, headers={"Idempotency-Key": "l"}
            ),
            await caller.post(LINK, json=HI, key=None),
        ]

    assert (again.status, again.json) == (200, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert [each.code for each in others] == ["link_used"] * 3
    assert [each.json["message_id"] for each in others] == ["msg_1"] * 3
    assert len(bridge.sending.accepted) == 1


async def test_a_link_used_without_an_idempotency_key_is_not_repeated_with_one() -> (
    None
):
    """It is not known whether they are one request."""
    async with calling(holding().services()) as caller:
        await caller.post(LINK, json=HI, key=None)
        answer = await caller.post(
            LINK, json=HI, key=None, headers={"Idempotency-Key": "k"}
        )

    assert answer.code == "link_used"


async def test_a_link_may_be_tried_and_waited_with() -> None:
    """The further parameters of a send go with its own."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        tried = await caller.post(f"{LINK}&dry_run=true", json=HI, key=None)
        answer = await caller.post(f"{LINK}&wait=1", json=HI, key=None)

    assert tried.json["dry_run"]
    assert tried.json["recipients"][0]["attributes"] == {}
    assert answer.status == 200
    assert bridge.sending.accepted[0][1] == 1


async def test_what_is_refused_does_not_use_a_link_up() -> None:
    """Neither a bad body nor a recipient who cannot be found."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        bad = await caller.post(LINK, json={"txt": "hi"}, key=None)
        bridge.sending.error = errors.RecipientNotFound("its sender is not here")
        gone = await caller.post(LINK, json=HI, key=None)
        bridge.sending.error = None
        answer = await caller.post(LINK, json=HI, key=None)

    assert (bad.status, gone.status, answer.status) == (422, 404, 200)


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize(
    "query", ["signature=bad", "nonce=dlv_1", "expires=1", "nonce=dlv_1&signature="]
)
async def test_a_bad_link_lets_nobody_in(query: str, key: str | None) -> None:
    """Not even with a key: whoever gave it meant a link."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"{PATH}?{query}", json=HI, key=key)

    assert (answer.status, answer.code) == (403, "link_invalid")
    assert bridge.sending.accepted == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("DELETE", PATH),
        ("PUT", PATH),
        ("POST", f"{PATH}/more"),
        ("POST", "/messages/msg_1/retry"),
        ("POST", "/send"),
        ("GET", "/messages/msg_1"),
        ("DELETE", "/messages/msg_1/content"),
    ],
)
async def test_a_link_opens_nothing_else(method: str, path: str) -> None:
    """It is good for a reply, and only at its address."""
    async with calling(holding().services()) as caller:
        answer = await caller(method, f"{path}?signature=good", key=None)

    assert answer.status == 401


async def test_a_page_of_another_origin_may_not_use_a_link() -> None:
    """The rule of origins stays."""
    bridge = holding()
    evil = {"Origin": "https://evil.example"}

    async with calling(bridge.services()) as caller:
        answer = await caller.post(LINK, json=HI, key=None, headers=evil)

    assert answer.code == "origin_not_allowed"
    assert bridge.sending.accepted == []


async def test_what_the_link_signs_is_in_no_line_of_the_log() -> None:
    """Whoever reads the log could answer in the receiver's place."""
    bridge = holding()

    async with calling(bridge.services()) as caller:
        answer: Answer = await caller.post(LINK, json=HI, key=None)

    lines = [facts for event, facts in bridge.meter.lines if event.startswith("req")]
    assert answer.status == 200
    assert lines[0]["route"] == "/messages/{message_id}/reply"
    assert "signature" not in str(bridge.meter.lines)


async def test_a_reply_still_under_way_is_202() -> None:
    """As it waits for its recipient."""
    bridge = holding()
    bridge.sending.outcome = {"status": MessageStatus.QUEUED}

    async with calling(bridge.services()) as caller:
        answer = await caller.post(PATH, json=HI)

    assert answer.status == 202
