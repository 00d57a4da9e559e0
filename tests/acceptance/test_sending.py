"""`POST /send`, on a whole gateway: what reaches people, and what is refused."""

import base64
import io
import json
from hashlib import sha256

import pytest
from aiohttp import FormData

from tests.acceptance.stage import Stage
from tests.fakes.caller import Answer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

SIZES = [0, 1024, 1024**2, 5 * 1024**2]


def pattern(size: int) -> bytes:
    """Return bytes that show whether some were lost, or moved."""
    return bytes(i % 251 for i in range(251)) * (size // 251) + bytes(size % 251)


def digest(content: bytes) -> str:
    """Return what bytes are told apart by, short enough to be shown."""
    return f"{len(content)} bytes, {sha256(content).hexdigest()}"


async def test_json_reaches_a_name(stage: Stage) -> None:
    """`curl --json` to a name: 200 once the room has it, and where to find it."""
    async with stage.person("alice") as alice:
        answer = await stage.send(to="alice", type="order", message={"n": 1}, ref="r1")

        heard = (await alice.hears())[0]

    assert (answer.status, answer.json["status"], answer.json["ref"]) == (
        *(200, "sent", "r1"),
    )
    assert answer.headers["Location"] == f"/messages/{answer.json['id']}"
    assert answer.json["recipients"][0]["participant_id"] == alice.id
    assert (heard.type, heard.message) == ("order", {"n": 1})


async def test_text_is_short_for_a_message(stage: Stage) -> None:
    """`curl -d to=… -d text=…` says `{"text": …}` of type `chat`, é and emoji too."""
    async with stage.person("zoé 🦊") as zoe:
        answer = await stage.call.post(
            "/send", data={"to": "zoé 🦊", "text": "déjà vu 🦊"}
        )

        heard = (await zoe.hears())[0]

    assert answer.status == 200
    assert (heard.type, heard.message) == ("chat", {"text": "déjà vu 🦊"})


async def test_a_name_with_a_slash_can_be_asked_for(stage: Stage) -> None:
    """What somebody is called does not break the address."""
    async with stage.person("é/b") as odd:
        found = await stage.ask("/participants/%C3%A9%2Fb")

    assert found["id"] == odd.id


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_reaches_them_whole(stage: Stage, size: int) -> None:
    """`curl -F attachment=@file`, from nothing to the limit."""
    content = pattern(size)
    form = FormData({"to": "filer", "text": "here"})
    form.add_field("attachment", io.BytesIO(content), filename="plan é.pdf")
    async with stage.person("filer") as filer:
        answer = await stage.call.post("/send", data=form)

        heard = (await filer.hears())[0]

    assert answer.status == 200
    assert digest(heard.attachment) == digest(content)


@pytest.mark.parametrize("size", SIZES)
async def test_base64_reaches_them_whole(stage: Stage, size: int) -> None:
    """An attachment in JSON, from nothing to the limit."""
    content = pattern(size)
    async with stage.person("reader") as reader:
        answer = await stage.send(
            to="reader", text="here", attachment=base64.b64encode(content).decode()
        )

        heard = (await reader.hears())[0]
        kept = await stage.call.get(f"/messages/{answer.json['id']}/attachment")

    assert answer.status == 200
    assert digest(heard.attachment) == digest(content)
    assert kept.status == (200 if size else 404)
    assert not size or digest(kept.content) == digest(content)


async def test_a_list_reaches_everybody_on_it(stage: Stage) -> None:
    """Names, ids and roles in one list; each is said to once."""
    async with (
        stage.person("ann") as ann,
        stage.person("ben") as ben,
        stage.person("cat", role="tool") as cat,
    ):
        answer = await stage.send(
            to=["ann", {"id": ben.id}, {"role": "tool"}], text="hi", match="all"
        )

        heard = [len(await each.hears()) for each in (ann, ben, cat)]

    assert answer.status == 200, answer.content
    assert answer.json["status"] == "sent"
    assert heard == [1, 1, 1]


async def test_one_absent_name_refuses_the_whole_list(stage: Stage) -> None:
    """The pointer says which; nobody hears anything."""
    async with (
        stage.person("ann") as ann,
        stage.person("ben"),
        stage.person("cat"),
    ):
        answer = await stage.send(to=["ann", "ben", "cat", "nobody"], text="hi")
        await stage.send(to="ann", text="after")

        heard = await ann.hears()

    assert (answer.status, answer.code) == (404, "recipient_not_found")
    assert [each["pointer"] for each in answer.json["errors"]] == ["/to/3"]
    assert [each.message for each in heard] == [{"text": "after"}]


async def test_two_of_one_name_are_told_apart(stage: Stage) -> None:
    """`one` refuses with both as candidates, `first` takes one, `all` both."""
    async with stage.person("twin") as one, stage.person("twin") as other:
        refused = await stage.send(to="twin", text="who?")
        first = await stage.send(to="twin", text="first", match="first")
        both = await stage.send(to="twin", text="both", match="all")
        await one.hears()
        await other.hears()

        texts = [each.message for each in (*one.heard, *other.heard)]

    assert (refused.status, refused.code) == (409, "recipient_ambiguous")
    assert one.id.encode() in refused.content
    assert other.id.encode() in refused.content
    assert [len(answer.json["recipients"]) for answer in (first, both)] == [1, 2]
    assert sorted(map(str, texts)) == sorted(
        map(str, [{"text": "first"}, {"text": "both"}, {"text": "both"}])
    )


async def test_a_broadcast_reaches_everybody(stage: Stage) -> None:
    """And tells how many were there."""
    async with stage.person("ann") as ann, stage.person("ben") as ben:
        answer = await stage.call.post("/broadcast", data={"text": "hello, all"})

        heard = [(await each.hears())[0].message for each in (ann, ben)]

    assert (answer.status, answer.json["status"]) == (200, "sent")
    assert answer.json["present"] == 2
    assert "recipients" not in answer.json
    assert heard == [{"text": "hello, all"}] * 2


async def test_a_dry_run_says_who_would_get_it(stage: Stage) -> None:
    """And stores nothing, and says nothing."""
    async with stage.person("ann") as ann:
        answer = await stage.call.post(
            "/send?dry_run=true", json={"to": "ann", "text": "?", "ref": "dry"}
        )
        refused = await stage.call.post(
            "/send?dry_run=true", json={"to": "anna", "text": "?"}
        )
        listed = await stage.ask("/messages?ref=dry")

    assert (answer.status, answer.json["would"]) == (200, "send")
    assert ann.id.encode() in answer.content
    assert (refused.status, refused.json["would"]) == (200, "refuse")
    assert b"recipient_not_found" in refused.content
    assert listed["messages"] == []
    assert ann.heard == []


async def test_the_absent_are_awaited_when_asked(stage: Stage) -> None:
    """`await_recipient` holds it until somebody of that name comes."""
    answer = await stage.send(0, to="late", text="at last", await_recipient=True)
    await stage.until(
        answer.headers["Location"], lambda now: now.json["waiting_for"] == "recipient"
    )
    async with stage.person("late") as late:
        heard = (await late.hears())[0]
        message = await stage.final(answer)

    assert answer.status == 202
    assert heard.message == {"text": "at last"}
    assert message["status"] == "sent"


async def test_who_never_comes_is_reported(stage: Stage) -> None:
    """A held message expires with its ttl."""
    answer = await stage.send(0, to="never", text="?", await_recipient=True, ttl=1)

    message = await stage.final(answer)

    assert message["status"] == "expired"


@pytest.mark.parametrize("how", [{"headers": {"Prefer": "wait=7"}}, {}])
async def test_the_wait_can_be_chosen(stage: Stage, how: dict[str, object]) -> None:
    """By header, which is echoed, or in the query."""
    path = "/send" if how else "/send?wait=7"
    async with stage.person("ann"):
        answer = await stage.call.post(path, json={"to": "ann", "text": "hi"}, **how)

    assert answer.status == 200
    assert answer.headers.get("Preference-Applied") == ("wait=7" if how else None)


async def test_a_room_that_is_slow_is_not_waited_for(stage: Stage) -> None:
    """With wait=0 the answer is 202 at once; the message says how it ended."""
    async with stage.person("ann") as ann:
        answer = await stage.call.post("/send?wait=0", json={"to": "ann", "text": "hi"})
        await ann.hears()
        message = await stage.final(answer)

    assert answer.status == 202
    assert answer.json["status"] in {"queued", "sending", "sent"}
    assert message["status"] == "sent"


def refusals() -> list[tuple[dict[str, object], int, str]]:
    """Return bodies with the status and the code of their refusal."""
    big = base64.b64encode(bytes(5 * 1024**2 + 1)).decode()
    to = {"to": "ann", "text": "hi"}
    return [
        ({"to": "nobody", "text": "hi"}, 404, "recipient_not_found"),
        ({"to": {"id": "nobody"}, "text": "hi"}, 404, "recipient_not_found"),
        ({"to": "gateway", "text": "hi"}, 422, "recipient_is_self"),
        ({**to, "type": "dismiss"}, 422, "reserved_type"),
        ({**to, "type": "messaging.enabled"}, 422, "reserved_type"),
        ({**to, "type": "participant.attributes"}, 422, "reserved_type"),
        ({**to, "attachment": big}, 413, "payload_too_large"),
        ({**to, "attachment": "%%%"}, 422, "validation"),
        ({"to": "ann", "text": "x" * 300_000}, 413, "payload_too_large"),
        ({**to, "message": {}}, 422, "validation"),
        ({"to": "ann"}, 422, "validation"),
        ({"to": "ann", "message": [1]}, 422, "validation"),
        ({"text": "hi"}, 422, "validation"),
        ({**to, "tpye": "x"}, 422, "validation"),
        ({**to, "ttl": 86_401}, 422, "validation"),
        ({**to, "to": ["ann"] * 101}, 422, "validation"),
        ({**to, "room": "attic"}, 404, "not_found"),
    ]


@pytest.mark.parametrize(("body", "status", "code"), refusals())
async def test_what_cannot_be_said_is_refused(
    stage: Stage, body: dict[str, object], status: int, code: str
) -> None:
    """With the status and the code of the table, and nobody hears it."""
    async with stage.person("ann") as ann:
        answer = await stage.send(**body)

    assert (answer.status, answer.code) == (status, code)
    assert answer.json["retryable"] is False
    assert ann.heard == []


async def raw(stage: Stage, content: bytes, type_: str) -> Answer:
    """POST bytes to /send."""
    headers = {"Content-Type": type_}
    return await stage.call.post("/send", data=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "type_", "status", "code"),
    [
        (b'{"to":"ann"', "application/json", 400, "malformed_json"),
        (b'{"to":"\xff","text":"x"}', "application/json", 400, "malformed_json"),
        (b'{"to":"ann","text":NaN}', "application/json", 400, "malformed_json"),
        (
            '{"to":"ann","text":"é"}'.encode("latin-1"),
            "application/json; charset=latin-1",
            *(415, "unsupported_media_type"),
        ),
        (b"to=ann&text=hi", "text/plain", 415, "unsupported_media_type"),
        (
            b'{"to":"ann","text":"hi"}',
            "application/x-www-form-urlencoded",
            *(415, "unsupported_media_type"),
        ),
        (b"<to>ann</to>", "application/xml", 415, "unsupported_media_type"),
    ],
)
async def test_bytes_that_cannot_be_read_are_refused(
    stage: Stage, content: bytes, type_: str, status: int, code: str
) -> None:
    """Wrong JSON is 400, a wrong type or charset is 415."""
    answer = await raw(stage, content, type_)

    assert (answer.status, answer.code) == (status, code)


async def test_json_sent_as_a_form_says_what_to_use(stage: Stage) -> None:
    """`curl -d '{…}'` is what people type first."""
    answer = await raw(
        stage,
        json.dumps({"to": "ann", "text": "hi"}).encode(),
        "application/x-www-form-urlencoded",
    )

    assert "curl --json" in answer.json["detail"]


async def test_a_large_file_is_refused_in_a_form_too(stage: Stage) -> None:
    """413 with the limit that it is over."""
    form = FormData({"to": "ann", "text": "here"})
    big = io.BytesIO(bytes(5 * 1024**2 + 1))
    form.add_field("attachment", big, filename="big")

    answer = await stage.call.post("/send", data=form)

    assert (answer.status, answer.code) == (413, "payload_too_large")
    assert answer.json["limit"] == 5 * 1024**2


async def test_an_absent_name_is_met_with_who_is_there(stage: Stage) -> None:
    """Near misses first."""
    async with stage.person("bob"), stage.person("alice"):
        answer = await stage.send(to="alise", text="hi")

    assert answer.code == "recipient_not_found"
    assert answer.json["present"] == ["alice", "bob"]
