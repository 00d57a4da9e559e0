"""Third parties' own code, as senders; prints what came back as a line of JSON.

`stripe URL SECRET BODY`, `slack_signed URL SECRET TIME BODY`, `slack_webhook URL`,
`cloudevents URL` and `meshagent URL SECRET EVENT DATA`. Run by the Python
that has `requirements/interop.txt`.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from aiohttp import ClientSession

# They have an environment of their own, with Python 3.13.
from cloudevents.core.bindings.http import (  # type: ignore[import-not-found]
    to_binary,
    to_structured,
)
from cloudevents.core.formats.json import (  # type: ignore[import-not-found]
    JSONFormat,
)
from cloudevents.core.v1.event import (  # type: ignore[import-not-found]
    CloudEvent,
)
from meshagent.api.room_server_client import (  # type: ignore[import-not-found]
    RoomException,
)
from meshagent.api.services import send_webhook  # type: ignore[import-not-found]
from slack_sdk.signature import (  # type: ignore[import-not-found]
    SignatureVerifier,
)
from slack_sdk.webhook import WebhookClient  # type: ignore[import-not-found]
from stripe import WebhookSignature  # type: ignore[import-not-found]


def stripe(url: str, secret: str, body: str) -> None:
    """Sign as Stripe's library does."""
    header = WebhookSignature.generate_signature_header(body, secret)
    post(url, {"Stripe-Signature": header}, body.encode())


def slack_signed(url: str, secret: str, now: str, body: str) -> None:
    """Sign as Slack's library does, at a time in Unix seconds."""
    sum_ = SignatureVerifier(secret).generate_signature(timestamp=now, body=body)
    headers = {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": sum_}
    post(url, headers, body.encode())


def slack_webhook(url: str) -> None:
    """Post to an incoming webhook, as programs do that use Slack's library."""
    client = WebhookClient(url)
    section = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*Backup* <https://example.com|done>"},
    }
    for said in (
        client.send(text="hello &amp; welcome"),
        client.send(text="in short", blocks=[section]),
        client.send(attachments=[{"fallback": "old", "text": "an attachment"}]),
        client.send_dict({"text": ""}),
        client.send_dict({"blocks": "none"}),
    ):
        told(said.status_code, said.body)


def cloudevents(url: str) -> None:
    """Send an event in each mode that the library knows, and the first again."""
    data = {"order": 17, "note": 'Grüße, "quoted" & 100 %'}
    for number, to_message in ((1, to_structured), (2, to_binary), (1, to_structured)):
        attributes = {
            "type": "com.example.order",
            "source": "/shop",
            "id": f"order-{number}",
            "specversion": "1.0",
            "subject": "Grüße 100 %",
            "datacontenttype": "application/json",
        }
        message = to_message(CloudEvent(attributes, data), JSONFormat())
        post(url, message.headers, message.body)


def meshagent(url: str, secret: str, event: str, data: str) -> None:
    """Send an event as MeshAgent's own library does."""

    async def send() -> None:
        async with ClientSession() as http:
            await send_webhook(
                http, url=url, event=event, data=json.loads(data), secret=secret
            )

    try:
        asyncio.run(send())
        told(200, "sent")
    except RoomException as error:
        told(int(str(error).rpartition(" ")[2]), str(error))


def post(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Post, and print what came back."""
    given = {"Content-Type": "application/json", **headers}
    request = Request(url, body, given, method="POST")  # noqa: S310 (of the test)
    try:
        with urlopen(request) as answer:  # noqa: S310 (as above)
            told(answer.status, json.load(answer))
    except HTTPError as answer:
        told(answer.code, json.load(answer))


def told(status: int, answer: object) -> None:
    """Print an answer."""
    sys.stdout.write(json.dumps({"status": status, "answer": answer}) + "\n")


SENDERS = {
    each.__name__: each
    for each in (stripe, slack_signed, slack_webhook, cloudevents, meshagent)
}

if __name__ == "__main__":
    SENDERS[sys.argv[1]](*sys.argv[2:])
