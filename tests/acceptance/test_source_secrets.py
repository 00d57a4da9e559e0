"""Senders of every kind, of whom nothing that proves who they are gets anywhere."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.stage import Json, Stage, a_stage
from tests.fakes.bridge import KEY

pytestmark = pytest.mark.timeout(90)

SECRET = "proves-who-somebody-is"
PAIR = f"joe:{SECRET}"
MISTAKES: list[Json] = [
    {"verify": SECRET},
    {"verify": {"profile": SECRET}},
    {"verify": {"secret": {"is": SECRET}}},
    {"verify": {"secrets": [SECRET] * 11}},
    {"verify": {"profile": "standard", "secret": SECRET}},
    {"verify": {"profile": "basic", "secret": SECRET}},
    {"secret": SECRET},
    {"dedup": "header:Authorization", "verify": {"secret": f"{SECRET}\0"}},
]


@dataclass
class Sender:
    """A third party with a source of its own.

    Attributes:
        proofs: What its requests have been signed with so far.
    """

    source: Json
    profile: str
    proofs: set[str]

    def headers(self, body: bytes) -> dict[str, str]:
        """Return what proves that a body is from it."""
        now = str(int(datetime.now(UTC).timestamp()))  # noqa: TID251  # the gateway's
        signed, timed = mac(body), mac(f"{now}.".encode() + body).hex()
        pair = b64encode(PAIR.encode()).decode()
        encoded = b64encode(signed).decode()
        header, before, proof = {
            "github": ("X-Hub-Signature-256", "sha256=", signed.hex()),
            "gitlab": ("X-Gitlab-Token", "", SECRET),
            "stripe": ("Stripe-Signature", f"t={now},v1=", timed),
            "shopify": ("X-Shopify-Hmac-Sha256", "", encoded),
            "hmac": ("X-Proof", "", signed.hex()),
            "bearer": ("Authorization", "Bearer ", SECRET),
            "basic": ("Authorization", "Basic ", pair),
            "none": ("Cookie", "session=", SECRET),
        }[self.profile]
        self.proofs.add(proof)
        return {header: before + proof}


def mac(content: bytes) -> bytes:
    """Return what a sender signs with."""
    return hmac.digest(SECRET.encode(), content, "sha256")


async def a_sender(stage: Stage, profile: str) -> Sender:
    """Make a source; a repeat has the same answer, which is stored for that."""
    verify: Json = {"profile": profile}
    if profile != "none":
        verify["secret"] = PAIR if profile == "basic" else SECRET
    if profile == "hmac":
        verify["header"] = "X-Proof"
    body = {"name": profile, "broadcast": True, "verify": verify}
    once = {"Idempotency-Key": profile}
    made = [
        await stage.call.post("/sources", json=body, headers=once) for _ in range(2)
    ]
    assert made[0].status == 201, made[0].content
    assert made[0].content == made[1].content
    return Sender(made[0].json, profile, set())


async def of_everything(stage: Stage, sender: Sender) -> str:
    """Send what is good and what is not, make mistakes; return all that was told."""
    path, told = sender.source["path"], ""
    at = f"/sources/{sender.source['id']}"
    body = json.dumps({"id": f"evt-{sender.profile}", "url": sender.source["url"]})
    good = {**sender.headers(body.encode()), "Referer": sender.source["url"]}
    wrong = {name: f"{value[:-1]}!" for name, value in good.items()}
    statuses = []
    for given in (good, good, wrong):
        answer = await sends(stage, path, body, given)
        statuses.append(answer[0])
        told += answer[1]
    assert statuses[0] == 202
    assert sender.profile == "none" or statuses[2] == 401
    for method in ("GET", "PUT", "OPTIONS", "PROPFIND"):
        answered = await stage.call(method, f"{path}?of={path}", key=None)
        told += answered.content.decode()
    for mistake in MISTAKES:
        refused = await stage.call("PATCH", at, json=mistake)
        told += refused.content.decode()
    listed = await stage.call.get(f"{at}/requests")
    for request in listed.json["requests"]:
        one = await stage.call.get(f"{at}/requests/{request['id']}")
        again = {"request": request["id"]}
        simulated = await stage.call.post(f"{at}/simulate", json=again)
        told += (one.content + simulated.content).decode()
    shown = await stage.call.get(at)
    return told + (listed.content + shown.content).decode()


async def sends(
    stage: Stage, path: str, body: str, headers: Mapping[str, str]
) -> tuple[int, str]:
    """Send a body; return the status and all of the answer."""
    given = {"Content-Type": "application/json", **headers}
    answer = await stage.call.post(path, key=None, data=body.encode(), headers=given)
    return answer.status, f"{dict(answer.headers)}{answer.content.decode()}"


async def test_nothing_that_proves_who_somebody_is_is_told(tmp_path: Path) -> None:
    """In no answer, message, line of the log or file: not even the address's token."""
    profiles = ("github", "gitlab", "stripe", "shopify", "hmac", "bearer", "basic")
    async with a_stage(tmp_path, GATEWAY_LOG_LEVEL="debug") as stage:
        senders = [await a_sender(stage, each) for each in (*profiles, "none")]
        told = "".join([await of_everything(stage, sender) for sender in senders])
        for path in ("/sources", "/messages?limit=100", "/events", "/rooms"):
            told += (await stage.call.get(path)).content.decode()
        assert await stage.process.stop() == 0

    files = [each for each in (tmp_path / "data").rglob("*") if each.is_file()]
    kept = b"".join(each.read_bytes() for each in files if each.name != "api-key")
    tokens = {sender.source["path"].removeprefix("/in/") for sender in senders}
    proofs = {SECRET, KEY}.union(*[sender.proofs for sender in senders])
    log = stage.process.log + stage.process.printed
    assert len(tokens) == len(senders)
    for each in tokens | proofs:
        assert each not in log
        assert each not in told
        assert each.encode() not in kept
    for token in tokens:
        assert sha256(token.encode()).hexdigest().encode() in kept
