"""The signed request that an event becomes for one webhook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway import __version__
from gateway.delivery.ports import Due, Request
from gateway.domain import rendering, signing
from gateway.domain.model import Event, Signature, Webhook

# Makes the absolute, signed URL of a message's attachment that an event carries.
Links = Callable[[str, Event], str]

USER_AGENT = f"meshagent-gateway/{__version__}"


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the request of each attempt from the webhook as it is at that moment.

    Attributes:
        instance: This gateway's own name, by which it knows its own deliveries again.
        links: Where an attachment too large to be sent along can be had.
    """

    instance: str
    links: Links

    def make(self, webhook: Webhook, due: Due, *, now: datetime) -> Request:
        """Return the request of a delivery's next attempt, signed as of `now`.

        The signed bytes are the sent bytes; `webhook-id` is the event's id, the same
        for all attempts.
        """
        body = self._body(due)
        number = due.delivery.attempts + 1
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": due.event.id,
            "webhook-timestamp": str(timestamp),
            "webhook-attempt": str(number),
            "gateway-hop": self.instance,
        }
        traceparent = due.delivery.traceparent or due.event.traceparent
        if traceparent is not None:
            headers["traceparent"] = traceparent
        headers.update(_signature(webhook, due.event.id, now, body))
        if webhook.headers:
            headers = _with_own(headers, webhook.headers)
        return Request(webhook.url, headers, body, webhook.timeout)

    def _body(self, due: Due) -> bytes:
        message = due.message
        url: str | None = None
        if (
            message is not None
            and message.attachment is not None
            and due.attachment is None
        ):
            url = self.links(message.id, due.event)
        return rendering.envelope(
            due.event, message, attachment=due.attachment, attachment_url=url
        )


def _signature(
    webhook: Webhook, event_id: str, now: datetime, body: bytes
) -> Mapping[str, str]:
    match webhook.signature:
        case Signature.STANDARD:
            signature = signing.sign(
                webhook.secrets_at(now),
                message_id=event_id,
                timestamp=int(now.timestamp()),
                body=body,
            )
            return {"webhook-signature": signature}
        case Signature.GITHUB:
            signature = signing.sign_github(webhook.secret, body)
            return {"X-Hub-Signature-256": signature}
        case Signature.NONE:
            return {}


def _with_own(ours: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Add the webhook's own headers; of ours, only User-Agent gives way to them."""
    own_names = {name.lower() for name in own}
    kept = {
        name: value
        for name, value in ours.items()
        if not (name == "User-Agent" and "user-agent" in own_names)
    }
    taken = {name.lower() for name in kept}
    return kept | {n: value for n, value in own.items() if n.lower() not in taken}
