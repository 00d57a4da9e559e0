"""A request carries what Standard Webhooks asks for, and what the webhook adds."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from gateway.delivery.ports import Due
from gateway.delivery.requests import USER_AGENT, Requests
from gateway.domain.model import (
    Attachment,
    Delivery,
    DeliveryState,
    EventType,
    Format,
    OldSecret,
    Signature,
    Webhook,
)
from gateway.domain.signing import verify_github
from gateway.domain.templates import TemplateFailed
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, TRACEPARENT, Delivering, a_webhook
from tests.fakes.links import FakeLinks

OLDER = "whsec_" + "QUJD" * 8
LINKS = FakeLinks()
REQUESTS = Requests("gw_1", LINKS)
_JSON_FORMATS = (Format.ENVELOPE, Format.FLAT, Format.CLOUDEVENTS)


def a_due(*, attempts: int = 0, attachment: Attachment | None = None) -> Due:
    """Return a message from alice that is owed to somebody."""
    event, message = Delivering().a_message("hi")
    delivery = Delivery(
        id="dlv_1",
        webhook_id="wh_one",
        event_id=event.id,
        event_seq=1,
        state=DeliveryState.IN_FLIGHT,
        created_at=NOON,
        attempts=attempts,
    )
    return Due(delivery, event, replace(message, attachment=attachment))


def body_of(webhook: Webhook, due: Due) -> dict[str, Any]:
    """Return the body of the next attempt, parsed."""
    body: dict[str, Any] = json.loads(REQUESTS.make(webhook, due, now=NOON).body)
    return body


def headers_of(webhook: Webhook, due: Due | None = None) -> dict[str, str]:
    """Return the headers of the next attempt."""
    requests = Requests("gw_1", LINKS)
    return dict(requests.make(webhook, due or a_due(), now=NOON).headers)


async def test_the_reference_library_verifies_it() -> None:
    """The signature of the newest secret and of an older one are both genuine."""
    requests = Requests("gw_1", LINKS)
    now = Verifier(SECRET)  # The library reads the real clock, so sign as of its time.
    webhook = a_webhook(old_secrets=(OldSecret(OLDER, NOON + timedelta(hours=1)),))
    request = requests.make(webhook, a_due(), now=NOON)
    stamp = int(request.headers["webhook-timestamp"])

    signatures = request.headers["webhook-signature"].split(" ")

    body = request.body.decode()
    message_id = request.headers["webhook-id"]
    assert stamp == int(NOON.timestamp())
    assert signatures == [
        now.sign(message_id, NOON, body),
        Verifier(OLDER).sign(message_id, NOON, body),
    ]


async def test_the_body_is_the_event() -> None:
    """The body is the envelope of the event, in JSON."""
    request = Requests("gw_1", LINKS).make(a_webhook(), a_due(), now=NOON)

    body = json.loads(request.body)
    assert (body["type"], body["data"]["from"]["name"]) == ("message.received", "alice")
    assert request.headers["Content-Type"] == "application/json"


async def test_the_headers_of_ours_are_all_there() -> None:
    """Id, attempt, trace, hop and User-Agent are sent unsigned."""
    due = a_due(attempts=4)

    headers = headers_of(a_webhook(), due)

    assert headers["webhook-id"] == due.event.id
    assert headers["webhook-attempt"] == "5"
    assert headers["traceparent"] == TRACEPARENT
    assert headers["gateway-hop"] == "gw_1"
    assert headers["User-Agent"] == USER_AGENT


async def test_a_signature_like_githubs() -> None:
    """`github` sends X-Hub-Signature-256 over the body, and no other signature."""
    webhook = a_webhook(signature=Signature.GITHUB)
    request = Requests("gw_1", LINKS).make(webhook, a_due(), now=NOON)

    signature = request.headers["X-Hub-Signature-256"]

    assert verify_github([SECRET], signature, request.body) is None
    assert "webhook-signature" not in request.headers


async def test_no_signature_when_none_is_wanted() -> None:
    """`none` sends no signature at all, and the id nevertheless."""
    headers = headers_of(a_webhook(signature=Signature.NONE))

    assert not [name for name in headers if "signature" in name.lower()]
    assert "webhook-id" in headers


async def test_own_headers_are_added() -> None:
    """A header of the webhook's own is sent; its User-Agent replaces ours."""
    own = {"Authorization": "Bearer x", "user-agent": "mine/1"}

    headers = headers_of(a_webhook(headers=own))

    assert (headers["Authorization"], headers["user-agent"]) == ("Bearer x", "mine/1")
    assert "User-Agent" not in headers


async def test_own_headers_never_replace_ours() -> None:
    """A header that we set cannot be set again, in whatever case."""
    headers = headers_of(a_webhook(headers={"WEBHOOK-ID": "evil"}))

    assert "WEBHOOK-ID" not in headers


async def test_a_large_attachment_is_linked() -> None:
    """An attachment whose bytes are not at hand is a URL in the body."""
    due = a_due(attachment=Attachment(5_000_000, "ab" * 32))

    request = Requests("gw_1", LINKS).make(a_webhook(), due, now=NOON)

    assert json.loads(request.body)["data"]["attachment"]["url"] == (
        LINKS.attachment(due.event.message_id or "", due.event)
    )


async def test_links_are_given_to_who_asked_for_them() -> None:
    """A message received says where it is answered; nothing else does."""
    due = a_due()
    sent = replace(due, event=replace(due.event, type=EventType.MESSAGE_SENT))
    linking = a_webhook(links=True)

    replies = [
        body_of(linking, due).get("reply_url"),
        body_of(linking, sent).get("reply_url"),
        body_of(a_webhook(), due).get("reply_url"),
    ]

    mine = LINKS.reply(due.event.message_id or "", "dlv_1", NOON)
    assert replies == [mine, None, None]


async def test_the_flat_form_links_small_attachments_too() -> None:
    """It cannot have the bytes themselves, so their address is always there."""
    due = replace(a_due(attachment=Attachment(2, "ab" * 32)), attachment=b"hi")

    body = body_of(a_webhook(format=Format.FLAT, links=True), due)

    assert "/attachment" in str(body["attachment_url"])
    assert "/reply" in str(body["reply_url"])
    assert (body["event"], body["text"]) == ("message.received", "hi")


async def test_a_cloudevent_says_what_it_is() -> None:
    """Its content type is that of the structured mode, its source is the gateway."""
    requests = Requests("gw_1", LINKS, source="https://gateway.example")
    webhook = a_webhook(format=Format.CLOUDEVENTS)

    request = requests.make(webhook, a_due(), now=NOON)

    assert request.headers["Content-Type"].startswith("application/cloudevents+json")
    source = json.loads(request.body)["source"]
    assert source == "https://gateway.example/rooms/lobby"


async def test_a_template_makes_the_body() -> None:
    """Of strings in JSON the body is JSON; a string alone is what the webhook says."""
    tree = a_webhook(format=Format.TEMPLATE, template='{"text":"{{ from_name }}"}')
    text = replace(tree, template='"{{ text }}!"', content_type="text/plain")

    requests = [REQUESTS.make(each, a_due(), now=NOON) for each in (tree, text)]

    assert [(each.headers["Content-Type"], each.body) for each in requests] == [
        ("application/json", b'{"text":"alice"}'),
        ("text/plain", b"hi!"),
    ]


async def test_what_is_rendered_is_what_is_signed() -> None:
    """The signature of a template's body is genuine."""
    webhook = a_webhook(format=Format.TEMPLATE, template='{"text":"{{ text }}"}')

    request = REQUESTS.make(webhook, a_due(), now=NOON)

    signed = Verifier(SECRET).sign(
        request.headers["webhook-id"], NOON, request.body.decode()
    )
    assert request.headers["webhook-signature"] == signed


async def test_a_template_that_fails_says_so() -> None:
    """What cannot be rendered is no request."""
    webhook = a_webhook(
        format=Format.TEMPLATE,
        template='"{% for i in (1..20000) %}x{% endfor %}"',
        content_type="text/plain",
    )

    with pytest.raises(TemplateFailed):
        REQUESTS.make(webhook, a_due(), now=NOON)


async def test_a_secret_that_has_expired_signs_no_more() -> None:
    """Of an old secret whose time is over there is no signature."""
    webhook = a_webhook(old_secrets=(OldSecret(OLDER, NOON),))

    signatures = headers_of(webhook)["webhook-signature"].split(" ")

    assert len(signatures) == 1


async def test_erased_content_is_null() -> None:
    """A message whose content was erased meanwhile is told of without it."""
    due = a_due()
    message = replace(due.message, body="null") if due.message else None
    erased = replace(due, message=message)

    bodies = [body_of(a_webhook(format=each), erased) for each in _JSON_FORMATS]

    assert [body["message"] for body in (bodies[0]["data"], bodies[1])] == [None] * 2
    assert bodies[2]["data"]["message"] is None


async def test_the_time_out_is_the_webhooks() -> None:
    """The request takes as long as the webhook allows."""
    webhook = a_webhook(timeout=timedelta(seconds=3))

    request = Requests("gw_1", LINKS).make(webhook, a_due(), now=NOON)

    assert request.timeout == timedelta(seconds=3)
