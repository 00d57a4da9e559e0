"""A request carries what Standard Webhooks asks for, and what the webhook adds."""

import json
from dataclasses import replace
from datetime import timedelta

from standardwebhooks import Webhook as Verifier

from gateway.delivery.ports import Due
from gateway.delivery.requests import USER_AGENT, Requests
from gateway.domain.model import (
    Attachment,
    Delivery,
    DeliveryState,
    OldSecret,
    Signature,
    Webhook,
)
from gateway.domain.signing import verify_github
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, TRACEPARENT, Delivering, a_webhook
from tests.fakes.links import FakeLinks

OLDER = "whsec_" + "QUJD" * 8
LINKS = FakeLinks()


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


async def test_the_time_out_is_the_webhooks() -> None:
    """The request takes as long as the webhook allows."""
    webhook = a_webhook(timeout=timedelta(seconds=3))

    request = Requests("gw_1", LINKS).make(webhook, a_due(), now=NOON)

    assert request.timeout == timedelta(seconds=3)
