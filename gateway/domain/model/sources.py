"""Sources: addresses of ours that third parties send their webhooks to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.model.messages import Address, Match

MIB = 1024**2


class Profile(StrEnum):
    """How a source finds out that a request is from whom it should be."""

    GITHUB = "github"
    GITLAB = "gitlab"
    STRIPE = "stripe"
    SLACK = "slack"
    SHOPIFY = "shopify"
    STANDARD = "standard"
    MESHAGENT = "meshagent"
    HMAC = "hmac"
    BEARER = "bearer"
    BASIC = "basic"
    NONE = "none"


class Algorithm(StrEnum):
    """The hash of an HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Verification:
    """How a source's requests are verified, on their raw bytes.

    Attributes:
        secrets: At most ten; any of them may match. Empty for `NONE` alone. Those of
            `BASIC` are `user:password`.
        header: Of `HMAC`: where the signature is.
        algorithm: Of `HMAC`.
        encoding: Of `HMAC`.
        prefix: Of `HMAC`: what stands before the signature, such as `sha256=`.
        timestamp_header: Of `HMAC`: where a time is, in Unix seconds, that is signed
            with the body as `<time>.<body>`.
        tolerance: How far a signed time may be from now.
    """

    profile: Profile
    secrets: tuple[str, ...] = field(default=(), repr=False)
    header: str | None = None
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp_header: str | None = None
    tolerance: timedelta = timedelta(seconds=300)


class Preset(StrEnum):
    """What a source's requests are, and so how they are told apart and said.

    `JSON` says the whole of it. `SLACK` makes the address one that whatever posts to a
    Slack incoming webhook can post to.
    """

    JSON = "json"
    GITHUB = "github"
    STRIPE = "stripe"
    ALERTMANAGER = "alertmanager"
    CLOUDEVENTS = "cloudevents"
    MESHAGENT = "meshagent"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class OwnResponse:
    """What a source's requests are answered once they are accepted.

    Attributes:
        content_type: `text/plain` or `application/json`.
    """

    status: int = 202
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Source:
    """An address of ours, who may send to it, and what is said of it in which room.

    Attributes:
        token_hash: SHA-256 in hex of the token in its address, which is shown once.
        to: Whom it is said to; `None` for everybody.
        type: The type of the messages.
        template: A JSON object as compact text, its string leaves in Liquid; `None` for
            what the preset says.
        filter: A JMESPath expression that must be truthy of what came in.
        dedup: `header:Name` or a JMESPath expression that gives what came in its
            identity; `None` for what the preset knows.
        methods: `POST`, and `GET` if that is wanted.
        max_bytes: The largest body, at most 25 MiB.
        ttl: How long something waits to be said.
        response: What is answered instead of our own 202.
        deleted_at: It is answered 410 from then on.
    """

    id: str
    name: str
    room: str
    token_hash: str = field(repr=False)
    verify: Verification
    created_at: datetime
    preset: Preset = Preset.JSON
    to: tuple[Address, ...] | None = None
    match: Match = Match.ONE
    type: str = "webhook"
    template: str | None = None
    filter: str | None = None
    dedup: str | None = None
    methods: tuple[str, ...] = ("POST",)
    max_bytes: int = MIB
    ttl: timedelta = timedelta(hours=24)
    response: OwnResponse | None = None
    active: bool = True
    description: str | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    key_id: str | None = None


class InboundState(StrEnum):
    """How far a request of a third party has come.

    `SAID` is one that has become a message, whatever became of that.
    """

    ACCEPTED = "accepted"
    SAID = "said"
    FILTERED = "filtered"
    RENDER_FAILED = "render_failed"
    REFUSED = "refused"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self is not InboundState.ACCEPTED


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request that a third party made to a source, verified and stored.

    Attributes:
        method: `POST` or `GET`.
        query: As it came, without `?`.
        headers: In lower case; those with secrets in them are `[redacted]`.
        body: As it came; empty in lists, and once it is kept no longer.
        identity: By which a repeat is known, if there is any: the provider's own id.
        message_id: What was said of it.
        reason: Why it was not said, in a sentence.
        replay_of: The request of which this is a repeat that somebody asked for.
        position: Order of acceptance; 0 until it is stored.
        size: Of the body in bytes, also where that is not there; 0 until it is stored.
    """

    id: str
    source_id: str
    received_at: datetime
    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    identity: str | None = None
    state: InboundState = InboundState.ACCEPTED
    message_id: str | None = None
    reason: str | None = None
    replay_of: str | None = None
    key_id: str | None = None
    traceparent: str | None = None
    position: int = 0
    size: int = 0
