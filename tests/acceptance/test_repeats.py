"""Repeats, batches, cancels and retries, on a whole gateway: what is said, and once."""

import asyncio
import io
from pathlib import Path

import pytest
from aiohttp import FormData

from gateway.emulator import Heard
from tests.acceptance.stage import Stage, a_stage
from tests.acceptance.test_restart import started_again

pytestmark = pytest.mark.timeout(90)

KEY = {"Idempotency-Key": "order-17"}
HI = {"to": "alice", "text": "hi"}
REPLAYED = "idempotent-replayed"


def text_of(heard: Heard) -> object:
    """Return what somebody heard in words."""
    assert isinstance(heard.message, dict)
    return heard.message["text"]


@pytest.mark.asyncio(loop_scope="module")
async def test_of_many_repeats_at_once_one_is_said(stage: Stage) -> None:
    """All are answered with the one message, and later ones with its present state."""
    async with stage.person("alice") as alice:
        await stage.away()
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(stage.call.post("/send", json=HI, headers=KEY))
                for _ in range(20)
            ]
        await stage.back()
        later = await stage.call.post("/send?wait=10", json=HI, headers=KEY)
        await stage.send(to="alice", text="last")
        heard = [text_of(each) for each in await alice.hears(2)]
    gone = await stage.call.post("/send", json=HI, headers=KEY)
    other = await stage.call.post("/send", json={**HI, "text": "ho"}, headers=KEY)

    answers = [each.result() for each in asked]
    assert heard == ["hi", "last"]
    assert {each.status for each in answers} == {202}
    assert len({each.json["id"] for each in answers}) == 1
    assert sum(REPLAYED in each.headers for each in answers) == 19
    assert (later.status, later.json["status"]) == (200, "sent")
    assert (gone.status, gone.json["id"]) == (200, later.json["id"])
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_a_repeat_is_known_after_a_restart(tmp_path: Path) -> None:
    """Of a message, of a batch and of a webhook with the secret it was given."""
    batch = {"messages": [HI, {"text": "hi, all"}]}
    hook = {"url": "http://127.0.0.1:9/"}
    asked = {"/send": HI, "/send/batch": batch, "/webhooks": hook}

    async with a_stage(tmp_path) as stage:
        async with stage.person("alice"):
            first = [
                await stage.call.post(path, json=body, headers=KEY)
                for path, body in asked.items()
            ]
        assert await stage.process.stop() == 0
        async with started_again(stage) as again:
            second = [
                await again.call.post(path, json=body, headers=KEY)
                for path, body in asked.items()
            ]

    assert [each.status for each in first] == [200, 202, 201]
    assert [each.headers.get(REPLAYED) for each in second] == ["true"] * 3
    assert second[0].json["id"] == first[0].json["id"]
    results = [
        [each["id"] for each in one[1].json["results"]] for one in (first, second)
    ]
    assert results[0] == results[1]
    assert second[2].content == first[2].content
    assert second[2].json["secret"].startswith("whsec_")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_batch_is_said_in_its_order(stage: Stage) -> None:
    """To one, to all and to one again; and not at all if one of it is wrong."""
    texts = [str(number) for number in range(100)]
    messages = [
        {"text": text, **({"to": "alice"} if int(text) % 2 else {})} for text in texts
    ]
    async with stage.person("alice") as alice:
        answer = await stage.call.post(
            "/send/batch?wait=20", json={"messages": messages}
        )
        bad = await stage.call.post(
            "/send/batch",
            json={"messages": [HI, {"to": "nobody", "text": "a"}, {"to": "alice"}]},
        )
        absent = await stage.call.post(
            "/send/batch", json={"messages": [HI, {"to": ["alice", "zz"], "text": "a"}]}
        )
        await stage.send(to="alice", text="last")

        heard = [text_of(each) for each in await alice.hears(101)]

    assert answer.status == 200
    assert [each["index"] for each in answer.json["results"]] == list(range(100))
    assert {each["status"] for each in answer.json["results"]} == {"sent"}
    assert heard == [*texts, "last"]
    assert bad.status == 422
    assert [each["pointer"] for each in bad.json["errors"]] == ["/messages/2/message"]
    assert (absent.status, absent.code) == (404, "recipient_not_found")
    assert absent.json["errors"][0]["pointer"] == "/messages/1/to/1"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_cancelled_is_never_said(stage: Stage) -> None:
    """Who waits for its end is told; what has been said cannot be cancelled."""
    async with stage.person("alice") as alice:
        await stage.away()
        queued = await stage.send(to="alice", text="oh no")
        path = f"/messages/{queued.json['id']}"
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(stage.ask(f"{path}?wait=50"))
            cancelled = await stage.call("DELETE", path)
        again = await stage.call("DELETE", f"/messages/{queued.json['id']}")
        await stage.back()
        sent = await stage.send(to="alice", text="last")
        late = await stage.call("DELETE", f"/messages/{sent.json['id']}")

        heard = [each.message for each in await alice.hears()]

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert waiting.result()["status"] == "cancelled"
    assert [(each.status, each.code) for each in (again, late)] == [
        (409, "wrong_state")
    ] * 2
    assert heard == [{"text": "last"}]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_expired_can_be_said_after_all(stage: Stage) -> None:
    """Under its id, once; what was sent cannot be said again."""
    async with stage.person("alice") as alice:
        await stage.away()
        answer = await stage.send(to="alice", text="late", ttl=1)
        path = f"/messages/{answer.json['id']}"
        await stage.until(path, lambda a: bool(a.json["status"] == "expired"))
        await stage.back()
        retried = await stage.call.post(f"{path}/retry")
        shown = await stage.ask(f"{path}?wait=10")
        again = await stage.call.post(f"{path}/retry")
        await stage.send(to="alice", text="last")

        heard = [text_of(each) for each in await alice.hears(2)]

    assert (retried.status, retried.json["id"]) == (202, answer.json["id"])
    assert shown["status"] == "sent"
    assert (again.status, again.code) == (409, "wrong_state")
    assert heard == ["late", "last"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_download_that_broke_off_goes_on(stage: Stage) -> None:
    """Part by part it is what was said."""
    content = bytes(range(256)) * 1024
    async with (
        stage.subscribed(events=["message.received"]) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"n": 1}, content)
        told = await subscriber.told("message.received")
        path = f"/messages/{told['data']['id']}/attachment"
        whole = await stage.call.get(path)
        headers = {"If-Range": whole.headers["etag"]}
        parts = [
            await stage.call.get(path, headers={**headers, "Range": asked})
            for asked in ("bytes=0-99999", "bytes=100000-")
        ]

    assert [each.status for each in parts] == [206, 206]
    assert b"".join(each.content for each in parts) == whole.content == content


@pytest.mark.asyncio(loop_scope="module")
async def test_a_large_file_sent_many_times_is_said_once(stage: Stage) -> None:
    """Its bytes are stored before the commit that decides who was first."""
    content = bytes(range(256)) * 4096

    def form() -> FormData:
        made = FormData()  # Each has a boundary of its own.
        made.add_field("to", "alice")
        made.add_field("text", "the plan")
        made.add_field("attachment", io.BytesIO(content), filename="plan.bin")
        return made

    async with stage.person("alice") as alice:
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(
                    stage.call.post(
                        "/send?wait=20",
                        data=form(),
                        headers={"Idempotency-Key": "the-plan"},
                    )
                )
                for _ in range(5)
            ]
        await stage.send(to="alice", text="last")

        heard = await alice.hears(2)

    answers = [each.result() for each in asked]
    assert [text_of(each) for each in heard] == ["the plan", "last"]
    assert heard[0].attachment == content
    assert {each.status for each in answers} == {200}
    assert len({each.json["id"] for each in answers}) == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_a_link_answers_the_repeat_of_its_one_reply(stage: Stage) -> None:
    """Whoever lost the answer asks again with its key; nobody is answered twice."""
    reply = {"text": "hi back"}
    async with (
        stage.subscribed(events=["message.received"], links=True) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "anybody here?"})
        told = await subscriber.told("message.received")
        link = told["reply_url"].removeprefix(stage.url)
        first = await stage.call.post(link, key=None, json=reply, headers=KEY)
        again = await stage.call.post(link, key=None, json=reply, headers=KEY)
        other = await stage.call.post(link, key=None, json={"text": "no"}, headers=KEY)
        await stage.send(to="alice", text="last")

        heard = [text_of(each) for each in await alice.hears(2)]

    assert heard == ["hi back", "last"]
    assert (again.status, again.json) == (200, first.json)
    assert again.headers[REPLAYED] == "true"
    assert (other.status, other.code) == (409, "link_used")
