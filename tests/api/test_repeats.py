"""A request that is made again with its Idempotency-Key is not done again."""

from dataclasses import replace

import pytest
from typing_extensions import override

from gateway.api.repeats import fingerprint, key_in
from gateway.bridge.ports import Once
from gateway.bridge.sending import Draft
from gateway.domain import errors
from gateway.domain.errors import Invalid
from gateway.domain.model import MessageError, MessageStatus, OutgoingMessage
from tests.fakes.bridge import Bridge, FakeSending
from tests.fakes.caller import calling

HI = {"to": "alice", "text": "hi"}
KEY = {"Idempotency-Key": "order-17"}
REPLAYED = "idempotent-replayed"


class Overtaken(FakeSending):
    """Is told the same by another request, just before each."""

    @override
    async def accept(
        self, draft: Draft, *, wait_s: float | None, once: Once | None = None
    ) -> OutgoingMessage:
        await super().accept(draft, wait_s=wait_s, once=once)
        return await super().accept(draft, wait_s=wait_s, once=once)


async def test_a_repeat_says_nothing_twice() -> None:
    """It is answered as the first, and says that it is a repeat."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        first = await caller.post("/send", json=HI, headers=KEY)
        again = await caller.post("/send", json=HI, headers=KEY)

    assert len(bridge.sending.accepted) == 1
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert (again.status, again.json) == (first.status, first.json)


async def test_a_repeat_tells_the_present_state_after_a_wait_of_its_own() -> None:
    """What was queued then may have been sent since."""
    bridge = Bridge()
    bridge.sending.outcome = {"status": MessageStatus.QUEUED}

    async with calling(bridge.services()) as caller:
        first = await caller.post("/send?wait=0", json=HI, headers=KEY)
        bridge.sending.kept["msg_1"] = replace(
            bridge.sending.kept["msg_1"], status=MessageStatus.SENT
        )
        again = await caller.post("/send?wait=7", json=HI, headers=KEY)

    assert (first.status, first.json["status"]) == (202, "queued")
    assert (again.status, again.json["status"]) == (200, "sent")
    assert bridge.sending.repeats == [7]


async def test_a_repeat_of_what_failed_is_the_same_refusal() -> None:
    """With the message on record, and marked as a repeat."""
    bridge = Bridge()
    bridge.sending.outcome = {
        "status": MessageStatus.FAILED,
        "error": MessageError("room_denied", "no", 1001),
    }

    async with calling(bridge.services()) as caller:
        first = await caller.post("/send", json=HI, headers=KEY)
        again = await caller.post("/send", json=HI, headers=KEY)

    assert (
        (first.status, first.code) == (again.status, again.code) == (403, "room_denied")
    )
    assert again.json["message_id"] == "msg_1"
    assert again.headers[REPLAYED] == "true"
    assert REPLAYED not in first.headers


async def test_a_repeat_is_answered_before_its_recipient_is_looked_for() -> None:
    """They may have gone: what was said was said."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers=KEY)
        bridge.sending.error = errors.RecipientNotFound("Nobody of that name is here.")
        again = await caller.post("/send", json=HI, headers=KEY)

    assert again.status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/send", {"to": "alice", "text": "ho"}),
        ("/send", {"nonsense": True}),
        ("/send?dry_run=false", HI),
    ],
)
async def test_another_request_with_the_key_is_refused(
    path: str, body: dict[str, object]
) -> None:
    """Its message would be lost without a word."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers=KEY)
        other = await caller.post(path, json=body, headers=KEY)

    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert REPLAYED not in other.headers
    assert len(bridge.sending.accepted) == 1


async def test_a_key_is_its_own_for_each_address() -> None:
    """Whoever numbers sends and broadcasts alike mixes nothing up."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers=KEY)
        other = await caller.post("/broadcast", json={"text": "hi"}, headers=KEY)

    assert other.status == 200
    assert REPLAYED not in other.headers
    assert {
        once.scope.partition(":")[2].split(" ")[1] for once in bridge.sending.done
    } == {
        "/send",
        "/broadcast",
    }


async def test_a_key_is_its_own_for_each_caller() -> None:
    """Two who use the same word are not each other's repeats."""
    bridge = Bridge()

    async with calling(bridge.services(keys=("first", "second"))) as caller:
        await caller.post("/send", json=HI, headers=KEY, key="first")
        other = await caller.post("/send", json=HI, headers=KEY, key="second")

    assert REPLAYED not in other.headers
    assert len(bridge.sending.accepted) == 2


async def test_quotes_are_not_part_of_a_key() -> None:
    """Some callers send a text of Structured Fields, most do not."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers=KEY)
        again = await caller.post(
            "/send", json=HI, headers={"Idempotency-Key": '"order-17"'}
        )

    assert again.headers[REPLAYED] == "true"


@pytest.mark.parametrize(
    "key", ["", '""', "two words", "ü", "x" * 256, '"' + "x" * 256]
)
async def test_what_is_no_key_is_refused_with_the_rule(key: str) -> None:
    """And nothing is said."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI, headers={"Idempotency-Key": key})

    assert (answer.status, answer.code) == (422, "validation")
    assert "1 to 255" in answer.json["detail"]
    assert bridge.sending.accepted == []


def test_two_keys_are_refused() -> None:
    """Either might be the one that was meant."""
    given = [(b"idempotency-key", b"a"), (b"idempotency-key", b"b")]

    with pytest.raises(Invalid, match="twice"):
        key_in({"method": "POST", "path": "/send", "headers": given})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rooms/lobby/reconnect"),
        ("PATCH", "/rooms/lobby/attributes"),
        ("DELETE", "/messages/msg_1/content"),
        ("DELETE", "/send"),
    ],
)
async def test_where_no_key_is_taken_it_is_not_ignored(method: str, path: str) -> None:
    """Whoever sends one relies on it; it says where one is taken."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller(method, path, headers=KEY)

    assert (answer.status, answer.code) == (422, "validation")
    assert "/send/batch" in answer.json["detail"]
    assert bridge.controls.told == []


async def test_a_refusal_that_stored_nothing_frees_the_key() -> None:
    """The mended request is the first one."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        bridge.sending.error = errors.QueueFull("The outbox is full.")
        refused = await caller.post("/send", json=HI, headers=KEY)
        bridge.sending.error = None
        bad = await caller.post("/send", json={"to": "alice"}, headers=KEY)
        answer = await caller.post("/send", json=HI, headers=KEY)

    assert (refused.status, bad.status, answer.status) == (503, 422, 200)
    assert REPLAYED not in answer.headers


async def test_a_rehearsal_leaves_the_key_free() -> None:
    """Nothing is stored, so there is nothing to repeat."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        rehearsal = await caller.post("/send?dry_run=true", json=HI, headers=KEY)
        answer = await caller.post("/send", json=HI, headers=KEY)

    assert rehearsal.json["dry_run"]
    assert REPLAYED not in answer.headers


async def test_a_message_that_is_no_longer_held_is_gone() -> None:
    """It was accepted, so it must not be said anew."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers=KEY)
        del bridge.sending.kept["msg_1"]
        again = await caller.post("/send", json=HI, headers=KEY)

    assert (again.status, again.code) == (410, "message_gone")
    assert again.json["message_id"] == "msg_1"


async def test_a_request_that_came_second_is_a_repeat() -> None:
    """Two at once: whichever the store took first has said it."""
    bridge = Bridge()
    bridge.sending = Overtaken()

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI, headers=KEY)

    assert (answer.status, answer.headers[REPLAYED]) == (200, "true")
    assert len(bridge.sending.accepted) == 1


async def test_a_form_may_have_a_key_as_well() -> None:
    """It is the same request if its fields are the same."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", data=HI, headers=KEY)
        again = await caller.post("/send", data=HI, headers=KEY)
        other = await caller.post("/send", data={**HI, "ref": "1"}, headers=KEY)

    assert again.headers[REPLAYED] == "true"
    assert other.status == 422


async def test_pages_of_known_origins_may_see_that_it_is_a_repeat() -> None:
    """And may send what such requests need."""
    bridge = Bridge()
    origin = "https://app.example"
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    async with calling(bridge.services(origins=(origin,))) as caller:
        preflight = await caller("OPTIONS", "/send", key=None, headers=asking)
        answer = await caller.post("/send", json=HI, headers={"Origin": origin})

    allowed = preflight.headers["access-control-allow-headers"]
    assert "Idempotency-Key" in allowed
    assert "Last-Event-ID" in allowed
    assert "Idempotent-Replayed" in answer.headers["access-control-expose-headers"]


def test_a_fingerprint_tells_requests_apart_but_not_their_waits() -> None:
    """Neither does the order of a query make another request."""
    one = fingerprint(b"a=1&b=2&wait=5", b"digest")

    assert (
        one
        == fingerprint(b"wait=9&b=2&a=1", b"digest")
        == fingerprint(b"a=1&b=2", b"digest")
    )
    assert one != fingerprint(b"a=1&b=3", b"digest")
    assert one != fingerprint(b"a=1&b=2", b"another")
    assert one != fingerprint(b"a=1&b=2", b"digest", "key")
