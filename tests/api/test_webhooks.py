"""Webhooks over HTTP, as the contract has them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from typing_extensions import override

from gateway.api import webhooks as routes
from gateway.api.webhook_shapes import (
    TrialShape,
    WebhookChanged,
    WebhookDetail,
    WebhookList,
    WebhookShape,
)
from gateway.delivery.ports import Deliveries, WebhookHealth
from gateway.delivery.trial import Trial
from gateway.delivery.webhooks import WebhookControls
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DEFAULT_SCHEDULE_S, ErrorClass
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.delivering import SECRET, Delivering, a_webhook, check_url
from tests.fakes.memory_deliveries import MemoryDeliveries
from tests.fakes.sender import an_outcome

URL = "https://example.com/hook"


class Away(MemoryDeliveries):
    """Deliveries that cannot be counted."""

    @override
    async def health(self, webhook_id: str) -> WebhookHealth:
        """Fail."""
        raise StoreUnavailable(webhook_id)


@asynccontextmanager
async def webhooks_of(
    world: Delivering,
    public_url: str = "http://127.0.0.1:8080",
    deliveries: Deliveries | None = None,
) -> AsyncIterator[Caller]:
    """Serve a world's webhooks, and give somebody to call them."""
    controls = WebhookControls(
        roster=world.roster,
        deliveries=deliveries or world.store.deliveries,
        check_url=check_url,
        wake=world.worker.wake,
        clock=world.clock,
        rng=world.rng,
        ids=world.ids,
        meter=world.meter,
    )
    requests = world.attempts.requests
    trial = Trial(world.roster, requests, world.sender, world.clock, world.ids)
    services = Bridge().services(
        routers=(routes.router(controls, trial),), public_url=public_url
    )
    async with calling(services) as caller:
        yield caller


async def test_a_new_webhook_is_found_through_the_path_of_a_proxy() -> None:
    """The Location has the path under which a proxy serves us."""
    async with webhooks_of(Delivering(), "https://example.com/gw") as call:
        answer = await call.post("/webhooks", json={"url": URL})

    assert answer.headers["Location"] == f"/gw/webhooks/{answer.json['id']}"


async def test_a_webhook_is_created_from_a_url_alone() -> None:
    """201 with the id, all defaults, and the secret for the only time."""
    world = Delivering()
    async with webhooks_of(world) as call:
        answer = await call.post("/webhooks", json={"url": URL})

    shown = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"/webhooks/{shown['id']}"
    assert shown["secret"].startswith("whsec_")
    assert shown["retry"] == {"schedule": list(DEFAULT_SCHEDULE_S)}
    assert (shown["timeout_s"], shown["max_in_flight"]) == (15, 8)
    assert world.roster.get(shown["id"]).key_id is not None
    WebhookShape.model_validate_json(answer.content)


async def test_secrets_are_shown_once() -> None:
    """Neither GET, nor the list, nor PATCH shows the secret or a header's value."""
    world = Delivering()
    await world.add(a_webhook(headers={"Authorization": "Bearer 5f2c"}))
    async with webhooks_of(world) as call:
        answers = [
            await call.get("/webhooks/wh_one"),
            await call.get("/webhooks"),
            await call("PATCH", "/webhooks/wh_one", json={"description": "new"}),
        ]

    for answer in answers:
        assert answer.status == 200
        assert SECRET.encode() not in answer.content
        assert b"5f2c" not in answer.content
    assert answers[0].json["headers"] == {"Authorization": "***"}


async def test_get_shows_how_deliveries_fare() -> None:
    """One webhook is shown with what is pending and what went wrong last."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say(times=2)
    async with webhooks_of(world) as call:
        answer = await call.get("/webhooks/wh_one")

    shown = WebhookDetail.model_validate_json(answer.content)
    assert (shown.pending, shown.held, shown.dead) == (2, 0, 0)
    assert (shown.circuit, shown.disabled_reason) == ("closed", None)


async def test_the_list_may_be_of_one_url() -> None:
    """`target_url` leaves those with exactly that URL."""
    world = Delivering()
    await world.add(a_webhook("one"), a_webhook("two"))
    async with webhooks_of(world) as call:
        everything = await call.get("/webhooks")
        found = await call.get("/webhooks?target_url=https://two.example/hook")

    assert len(WebhookList.model_validate_json(everything.content).webhooks) == 2
    assert [each["id"] for each in found.json["webhooks"]] == ["wh_two"]


async def test_a_patch_is_a_merge_patch() -> None:
    """Null is the default again; application/merge-patch+json is read too."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=3, description="old"))
    async with webhooks_of(world) as call:
        answer = await call(
            "PATCH",
            "/webhooks/wh_one",
            data=json.dumps({"max_in_flight": None}),
            headers={"Content-Type": "application/merge-patch+json"},
        )

    assert (answer.json["max_in_flight"], answer.json["description"]) == (8, "old")


async def test_a_url_elsewhere_holds_what_waits() -> None:
    """The answer says how much, and `enable` sends it."""
    world = Delivering()
    await world.add(a_webhook(headers={"Authorization": "Bearer 5f2c"}))
    await world.say(times=2)
    async with webhooks_of(world) as call:
        changed = await call("PATCH", "/webhooks/wh_one", json={"url": URL})
        enabled = await call.post("/webhooks/wh_one/enable")

    shown = WebhookChanged.model_validate_json(changed.content)
    assert (shown.url, shown.headers, shown.held) == (URL, {}, 2)
    assert (enabled.status, world.states) == (200, ["pending", "pending"])


async def test_a_change_is_told_though_nothing_can_be_counted() -> None:
    """It is made: a failure afterwards would say that it is not."""
    world = Delivering()
    await world.add(a_webhook())
    away = Away(world.store)
    async with webhooks_of(world, deliveries=away) as call:
        answer = await call("PATCH", "/webhooks/wh_one", json={"max_in_flight": 2})

    assert (answer.status, answer.json["held"]) == (200, None)


async def test_a_webhook_with_all_its_terms_is_shown_as_asked_for() -> None:
    """What is asked for in writing comes back in writing."""
    asked = {
        "url": URL,
        "filter": "data.message.urgent",
        "format": "template",
        "template": {"text": "{{ text }}"},
        "ordering": "room",
        "links": True,
        "replies": True,
        "rate_limit": {"per_second": 2, "burst": 5},
    }
    async with webhooks_of(Delivering()) as call:
        answer = await call.post("/webhooks", json=asked)

    shown = WebhookShape.model_validate_json(answer.content)
    assert {name: answer.json[name] for name in asked} == asked
    assert (shown.subscription, shown.old_secrets) == (False, [])


async def test_a_rest_hook_is_made_and_unmade() -> None:
    """201 with the id for `target_url` and one `event`; DELETE answers with it."""
    async with webhooks_of(Delivering()) as call:
        body = {"target_url": URL, "event": "message.received"}
        made = await call.post("/webhooks", json=body)
        found = await call.get(f"/webhooks?target_url={URL}")
        gone = await call("DELETE", f"/webhooks/{made.json['id']}")

    assert (made.status, made.json["format"]) == (201, "flat")
    assert (made.json["url"], made.json["subscription"]) == (URL, True)
    assert [each["id"] for each in found.json["webhooks"]] == [made.json["id"]]
    assert gone.json == {"id": made.json["id"]}


async def test_a_new_secret_is_shown_once() -> None:
    """With until when the old one signs; the next answer masks both."""
    world = Delivering()
    await world.add(a_webhook())
    async with webhooks_of(world) as call:
        rotated = await call.post("/webhooks/wh_one/rotate-secret")
        shown = await call.get("/webhooks/wh_one")
        wrong = await call.post(
            "/webhooks/wh_one/rotate-secret", json={"grace_s": 604_801}
        )

    assert (rotated.status, rotated.json["secret"][:6]) == (200, "whsec_")
    assert rotated.json["secret"] != SECRET
    assert shown.json["secret"] == "***"
    assert shown.json["old_secrets"] == [{"until": "2026-03-15T12:00:00.000Z"}]
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/grace_s")


async def test_delete_answers_with_the_id() -> None:
    """A deleted webhook is named once more, and then not found."""
    world = Delivering()
    await world.add(a_webhook())
    async with webhooks_of(world) as call:
        deleted = await call("DELETE", "/webhooks/wh_one")
        again = await call("DELETE", "/webhooks/wh_one")

    assert (deleted.status, deleted.json) == (200, {"id": "wh_one"})
    assert (again.status, again.code) == (404, "not_found")


async def test_enable_and_disable() -> None:
    """Both answer with the webhook, without a body or with `release`."""
    world = Delivering()
    await world.add(a_webhook())
    async with webhooks_of(world) as call:
        disabled = await call.post("/webhooks/wh_one/disable")
        enabled = await call.post("/webhooks/wh_one/enable", json={"release": "10m"})
        wrong = await call.post("/webhooks/wh_one/enable", json={"release": "some"})

    assert (disabled.json["active"], enabled.json["active"]) == (False, True)
    assert disabled.json["disabled_reason"] == "by_request"
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/release")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "validation", "/url"),
        ({"url": URL, "colour": "red"}, "validation", "/colour"),
        ({"url": URL, "filter": "a["}, "validation", "/filter"),
        ({"url": URL, "format": "template"}, "validation", "/template"),
        (
            {"url": URL, "template": {"blocks": [{"text": "{% if %}"}]}},
            "validation",
            "/template/blocks/0/text",
        ),
        ({"target_url": "http://inside/"}, "url_blocked", "/target_url"),
        ({"url": URL, "headers": {"Host": "x"}}, "validation", "/headers/Host"),
        ({"url": "http://inside/"}, "url_blocked", "/url"),
    ],
)
async def test_a_bad_body_is_422(body: dict[str, Any], code: str, pointer: str) -> None:
    """A rule that is broken is named with its place, and nothing is made."""
    world = Delivering()
    async with webhooks_of(world) as call:
        answer = await call.post("/webhooks", json=body)

    assert (answer.status, answer.code) == (422, code)
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert world.roster.all() == []


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b'{"url":NaN}', "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 422, "validation"),
        (b"url=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b" " * 300_000, "application/json", 413, "payload_too_large"),
    ],
)
async def test_what_is_no_json_object_is_refused(
    data: bytes, content_type: str, status: int, code: str
) -> None:
    """Only a JSON object of a sane size is read."""
    async with webhooks_of(Delivering()) as call:
        answer = await call.post(
            "/webhooks", data=data, headers={"Content-Type": content_type}
        )

    assert (answer.status, answer.code) == (status, code)


async def test_what_configuration_gives_is_read_only() -> None:
    """409 `read_only` for changing or deleting it, and it says where it is changed."""
    world = Delivering()
    await world.add(a_webhook(source="env", name="one"))
    async with webhooks_of(world) as call:
        patched = await call("PATCH", "/webhooks/wh_one", json={"active": False})
        rotated = await call.post("/webhooks/wh_one/rotate-secret")
        deleted = await call("DELETE", "/webhooks/wh_one")

    assert (rotated.status, rotated.code) == (409, "read_only")
    assert (patched.status, patched.code) == (409, "read_only")
    assert (deleted.status, "GATEWAY_WEBHOOKS" in deleted.json["detail"]) == (409, True)


async def test_a_test_says_what_came_back() -> None:
    """A sample is sent at once; the answer has what was sent and what came."""
    world = Delivering(an_outcome(503, body=b"busy", retry_after="5"))
    await world.add(a_webhook(headers={"Authorization": "Bearer 5f2c"}))
    async with webhooks_of(world) as call:
        answer = await call.post("/webhooks/wh_one/test", json={"event": "room.gap"})

    shown = TrialShape.model_validate_json(answer.content)
    assert (shown.ok, shown.status, shown.duration_ms) == (False, 503, 20.0)
    assert shown.response is not None
    assert shown.response.body == "busy"
    assert shown.request is not None
    assert shown.request.headers["Authorization"] == "***"
    assert json.loads(shown.request.body)["type"] == "room.gap"
    assert json.loads(world.sender.requests[0].body)["type"] == "room.gap"


async def test_a_test_belongs_to_the_trace_of_its_caller() -> None:
    """The receiver gets the `traceparent` that the request had."""
    world = Delivering()
    await world.add(a_webhook())
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with webhooks_of(world) as call:
        await call.post("/webhooks/wh_one/test", headers={"traceparent": trace})

    assert world.sender.requests[0].headers["traceparent"] == trace


async def test_a_test_without_an_answer_says_why() -> None:
    """Without a body the first event wanted is sent; no answer means no response."""
    world = Delivering(ErrorClass.DNS_ERROR)
    await world.add(a_webhook())
    async with webhooks_of(world) as call:
        answer = await call.post("/webhooks/wh_one/test")

    assert (answer.json["error_class"], answer.json["response"]) == ("dns_error", None)


async def test_a_test_of_what_is_no_event_is_422() -> None:
    """An unknown event is named, with those there are."""
    world = Delivering()
    await world.add(a_webhook())
    async with webhooks_of(world) as call:
        answer = await call.post("/webhooks/wh_one/test", json={"event": "x"})

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "/event"


async def test_a_parameter_that_is_none_is_422() -> None:
    """A filter that there is not is refused, not ignored."""
    async with webhooks_of(Delivering()) as call:
        answer = await call.get("/webhooks?url=x")

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "?url")
