"""Requests to the receivers of the guide: signed as we sign, and forged."""

import asyncio
import contextlib
import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gateway.domain import signing
from gateway.system import SystemClock

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEWER = "whsec_" + "QUJD" * 11
BODY = '{"v":1,"type":"message.received","data":{"message":{"text":"hé"}}}'.encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out."""

    headers: Mapping[str, str]
    body: bytes = BODY

    def having(self, **headers: str) -> "Sent":
        """Return it with other values of `webhook-…` headers."""
        changed = {f"webhook-{name}": value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **changed})

    def without(self, name: str) -> "Sent":
        """Return it without a `webhook-…` header."""
        kept = {k: v for k, v in self.headers.items() if k != f"webhook-{name}"}
        return replace(self, headers=kept)


def genuine(
    event_id: str = "evt_1",
    *,
    secrets: Iterable[str] = (SECRET,),
    ago_s: int = 0,
    body: bytes = BODY,
) -> Sent:
    """Return a request as the gateway makes it, so many seconds ago."""
    timestamp = int(SystemClock().now().timestamp()) - ago_s
    signature = signing.sign(
        secrets, message_id=event_id, timestamp=timestamp, body=body
    )
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
        "webhook-attempt": "1",
    }
    return Sent(headers, body)


def forged() -> Mapping[str, Sent]:
    """Return what no receiver may believe, by what is wrong with it."""
    sent = genuine()
    return {
        "another body": replace(sent, body=BODY.replace(b"h", b"H")),
        "spaces more": replace(sent, body=BODY.replace(b":", b": ")),
        "no body": replace(sent, body=b""),
        "no UTF-8": replace(sent, body=b"\xff"),
        "another secret": genuine(secrets=[NEWER]),
        "too old": genuine(ago_s=400),
        "in the future": genuine(ago_s=-400),
        "another id": sent.having(id="evt_2"),
        "another time": sent.having(
            timestamp=str(int(sent.headers["webhook-timestamp"]) + 1)
        ),
        "a time that is none": sent.having(timestamp="NaN"),
        "a time without end": sent.having(timestamp="9" * 5000),
        "no id": sent.without("id"),
        "no time": sent.without("timestamp"),
        "no signature": sent.without("signature"),
        **{
            f"signature {value!r}": sent.having(signature=value)
            for value in ("v1", "v1,", "v1,abc", "v1,é", "a,b,c", "v2,AAAA", " ")
        },
        "another version": sent.having(
            signature=sent.headers["webhook-signature"].replace("v1,", "v1a,")
        ),
    }


async def answer_to(url: str, sent: Sent) -> int:
    """POST a request and return the status of the answer.

    It is 0 if the receiver hung up rather than take in the whole request.
    """
    return (await whole_answer_to(url, sent))[0]


async def whole_answer_to(url: str, sent: Sent) -> tuple[int, bytes]:
    """POST a request and return the status and the body of the answer."""
    return await asyncio.to_thread(_post, url, sent)


def _post(url: str, sent: Sent) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", parts.path, sent.body, dict(sent.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, http.client.ResponseNotReady):
        return 0, b""
    finally:
        connection.close()
