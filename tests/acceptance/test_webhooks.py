"""What is said in the room reaches webhooks, on a whole gateway."""

import base64
import json
from hashlib import sha256

import pytest
from standardwebhooks.webhooks import Webhook

from tests.acceptance.stage import Stage, event_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
INLINE_BYTES = 64 * 1024


async def test_what_is_said_arrives_signed(stage: Stage) -> None:
    """The verifier of Standard Webhooks believes it; the secret was shown once."""
    async with stage.subscribed() as subscriber, stage.person("alice") as alice:
        alice.says({"text": "déjà vu 🦊"})

        request = await subscriber.request("message.received")
        shown = await stage.ask(f"/webhooks/{subscriber.webhook['id']}")

    verifier = Webhook(subscriber.webhook["secret"])
    verified = verifier.verify(request.body, dict(request.headers))
    assert verified == event_of(request)
    assert request.headers["webhook-id"] == verified["id"]
    assert (verified["v"], verified["room"]) == (1, "lobby")
    assert verified["data"]["from"] == {"id": alice.id, "name": "alice", "role": "user"}
    assert verified["data"]["message"] == {"text": "déjà vu 🦊"}
    assert verified["data"]["attachment"] is None
    assert shown["secret"] == "***"


async def test_a_secret_of_ones_own_signs(stage: Stage) -> None:
    """As a receiver that exists already wants it."""
    async with (
        stage.subscribed(secret=SECRET) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "hi"})

        request = await subscriber.request("message.received")

    Webhook(SECRET).verify(request.body, dict(request.headers))


async def test_an_empty_attachment_is_none(stage: Stage) -> None:
    """The wire does not tell one from the other."""
    async with stage.subscribed() as subscriber, stage.person("alice") as alice:
        alice.says({"text": "empty"}, b"")

        event = await subscriber.told("message.received")

    assert event["data"]["attachment"] is None


@pytest.mark.parametrize("size", [1, 1024, INLINE_BYTES])
async def test_a_small_attachment_comes_along(stage: Stage, size: int) -> None:
    """In base64, up to 64 KiB."""
    content = bytes(i % 251 for i in range(size))
    async with stage.subscribed() as subscriber, stage.person("alice") as alice:
        alice.says({"size": size}, content)

        event = await subscriber.told("message.received")

    attachment = event["data"]["attachment"]
    assert attachment["size"] == size
    assert attachment["sha256"] == sha256(content).hexdigest()
    assert base64.b64decode(attachment["data"]) == content
    assert "url" not in attachment


@pytest.mark.parametrize("size", [INLINE_BYTES + 1, 1024**2, 5 * 1024**2])
async def test_a_large_attachment_is_fetched_by_its_link(
    stage: Stage, size: int
) -> None:
    """It is signed, so that it needs no key; changed, or bare, it opens nothing."""
    content = bytes(i % 251 for i in range(size))
    digest = sha256(content).hexdigest()
    async with stage.subscribed() as subscriber, stage.person("alice") as alice:
        alice.says({"size": size}, content)

        event = await subscriber.told("message.received")
        attachment = event["data"]["attachment"]
        path = attachment["url"].removeprefix(stage.url)
        answer = await stage.call.get(path, key=None)
        forged = await stage.call.get(path[:-1] + "!", key=None)
        bare = await stage.call.get(path.partition("?")[0], key=None)

    assert (attachment["size"], attachment["sha256"]) == (size, digest)
    assert "data" not in attachment
    assert (answer.status, sha256(answer.content).hexdigest()) == (200, digest)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (forged.status, forged.code) == (403, "link_invalid")
    assert (bare.status, bare.code) == (401, "unauthenticated")


async def test_comings_and_goings_are_told(stage: Stage) -> None:
    """`participant.*` is who came, who changed and who went."""
    async with stage.subscribed(events=["participant.*"]) as subscriber:
        async with stage.person("bob", team="blue") as bob:
            joined = await subscriber.told("participant.joined")
        left = await subscriber.told("participant.left")

    assert joined["data"]["participant"]["id"] == bob.id
    assert joined["data"]["participant"]["attributes"]["team"] == "blue"
    assert left["data"]["participant"]["name"] == "bob"


async def test_what_became_of_a_message_is_told(stage: Stage) -> None:
    """`message.*` is `sent` and `expired` as well as `received`."""
    async with (
        stage.subscribed(events=["message.*"]) as subscriber,
        stage.person("carl"),
    ):
        sent = await stage.send(to="carl", text="hi", ref="told")
        late = await stage.send(0, to="nobody", text="?", await_recipient=True, ttl=1)

        told = await subscriber.told("message.sent", id=sent.json["id"])
        expired = await subscriber.told("message.expired", id=late.json["id"])

    assert told["data"]["ref"] == "told"
    assert told["data"]["recipients"][0]["name"] == "carl"
    assert expired["data"]["status"] == "expired"


async def test_only_what_was_asked_for_is_told(stage: Stage) -> None:
    """`types` and `from` choose among messages."""
    async with (
        stage.subscribed(types=["order"], **{"from": ["dora"]}) as subscriber,
        stage.person("dora") as dora,
        stage.person("emil") as emil,
    ):
        emil.says({"n": 1}, type_="order")
        dora.says({"n": 2}, type_="chat")
        dora.says({"n": 3}, type_="order")

        await subscriber.told("message.received")

    told = [event_of(each)["data"]["message"] for each in subscriber.receiver.requests]
    assert told == [{"n": 3}]


async def test_a_failed_delivery_is_tried_again(stage: Stage) -> None:
    """With the same id and the next number, until it is taken."""
    async with (
        stage.subscribed(503, 302) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "hello?"})

        requests = list(await subscriber.receiver.received(3))

    assert len({each.headers["webhook-id"] for each in requests}) == 1
    assert [each.headers["webhook-attempt"] for each in requests] == ["1", "2", "3"]
    assert len({each.body for each in requests}) == 1


async def test_a_dead_delivery_is_sent_again_by_hand(stage: Stage) -> None:
    """It is kept with each attempt; the retry begins anew, under the same id."""
    async with (
        stage.subscribed(500, 500, 500) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "hello?"})
        webhook = subscriber.webhook["id"]
        listed = await stage.until(
            f"/deliveries?webhook={webhook}&status=dead",
            lambda answer: bool(answer.json["deliveries"]),
        )
        dead = listed.json["deliveries"][0]["id"]
        shown = await stage.ask(f"/deliveries/{dead}")

        answer = await stage.call.post(f"/deliveries/{dead}/retry")
        requests = list(await subscriber.receiver.received(4))
        ended = await stage.until(
            f"/deliveries/{dead}", lambda now: now.json["status"] == "delivered"
        )

    assert [each["status"] for each in shown["attempts"]] == [500, 500, 500]
    assert answer.status == 202
    assert len({each.headers["webhook-id"] for each in requests}) == 1
    assert ended.json["attempts"][-1]["status"] == 200


async def test_gone_disables_a_webhook(stage: Stage) -> None:
    """410 ends it, another webhook is told, and what comes later is held."""
    async with (
        stage.subscribed(410) as gone,
        stage.subscribed(events=["webhook.*", "delivery.*"]) as watcher,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "hello?"})
        told = await watcher.told("webhook.disabled", webhook_id=gone.webhook["id"])
        shown = await stage.ask(f"/webhooks/{gone.webhook['id']}")
        alice.says({"text": "are you there?"})
        held = await stage.until(
            f"/webhooks/{gone.webhook['id']}", lambda answer: answer.json["held"] == 1
        )

        enabled = await stage.call.post(f"/webhooks/{gone.webhook['id']}/enable")
        await gone.receiver.received(2)

    assert told["data"]["reason"] == shown["disabled_reason"] == "gone"
    assert shown["active"] is False
    assert held.status == 200
    assert enabled.status == 200


async def test_a_webhook_is_tried_on_request(stage: Stage) -> None:
    """`POST /webhooks/{id}/test` sends a sample now and tells what came back."""
    async with stage.subscribed(503) as subscriber:
        path = f"/webhooks/{subscriber.webhook['id']}/test"

        failed = await stage.call.post(path)
        passed = await stage.call.post(path)

    assert (failed.json["ok"], failed.json["status"]) == (False, 503)
    assert (passed.json["ok"], passed.json["status"]) == (True, 200)


async def test_a_change_keeps_what_it_does_not_name(stage: Stage) -> None:
    """PATCH is a merge: null is back to the default, the secret stays."""
    async with (
        stage.subscribed(secret=SECRET, events=["room.gap"]) as subscriber,
        stage.person("alice") as alice,
    ):
        changed = await stage.call(
            "PATCH", f"/webhooks/{subscriber.webhook['id']}", json={"events": None}
        )
        alice.says({"text": "hi"})

        request = await subscriber.request("message.received")

    assert changed.json["events"] == ["message.received"]
    Webhook(SECRET).verify(request.body, dict(request.headers))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://169.254.169.254/latest"}, 422, "url_blocked"),
        ({"url": "https://10.0.0.1/"}, 422, "url_blocked"),
        ({"url": "ftp://example.com/"}, 422, "url_blocked"),
        ({"url": "https://example.com/", "evnets": ["*"]}, 422, "validation"),
        ({"url": "https://example.com/", "events": ["nothing"]}, 422, "validation"),
        ({"url": "https://example.com/", "secret": "short"}, 422, "validation"),
        ({"url": "https://example.com/", "links": "yes"}, 422, "validation"),
        ({}, 422, "validation"),
    ],
)
async def test_a_webhook_that_cannot_work_is_refused(
    stage: Stage, body: dict[str, object], status: int, code: str
) -> None:
    """When it is made, not when the first message is lost."""
    answer = await stage.call.post("/webhooks", json=body)

    assert (answer.status, answer.code) == (status, code)


async def test_our_own_address_is_no_receiver(stage: Stage) -> None:
    """A gateway that tells itself would never end."""
    answer = await stage.call.post("/webhooks", json={"url": f"{stage.url}/send"})

    assert (answer.status, answer.code) == (422, "url_blocked")


async def test_the_log_tells_of_each_attempt_without_the_url(stage: Stage) -> None:
    """Its path may be a secret; the host is enough to find it."""
    async with (
        stage.subscribed() as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "hi"})
        await subscriber.told("message.received")
        await stage.until(
            f"/deliveries?webhook={subscriber.webhook['id']}",
            lambda a: a.json["deliveries"][0]["status"] == "delivered",
        )

    lines = stage.process.lines("delivery.attempted")
    mine = [x for x in lines if x["webhook_id"] == subscriber.webhook["id"]]
    assert [line["status"] for line in mine] == [200]
    assert "/hook" not in json.dumps(mine)
