"""What is asked of webhooks holds, on a whole gateway."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.acceptance.stage import Stage, a_stage
from tests.fakes.receiver import Answer, Receiver

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


async def test_a_filter_chooses_and_a_template_says_it(stage: Stage) -> None:
    """What does not fit is not owed; a quote in a message breaks no JSON."""
    said = 'it is "hot" \\ here\n'
    async with (
        stage.subscribed(
            filter="data.message.urgent",
            template={"text": "{{ from_name }}: {{ text }}", "n": [1, "{{ room }}"]},
        ) as subscriber,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "no"})
        alice.says({"text": said, "urgent": True})
        alice.says({"text": "no", "urgent": ""})
        alice.says({"text": "last", "urgent": 0})

        requests = list(await subscriber.receiver.received(2))
        shown = await stage.ask(f"/webhooks/{subscriber.webhook['id']}")

    bodies = [json.loads(each.body) for each in requests]
    assert bodies == [
        {"text": f"alice: {said}", "n": [1, "lobby"]},
        {"text": "alice: last", "n": [1, "lobby"]},
    ]
    assert requests[0].headers["content-type"] == "application/json"
    assert shown["format"] == "template"
    assert shown["template"]["text"] == "{{ from_name }}: {{ text }}"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filter": "data.message["}, "/filter"),
        ({"template": {"blocks": [{"text": "{% if %}"}]}}, "/template/blocks/0/text"),
        ({"template": "{{ text }}"}, "/content_type"),
        ({"format": "template"}, "/template"),
        ({"rate_limit": {"burst": 5}}, "/rate_limit/per_second"),
    ],
)
async def test_terms_that_cannot_hold_are_refused_with_their_place(
    stage: Stage, body: dict[str, Any], pointer: str
) -> None:
    """When the webhook is made, and when it is changed."""
    async with stage.subscribed() as subscriber:
        path = f"/webhooks/{subscriber.webhook['id']}"

        made = await stage.call.post("/webhooks", json={"url": path, **body})
        changed = await stage.call("PATCH", path, json=body)

    for answer in (made, changed):
        assert (answer.status, answer.code) == (422, "validation")
        assert pointer in [each["pointer"] for each in answer.json["errors"]]


async def test_both_secrets_sign_until_the_old_one_is_over(stage: Stage) -> None:
    """After a rotation the verifiers of both believe it; without a grace one does."""
    async with (
        stage.subscribed(secret=SECRET) as subscriber,
        stage.person("alice") as alice,
    ):
        path = f"/webhooks/{subscriber.webhook['id']}/rotate-secret"
        rotated = await stage.call.post(path)
        alice.says({"text": "one"})
        first = (await subscriber.receiver.received(1))[0]
        at_once = await stage.call.post(path, json={"grace_s": 0})
        alice.says({"text": "two"})
        second = (await subscriber.receiver.received(2))[1]

    for secret in (SECRET, rotated.json["secret"]):
        Webhook(secret).verify(first.body, dict(first.headers))
    for secret in (SECRET, at_once.json["secret"]):
        Webhook(secret).verify(second.body, dict(second.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(rotated.json["secret"]).verify(second.body, dict(second.headers))
    assert [len(each.json["old_secrets"]) for each in (rotated, at_once)] == [1, 1]


async def test_what_was_held_is_released_since_a_moment(stage: Stage) -> None:
    """What happened before is dropped, what happened since is sent."""
    async with (
        stage.subscribed() as subscriber,
        stage.person("alice") as alice,
    ):
        path = f"/webhooks/{subscriber.webhook['id']}"
        await stage.call.post(f"{path}/disable")
        alice.says({"text": "early"})
        await stage.until(path, lambda now: bool(now.json["held"] == 1))
        moment = datetime.now(UTC).isoformat()  # noqa: TID251  # The gateway's own.
        alice.says({"text": "late"})
        await stage.until(path, lambda now: bool(now.json["held"] == 2))

        answer = await stage.call.post(f"{path}/enable", json={"release": moment})
        request = await subscriber.request("message.received")
        webhook = subscriber.webhook["id"]
        dropped = await stage.ask(f"/deliveries?webhook={webhook}&status=cancelled")

    assert (answer.status, answer.json["active"]) == (200, True)
    assert json.loads(request.body)["data"]["message"] == {"text": "late"}
    assert [each["reason"] for each in dropped["deliveries"]] == ["not_released"]


async def test_what_waits_does_not_go_elsewhere_by_itself(stage: Stage) -> None:
    """Another origin gets nothing of the past, until it is released."""
    patient = {"schedule": [3600]}
    async with (
        Receiver() as elsewhere,
        stage.subscribed(503, retry=patient, headers={"X-Key": "5f2c"}) as subscriber,
        stage.person("alice") as alice,
    ):
        path = f"/webhooks/{subscriber.webhook['id']}"
        alice.says({"text": "for the old one"})
        await subscriber.receiver.received()
        webhook = subscriber.webhook["id"]
        await stage.until(
            f"/deliveries?webhook={webhook}",
            lambda now: now.json["deliveries"][0]["status"] == "retrying",
        )

        changed = await stage.call("PATCH", path, json={"url": elsewhere.url})
        held = await stage.ask(f"/deliveries?webhook={webhook}&status=held")
        before = len(elsewhere.requests)
        await stage.call.post(f"{path}/enable")
        request = (await elsewhere.received())[0]

    assert (changed.json["held"], changed.json["headers"]) == (1, {})
    assert [each["reason"] for each in held["deliveries"]] == ["url_changed"]
    assert (before, "x-key" in request.headers) == (0, False)


async def test_a_rest_hook_that_is_gone_has_unsubscribed(stage: Stage) -> None:
    """Subscribed in its words it is told flat; 410 deletes it."""
    async with Receiver(200, 410) as receiver, stage.person("alice") as alice:
        body = {"target_url": receiver.url, "event": "message.received"}
        made = await stage.call.post("/webhooks", json=body)
        found = await stage.ask(f"/webhooks?target_url={receiver.url}")
        alice.says({"text": "hi"})
        told = json.loads((await receiver.received(1))[0].body)
        alice.says({"text": "still there?"})
        await receiver.received(2)
        gone = await stage.until(
            f"/webhooks/{made.json['id']}", lambda now: now.status == 404
        )

    assert (made.status, made.json["subscription"]) == (201, True)
    assert [each["id"] for each in found["webhooks"]] == [made.json["id"]]
    assert (told["event"], told["text"]) == ("message.received", "hi")
    assert (told["from_name"], told["attachment_url"]) == ("alice", None)
    assert gone.code == "not_found"


async def test_how_a_receiver_fares_is_shown(stage: Stage) -> None:
    """Since when it fails, and until when it asked to be left alone."""
    busy = Answer(503, {"Retry-After": "3600"})
    async with (
        stage.subscribed(500, busy) as subscriber,
        stage.person("alice") as alice,
    ):
        path = f"/webhooks/{subscriber.webhook['id']}"
        alice.says({"text": "hi"})
        await subscriber.receiver.received(2)

        shown = await stage.until(
            path, lambda now: bool(now.json["paused_until"] and now.json["pending"])
        )
        await stage.call.post(f"{path}/disable")
        await stage.call.post(f"{path}/enable")
        await subscriber.receiver.received(3)
        after = await stage.until(path, lambda now: bool(now.json["last_success_at"]))

    assert (shown.json["pending"], shown.json["circuit"]) == (1, "closed")
    assert shown.json["last_error"]
    assert shown.json["failing_since"] <= shown.json["last_error_at"]
    assert (after.json["failing_since"], after.json["paused_until"]) == (None, None)


async def test_a_test_shows_what_a_template_makes(stage: Stage) -> None:
    """Before anybody has said anything."""
    async with stage.subscribed(template={"said": "{{ text }}"}) as subscriber:
        path = f"/webhooks/{subscriber.webhook['id']}/test"

        tried = await stage.call.post(path)

    body = json.loads(tried.json["request"]["body"])
    assert (tried.json["ok"], "a test" in body["said"]) == (True, True)
    assert (
        subscriber.receiver.requests[0].body
        == json.dumps(body, separators=(",", ":")).encode()
    )


async def test_webhooks_are_declared_in_a_file_too(tmp_path: Path) -> None:
    """Beside those of the variable, and read-only like them."""
    async with Receiver() as one, Receiver() as two:
        path, secret = tmp_path / "webhooks.json", tmp_path / "secret"
        secret.write_text(SECRET + "\n")
        in_file = {"name": "two", "url": two.url, "secret_file": str(secret)}
        path.write_text(json.dumps([in_file]))
        in_variable = {"name": "one", "url": one.url, "secret": SECRET}
        settings = {
            "GATEWAY_WEBHOOKS": json.dumps([in_variable]),
            "GATEWAY_WEBHOOKS_FILE": str(path),
        }
        async with a_stage(tmp_path, **settings) as stage:
            shown = await stage.ask("/webhooks")
            refused = await stage.call.post("/webhooks/wh_env_two/rotate-secret")
            async with stage.person("alice") as alice:
                alice.says({"text": "hi"})
                requests = [(await each.received())[0] for each in (one, two)]

    names = sorted(each["name"] for each in shown["webhooks"])
    assert names == ["one", "two"]
    assert (refused.status, refused.code) == (409, "read_only")
    for request in requests:
        Webhook(SECRET).verify(request.body, dict(request.headers))
