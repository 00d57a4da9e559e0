"""POST /send and /broadcast over a socket: statuses, headers, refusals."""

from datetime import timedelta

import aiohttp
import pytest

from gateway.bridge.ports import LinkStatus
from gateway.bridge.sending import Rehearsal
from gateway.domain import errors
from gateway.domain.model import MessageError, MessageStatus, WaitingFor
from tests.fakes.bridge import ALICE, KEY, Bridge
from tests.fakes.caller import calling
from tests.fakes.clock import NOON

HI = {"to": "alice", "text": "hi"}


async def test_a_message_the_room_took_is_200() -> None:
    """The receipt has exactly the contract's members, and says where to look."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json={**HI, "ref": "order-17"})

    assert answer.status == 200
    assert answer.headers["location"] == "/messages/msg_1"
    assert answer.json == {
        "id": "msg_1",
        "status": "sent",
        "waiting_for": None,
        "room": "lobby",
        "type": "chat",
        "ref": "order-17",
        "recipients": [
            {
                "name": "alice",
                "participant_id": "p-0",
                "status": "sent",
                "attempts": 1,
            }
        ],
        "created_at": "2026-03-14T12:00:00.000Z",
        "expires_at": "2026-03-14T12:05:00.000Z",
        "next_retry_at": None,
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (MessageStatus.PARTIAL, 200),
        (MessageStatus.EXPIRED, 200),
        (MessageStatus.CANCELLED, 200),
        (MessageStatus.QUEUED, 202),
        (MessageStatus.SENDING, 202),
        (MessageStatus.UNKNOWN, 202),
    ],
)
async def test_what_is_not_known_yet_is_202(status: MessageStatus, code: int) -> None:
    """200 is for what has come to its end, 202 for what may still go either way."""
    bridge = Bridge()
    bridge.sending.outcome = {"status": status}

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.status == code
    assert answer.json["status"] == status.value


async def test_a_message_that_waits_for_its_room_says_until_when() -> None:
    """`next_retry_at` is when the room is tried again."""
    bridge = Bridge()
    bridge.reading.status = LinkStatus(
        "reconnecting", NOON, next_retry_at=NOON + timedelta(seconds=4)
    )
    bridge.sending.outcome = {
        "status": MessageStatus.QUEUED,
        "waiting_for": WaitingFor.ROOM,
    }

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.json["waiting_for"] == "room"
    assert answer.json["next_retry_at"] == "2026-03-14T12:00:04.000Z"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (MessageError("room_rejected", "no", 1003), 422, "room_rejected"),
        (MessageError("room_denied", "no", 1001), 403, "room_denied"),
        (MessageError("recipient_not_found", "gone"), 404, "recipient_not_found"),
        (MessageError("recipient_ambiguous", "two"), 409, "recipient_ambiguous"),
        (MessageError("something_new", "no"), 422, "room_rejected"),
        (None, 422, "room_rejected"),
    ],
)
async def test_a_message_that_failed_within_the_wait_is_a_refusal_on_record(
    error: MessageError | None, status: int, code: str
) -> None:
    """The problem names the message."""
    bridge = Bridge()
    bridge.sending.outcome = {"status": MessageStatus.FAILED, "error": error}

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.status == status
    assert answer.code == code
    assert answer.json["message_id"] == "msg_1"


async def test_the_rooms_own_code_is_told() -> None:
    """What the room said stays readable."""
    bridge = Bridge()
    error = MessageError("room_rejected", "Try less.", 1017)
    bridge.sending.outcome = {"status": MessageStatus.FAILED, "error": error}

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.json["upstream_code"] == 1017
    assert answer.json["detail"] == "Try less."


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.RecipientNotFound("Nobody."), 404),
        (errors.RecipientAmbiguous("Two."), 409),
        (errors.RecipientIsSelf("You."), 422),
        (errors.MessagingDisabled("Off."), 409),
        (errors.RoomUnavailable("Away."), 503),
        (errors.QueueFull("Full."), 503),
        (errors.StoreUnavailable("Disk."), 503),
    ],
)
async def test_what_was_not_accepted_keeps_its_own_code(
    error: errors.GatewayError, status: int
) -> None:
    """A refusal of the use case is answered by the table."""
    bridge = Bridge()
    bridge.sending.error = error

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.status == status
    assert answer.code == error.code
    assert "message_id" not in answer.json
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_bug_is_a_problem_too() -> None:
    """An unexpected exception is 500 `internal`, told apart from all else."""
    bridge = Bridge()
    bridge.sending.error = RuntimeError("the secret")

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.status == 500
    assert answer.code == "internal"
    assert b"secret" not in answer.content


async def test_a_form_is_enough() -> None:
    """`curl -d to=alice -d text=hi` says hi."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post(
            "/send",
            data=b"to=alice&text=hi",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert answer.status == 200
    assert bridge.sending.draft.body == '{"text":"hi"}'


async def test_a_file_goes_along() -> None:
    """Multipart carries the attachment's bytes."""
    bridge = Bridge()
    form = aiohttp.FormData({"to": "alice", "text": "é"})
    form.add_field("attachment", b"\x00" * 70_000, filename="é.bin")

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", data=form)

    assert answer.status == 200
    assert bridge.sending.draft.attachment == b"\x00" * 70_000


@pytest.mark.parametrize(
    ("query", "prefer", "wait_s", "applied"),
    [
        ("", None, None, None),
        ("", "wait=10", 10, "wait=10"),
        ("", "respond-async, wait=100", 30, "wait=30"),
        ("", "wait=soon", None, None),
        ("?wait=0", None, 0, None),
        ("?wait=7", "wait=10", 7, None),
    ],
)
async def test_the_caller_says_how_long_to_wait(
    query: str, prefer: str | None, wait_s: int | None, applied: str | None
) -> None:
    """By `Prefer: wait=N`, which is echoed, or by the query, which goes first."""
    bridge = Bridge()
    headers = {} if prefer is None else {"Prefer": prefer}

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"/send{query}", json=HI, headers=headers)

    assert bridge.sending.accepted[0][1] == wait_s
    assert answer.headers.get("preference-applied") == applied


async def test_preferences_may_come_in_several_headers() -> None:
    """They are one list, as with all headers that hold one."""
    bridge = Bridge()
    headers = [
        ("X-API-Key", KEY),
        ("Prefer", "wait=3"),
        ("Prefer", "respond-async"),
    ]

    async with calling(bridge.services()) as caller, aiohttp.ClientSession() as session:
        url = f"{caller.url}/send"
        async with session.post(url, json=HI, headers=headers) as answer:
            applied = answer.headers.get("Preference-Applied")

    assert applied == "wait=3"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?wait=31", "?wait"),
        ("?wait=-1", "?wait"),
        ("?wait=", "?wait"),
        ("?wait=٣", "?wait"),
        ("?dryrun=true", "?dryrun"),
        ("?dry_run=perhaps", "?dry_run"),
    ],
)
async def test_a_bad_query_is_refused_and_nothing_is_said(
    query: str, pointer: str
) -> None:
    """A mistyped `dry_run` must not send in earnest."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"/send{query}", json=HI)

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == pointer
    assert bridge.sending.accepted == []


async def test_a_rehearsal_says_who_would_get_it() -> None:
    """Nothing is stored."""
    bridge = Bridge()
    bridge.sending.rehearsal = Rehearsal("lobby", "send", (ALICE,), None)

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send?dry_run=true", json=HI)

    assert answer.status == 200
    assert answer.json["would"] == "send"
    assert answer.json["recipients"][0]["name"] == "alice"
    assert bridge.sending.accepted == []


async def test_a_rehearsal_says_why_not() -> None:
    """The refusal that would come is shown as its problem."""
    bridge = Bridge()
    bridge.sending.rehearsal = Rehearsal(
        "lobby", "refuse", (), None, errors.RecipientNotFound("Nobody.")
    )

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send?dry_run=1", json=HI)

    assert answer.status == 200
    assert answer.json["would"] == "refuse"
    assert answer.json["error"]["code"] == "recipient_not_found"


async def test_who_asked_goes_with_the_message() -> None:
    """The key's id and the trace are kept."""
    bridge = Bridge()
    trace = f"00-{'a' * 32}-{'b' * 16}-01"

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers={"traceparent": trace})
        me = await caller.get("/me")

    assert bridge.sending.draft.traceparent == trace
    assert bridge.sending.draft.key_id == me.json["key_id"]


async def test_a_broadcast_tells_how_many_were_there() -> None:
    """It has `present` where a send has `recipients`."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/broadcast", json={"text": "hi"})

    assert answer.status == 200
    assert answer.json["present"] == 2
    assert "recipients" not in answer.json


async def test_links_lead_back_through_the_path_of_a_proxy() -> None:
    """The Location has the path under which a proxy serves us."""
    bridge = Bridge()
    services = bridge.services(public_url="https://example.com/gw")

    async with calling(services) as caller:
        answer = await caller.post("/send", json=HI)

    assert answer.headers["location"] == "/gw/messages/msg_1"
