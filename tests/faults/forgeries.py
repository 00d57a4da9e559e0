"""Requests that are signed by no secret of the source's, though nearly.

Each profile is signed as its provider does it, so that what is changed is all that is
wrong.
"""

import hmac
import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from tests.faults.strangers import JSON, Header, Row, request

BODY = b'{"n": 1}'
SECRET = "a-secret-of-the-source"
PAIR = "user:a-password"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOO_FAR_S = 600  # Twice what is tolerated.

Sign = Callable[[str, bytes, int], list[Header]]


@dataclass(frozen=True)
class Way:
    """A way to sign.

    Attributes:
        verify: The source's settings for it.
        sign: Return the headers of a secret, a body and a Unix time, the signature
            last.
        is_timed: Whether the time is signed too.
        is_digest: Whether the body is.
    """

    verify: Mapping[str, object]
    sign: Sign
    is_timed: bool = False
    is_digest: bool = True

    @property
    def secret(self) -> str:
        """The secret of its source."""
        return str(self.verify["secret"])


def rows(way: Way, now_s: int) -> Iterator[Row]:
    """Yield one request that is signed well, and every forgery."""
    right = way.sign(way.secret, BODY, now_s)
    yield Row("as it should be", 202, request(BODY, JSON, *right))
    for name, headers in _forged(way, right, now_s):
        yield Row(name, 401, request(BODY, JSON, *headers))
    # Whether it is JSON is nobody's business who did not sign.
    yield Row("unsigned, and no JSON", 401, request(b"\xff{", JSON))
    yield Row("unsigned, and packed", 401, request(BODY, JSON, PACKED))
    yield Row("unsigned, and deep", 401, request(b"[" * 100_000, JSON))
    if way.is_digest:
        yield Row("another body", 401, request(BODY + b" 2", JSON, *right))


def _forged(
    way: Way, right: list[Header], now_s: int
) -> Iterator[tuple[str, list[Header]]]:
    *others, (header, proof) = right
    yield "unsigned", []
    yield "without its signature", others
    if others:
        yield "without its time", right[-1:]
    for name, wrong in _wrong(proof):
        yield f"signature {name}", [*others, (header, wrong)]
    yield "two signatures", [*others, (header, b"x"), (header, b"y")]
    for name, secret in _secrets(way.secret):
        yield f"by {name}", way.sign(secret, BODY, now_s)
    if way.is_timed:
        yield "too old", way.sign(way.secret, BODY, now_s - TOO_FAR_S)
        yield "too early", way.sign(way.secret, BODY, now_s + TOO_FAR_S)
        yield "of the year 0", way.sign(way.secret, BODY, 0)
        yield "of no year", way.sign(way.secret, BODY, 10**30)
        yield "before all years", way.sign(way.secret, BODY, -(10**30))


def _wrong(proof: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a proof as it is not."""
    yield "empty", b""
    yield "cut", proof[:-1]
    yield "cut in half", proof[: len(proof) // 2]
    yield "too long", proof + b"0"
    yield "of zeros", b"0" * len(proof)
    yield "backwards", proof[::-1]
    yield "with another byte before", b"\xff" + proof
    yield "with a letter of two bytes", proof[:-2] + b"\xc3\xa9"
    yield "in another alphabet", b"".join(b"\xd0\xb0" for _ in proof)
    yield "of 60 kB", proof * (60_000 // len(proof))
    yield "in 5 000 parts", b",".join([b"v1=0"] * 5_000)
    yield "in 5 000 parts of another kind", b" ".join([b"v1,AAAA"] * 5_000)
    for each in (b"v1", b"v1,", b"v1,abc", b"v1,\xc3\xa9", b"a,b,c", b"t=1,v1=zz"):
        yield repr(each), each
    for each in (b"sha256=", b"sha256", b"sha1=0", b"v0=", b"=", b"====", b"null"):
        yield repr(each), each
    for each in (b"Basic", b"Basic ====", b"Basic Og==", b"Bearer", b"Bearer \xff"):
        yield repr(each), each
    yield "that says it needs none", b"Bearer eyJhbGciOiJub25lIn0.e30."
    yield "of a deep token", b"Bearer " + b".".join([_url(b"[" * 9_000)] * 3)
    yield "of a large number", b"Bearer " + b".".join([_url(b"9" * 9_000)] * 3)


def _secrets(secret: str) -> Iterator[tuple[str, str]]:
    if secret.startswith("whsec_"):
        yield "another secret", "whsec_" + b64encode(b"another").decode()
        return
    yield "another secret", "another:secret"
    yield "a secret that is longer", secret + "x"
    yield "a secret that is shorter", secret[:-1]
    yield "no secret", ""


def _mac(secret: str, content: bytes) -> bytes:
    return hmac.digest(secret.encode(), content, "sha256")


def _github(secret: str, body: bytes, _at: int) -> list[Header]:
    proof = b"sha256=" + _mac(secret, body).hex().encode()
    return [(b"X-Hub-Signature-256", proof)]


def _gitlab(secret: str, _body: bytes, _at: int) -> list[Header]:
    return [(b"X-Gitlab-Token", secret.encode())]


def _stripe(secret: str, body: bytes, at: int) -> list[Header]:
    proof = _mac(secret, b"%d.%b" % (at, body)).hex().encode()
    return [(b"Stripe-Signature", b"t=%d,v1=%b" % (at, proof))]


def _slack(secret: str, body: bytes, at: int) -> list[Header]:
    proof = b"v0=" + _mac(secret, b"v0:%d:%b" % (at, body)).hex().encode()
    time = (b"X-Slack-Request-Timestamp", b"%d" % at)
    return [time, (b"X-Slack-Signature", proof)]


def _shopify(secret: str, body: bytes, _at: int) -> list[Header]:
    return [(b"X-Shopify-Hmac-Sha256", b64encode(_mac(secret, body)))]


def _standard(secret: str, body: bytes, at: int) -> list[Header]:
    key = b64decode(secret.removeprefix("whsec_"))
    id_ = f"msg_{uuid4()}".encode()  # Else it would be taken for a repeat.
    proof = hmac.digest(key, b"%b.%d.%b" % (id_, at, body), "sha256")
    names = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    values = (id_, b"%d" % at, b"v1," + b64encode(proof))
    return list(zip(names, values, strict=True))


def _meshagent(secret: str, body: bytes, _at: int) -> list[Header]:
    digest = sha256(json.dumps(json.loads(body)).encode()).hexdigest()
    claims = json.dumps({"sha256": digest}).encode()
    content = _url(b'{"alg":"HS256"}') + b"." + _url(claims)
    token = content + b"." + _url(_mac(secret, content))
    return [(b"Meshagent-Signature", b"Bearer " + token)]


def _hmac(secret: str, body: bytes, _at: int) -> list[Header]:
    return [(b"X-Proof", _mac(secret, body).hex().encode())]


def _timed_hmac(secret: str, body: bytes, at: int) -> list[Header]:
    proof = b"s=" + b64encode(_mac(secret, b"%d.%b" % (at, body)))
    return [(b"X-Time", b"%d" % at), (b"X-Proof", proof)]


def _bearer(secret: str, _body: bytes, _at: int) -> list[Header]:
    return [(b"Authorization", b"Bearer " + secret.encode())]


def _basic(secret: str, _body: bytes, _at: int) -> list[Header]:
    return [(b"Authorization", b"Basic " + b64encode(secret.encode()))]


def _url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


PACKED = (b"Content-Encoding", b"gzip")
_TIMED = {"timestamp_header": "X-Time", "encoding": "base64", "prefix": "s="}

WAYS: Mapping[str, Way] = {
    "github": Way({"profile": "github", "secret": SECRET}, _github),
    "gitlab": Way({"profile": "gitlab", "secret": SECRET}, _gitlab, is_digest=False),
    "stripe": Way({"profile": "stripe", "secret": SECRET}, _stripe, is_timed=True),
    "slack": Way({"profile": "slack", "secret": SECRET}, _slack, is_timed=True),
    "shopify": Way({"profile": "shopify", "secret": SECRET}, _shopify),
    "standard": Way({"profile": "standard", "secret": WHSEC}, _standard, is_timed=True),
    "meshagent": Way({"profile": "meshagent", "secret": SECRET}, _meshagent),
    "hmac": Way({"profile": "hmac", "secret": SECRET, "header": "X-Proof"}, _hmac),
    "hmac with a time": Way(
        {"profile": "hmac", "secret": SECRET, "header": "X-Proof", **_TIMED},
        _timed_hmac,
        is_timed=True,
    ),
    "bearer": Way({"profile": "bearer", "secret": SECRET}, _bearer, is_digest=False),
    "basic": Way({"profile": "basic", "secret": PAIR}, _basic, is_digest=False),
}
