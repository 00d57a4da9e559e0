"""Requests that are signed with an HMAC of their body, each provider in its own way."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain import signing
from gateway.domain.arrivals import Arrival
from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Encoding, Verification
from gateway.domain.signing import Flaw, Seal
from gateway.domain.verification import headers
from gateway.domain.verification.proofs import (
    MISFIT,
    check_signatures,
    check_time,
    parts,
    too_early,
    too_old,
)

_TIMELY = {Flaw.TOO_OLD: too_old, Flaw.IN_FUTURE: too_early}


def github(verification: Verification, arrival: Arrival, _now: datetime) -> None:
    """Verify `X-Hub-Signature-256`; GitHub signs no time.

    Source: GitHub, "Validating webhook deliveries".
    """
    signature = _header(arrival, headers.GITHUB)
    _refuse(signing.verify_github(verification.secrets, signature, arrival.body))


def standard(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Verify the headers of Standard Webhooks, or those of Svix before it.

    Source: Standard Webhooks, "Signature scheme".
    """
    names = headers.of_standard(arrival.headers)
    seal = Seal(*(arrival.headers.get(name) for name in names))
    parts(arrival.headers.get(names[2], ""), " ")
    secrets = [secret.removeprefix("v1,") for secret in verification.secrets]
    flaw = signing.verify(
        secrets, seal, arrival.body, now=now, tolerance=verification.tolerance
    )
    if flaw in _TIMELY:
        late_s = int(now.timestamp()) - int(seal.timestamp or 0)
        raise NotVerified(_TIMELY[flaw](names[1], abs(late_s)))
    _refuse(flaw)


def stripe(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Verify `Stripe-Signature`: a time, and one signature per valid secret.

    Source: Stripe, "Verify webhook signatures manually".
    """
    members = parts(_header(arrival, headers.STRIPE), ",")
    times = _without_prefix(members, "t=")
    time = check_time(
        times[0] if len(times) == 1 else None,
        where="t= in Stripe-Signature",
        now=now,
        tolerance=verification.tolerance,
    )
    check_signatures(
        verification.secrets,
        time + b"." + arrival.body,
        _without_prefix(members, "v1="),
    )


def slack(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Verify `X-Slack-Signature` of version `v0`.

    Source: Slack, "Verifying requests from Slack".
    """
    signature = _header(arrival, headers.SLACK)
    time = check_time(
        arrival.headers.get(headers.SLACK_TIME),
        where="X-Slack-Request-Timestamp",
        now=now,
        tolerance=verification.tolerance,
    )
    check_signatures(
        verification.secrets,
        b"v0:%b:%b" % (time, arrival.body),
        _without_prefix([signature], "v0="),
    )


def shopify(verification: Verification, arrival: Arrival, _now: datetime) -> None:
    """Verify `X-Shopify-Hmac-Sha256`; Shopify signs no time.

    Source: Shopify, "Verify the origin of a webhook".
    """
    signature = _header(arrival, headers.SHOPIFY)
    check_signatures(
        verification.secrets, arrival.body, [signature], encoding=Encoding.BASE64
    )


def plain_hmac(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Verify an HMAC in a header of the source's choice.

    There may be several with commas between them, each with the prefix.
    """
    if verification.header is None:
        detail = "the source does not say which header has the signature"
        raise NotVerified(detail)
    value = _header(arrival, verification.header.lower())
    content = arrival.body
    if verification.timestamp_header is not None:
        time = check_time(
            arrival.headers.get(verification.timestamp_header.lower()),
            where=verification.timestamp_header,
            now=now,
            tolerance=verification.tolerance,
        )
        content = time + b"." + content
    check_signatures(
        verification.secrets,
        content,
        _without_prefix(parts(value, ","), verification.prefix),
        algorithm=verification.algorithm,
        encoding=verification.encoding,
    )


def _header(arrival: Arrival, name: str) -> str:
    value = arrival.headers.get(name)
    if value is None:
        detail = f"the header {name} is missing: has the sender been given the secret?"
        raise NotVerified(detail)
    return value


def _without_prefix(texts: Sequence[str], prefix: str) -> Sequence[str]:
    return [text.removeprefix(prefix) for text in texts if text.startswith(prefix)]


def _refuse(flaw: Flaw | None) -> None:
    if flaw is not None:
        raise NotVerified(MISFIT if flaw is Flaw.MISMATCH else flaw.sentence)
