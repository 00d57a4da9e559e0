"""Whatever strangers put into a request to a source, it is answered."""

import pytest

from gateway.domain.model import Preset, Profile, Verification
from tests.api.test_ingest import HERE, a_world, taken
from tests.fakes.ingest import Wire, dialled, sources_of

PROOFS = (
    b"", b"v1", b"v1,abc", b"v1,\xc3\xa9", b"a,b,c", b"t=1,v1=zz", b"sha256=",
    b"\xff\xfe", b"Basic ====", b"Bearer", b"Bearer \xff", b"9" * 400,
    b"sha256=" + b"0" * 64,
)  # fmt: skip
CARRIERS = (
    b"Authorization", b"X-Hub-Signature-256", b"X-Gitlab-Token", b"Stripe-Signature",
    b"X-Slack-Signature", b"X-Slack-Request-Timestamp", b"X-Shopify-Hmac-Sha256",
    b"webhook-signature", b"webhook-timestamp", b"webhook-id", b"Meshagent-Signature",
    b"X-Signature",
)  # fmt: skip
BODIES = (
    b"", b"null", b"1e999", b"\xff\xfe", b"[" * 50_000, b'{"a":' * 5_000, b'"\\ud800"',
    b"payload=%7B", b"payload=%ff", b"a=1&" * 2_000, b'{"text":5,"blocks":{}}',
    b'{"alerts":[{"labels":5}],"status":[]}',
    b'{"object":"event","data":{"object":[]}}',
    b'{"type":"url_verification","challenge":"\\r\\nX: y"}',
    b'{"repository":[],"action":{}}',
)  # fmt: skip
KINDS = (
    b"application/json", b"application/x-www-form-urlencoded", b"text/plain", b"\xff",
    b"application/cloudevents+json", b"application/cloudevents-batch+json",
)  # fmt: skip
SECRETS = {
    Profile.BASIC: "user:password",
    Profile.STANDARD: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


async def posted(wire: Wire, body: bytes, *headers: tuple[bytes, bytes]) -> int:
    """Send a request; give the status of its answer."""
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    length = str(len(body)).encode()
    await wire.send(
        b"POST " + HERE.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: " + length
        + b"\r\n" + head + b"\r\n" + body
    )  # fmt: skip
    status, _ = await wire.answer()
    return status


@pytest.mark.parametrize(
    "profile", [each for each in Profile if each is not Profile.NONE]
)
async def test_no_proof_that_is_none_passes(profile: Profile) -> None:
    """Each of them is 401, in whatever bytes it is written."""
    header = "X-Signature" if profile is Profile.HMAC else None
    secret = SECRETS.get(profile, "a secret" if profile is not Profile.BEARER else "s")
    world = await a_world(verify=Verification(profile, (secret,), header=header))

    async with sources_of(world) as call, dialled(call.url) as wire:
        found = {
            await posted(wire, b"\xff{}", *((name, proof) for name in CARRIERS))
            for proof in PROOFS
        }

    assert found == {401}
    assert taken(world) == []


@pytest.mark.parametrize("preset", Preset)
async def test_no_body_makes_a_source_fail(preset: Preset) -> None:
    """It is taken or refused, and the next one too."""
    world = await a_world(preset=preset)

    async with sources_of(world) as call, dialled(call.url) as wire:
        found = {
            await posted(wire, body, (b"Content-Type", kind), (b"ce-id", b"%ff"))
            for body in BODIES
            for kind in KINDS
        }

    assert found <= {200, 202, 400, 415, 422}
