"""The signed request that an event becomes for one webhook."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from gateway import __version__
from gateway.delivery.ports import Due, Request
from gateway.domain import formats, rendering, signing
from gateway.domain.model import Event, EventType, Format, Signature, Webhook
from gateway.domain.templates import stored_template

USER_AGENT = f"meshagent-gateway/{__version__}"


JSON = "application/json"


class Links(Protocol):
    """Makes the absolute, signed URLs that bodies carry."""

    def attachment(self, message_id: str, event: Event) -> str:
        """Return where the attachment of a message can be had that an event carries."""
        ...

    def reply(self, message_id: str, delivery_id: str, now: datetime) -> str:
        """Return where a received message is answered, once for each delivery."""
        ...


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the request of each attempt from the webhook as it is at that moment.

    Attributes:
        instance: This gateway's own name, by which it knows its own deliveries again.
        links: Makes the links that bodies carry.
        source: The gateway's own address without a final slash, of which CloudEvents
            make their `source`.
    """

    instance: str
    links: Links
    source: str = ""

    def make(self, webhook: Webhook, due: Due, *, now: datetime) -> Request:
        """Return the request of a delivery's next attempt, signed as of `now`.

        The signed bytes are the sent bytes; `webhook-id` is the event's id, the same
        for all attempts.

        Raises:
            TemplateFailed: The webhook's template makes nothing of this event.
            BadTemplate: It is none any more.
        """
        body, content_type = self._body(webhook, due, now)
        number = due.delivery.attempts + 1
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": content_type,
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

    def _body(self, webhook: Webhook, due: Due, now: datetime) -> tuple[bytes, str]:
        """Return the body in the webhook's format, and what that is."""
        event, message = due.event, due.message
        reply_url = self._reply_url(webhook, due, now)
        match webhook.format:
            case Format.ENVELOPE:
                body = rendering.envelope(
                    event,
                    message,
                    attachment=due.attachment,
                    attachment_url=self._attachment_url(due, is_inline=True),
                    reply_url=reply_url,
                )
            case Format.CLOUDEVENTS:
                body = formats.cloudevents_json(
                    event,
                    message,
                    source=self.source,
                    attachment=due.attachment,
                    attachment_url=self._attachment_url(due, is_inline=True),
                    reply_url=reply_url,
                )
            case Format.FLAT:
                body = formats.flat_json(
                    event,
                    message,
                    attachment_url=self._attachment_url(due, is_inline=False),
                    reply_url=reply_url,
                    with_reply=webhook.links,
                )
            case Format.TEMPLATE:
                return self._rendered(webhook, due, reply_url)
            case _:
                assert_never(webhook.format)
        return body, formats.CONTENT_TYPES[webhook.format]

    def _rendered(
        self, webhook: Webhook, due: Due, reply_url: str | None
    ) -> tuple[bytes, str]:
        content_type = webhook.content_type
        template = stored_template(webhook.template or "", is_json=content_type is None)
        variables = formats.variables(
            due.event,
            due.message,
            attachment_url=self._attachment_url(due, is_inline=False),
            reply_url=reply_url,
        )
        return template.render(variables), content_type or JSON

    def _attachment_url(self, due: Due, *, is_inline: bool) -> str | None:
        """Return where the attachment can be had, unless the body has it in itself."""
        message = due.message
        if message is None or message.attachment is None:
            return None
        if is_inline and due.attachment is not None:
            return None
        return self.links.attachment(message.id, due.event)

    def _reply_url(self, webhook: Webhook, due: Due, now: datetime) -> str | None:
        message_id = due.event.message_id
        if (
            not webhook.links
            or message_id is None
            or due.event.type is not EventType.MESSAGE_RECEIVED
        ):
            return None
        return self.links.reply(message_id, due.delivery.id, now)


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
