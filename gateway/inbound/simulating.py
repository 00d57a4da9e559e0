"""What would be said of a request, without saying it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import Rejected
from gateway.domain.fields import Fields
from gateway.domain.identities import identity_of
from gateway.domain.json_text import dumps
from gateway.domain.model import Inbound, InboundState, Source
from gateway.domain.payloads import payload_of
from gateway.inbound.wording import (
    Filtered,
    Said,
    Sizes,
    Unsayable,
    arrival_of,
    worded,
)

QUERY_CHARACTERS = 4_096
MOST_HEADERS = 100
HEADER_CHARACTERS = 4_096

_REQUEST = "request"
_MEMBERS = frozenset({_REQUEST, "body", "headers", "query", "method"})


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would become of a request.

    Attributes:
        state: `SAID`, `FILTERED` or `RENDER_FAILED`.
        message: The message object as compact JSON text, if it would be said.
        attachment_bytes: Size of what would go with it.
        reason: Why it would not be said.
        identity: By which a repeat would be known.
    """

    state: InboundState
    message: str | None = None
    attachment_bytes: int = 0
    reason: str | None = None
    identity: str | None = None


def named(body: Mapping[str, object]) -> str | None:
    """Return the id of the request that is meant in place of a sample, if one is.

    Raises:
        Invalid: There is neither, or both.
    """
    fields = Fields(body)
    if not body:
        fields.wrong("body", "It is required: what is sent; or `request`, an id.")
    request = fields.value(_REQUEST)
    if request is not None:
        for name in body:
            if name != _REQUEST:
                fields.wrong(name, "`request` says what it is: leave this out.")
        if not isinstance(request, str):
            fields.wrong(_REQUEST, "It is the id of a request, inb_….")
    fields.finish()
    return request if isinstance(request, str) else None


def simulated(
    source: Source, body: Mapping[str, object], now: datetime, sizes: Sizes
) -> Simulation:
    """Return what would become of a sample; it needs no signature.

    Raises:
        Invalid: The sample breaks a rule; each place is named.
    """
    return rehearsed(source, _sample(source, body, now), sizes)


def rehearsed(source: Source, inbound: Inbound, sizes: Sizes) -> Simulation:
    """Return what would become of a request that there is."""
    identity = _identity(source, inbound)
    match worded(source, inbound, sizes):
        case Said(message, attachment):
            state, size = InboundState.SAID, len(attachment)
            return Simulation(state, message, size, identity=identity)
        case Filtered(reason):
            state = InboundState.FILTERED
            return Simulation(state, reason=reason, identity=identity)
        case Unsayable(reason):
            state = InboundState.RENDER_FAILED
            return Simulation(state, reason=reason, identity=identity)


def _identity(source: Source, inbound: Inbound) -> str | None:
    arrival = arrival_of(inbound)
    try:
        payload = payload_of(arrival, source.preset)
    except Rejected:
        return None
    found = identity_of(source, arrival, payload)
    return None if found is None else found.value


def _sample(source: Source, body: Mapping[str, object], now: datetime) -> Inbound:
    fields = Fields(body)
    for name in body:
        if name not in _MEMBERS:  # Many send the payload as it is.
            detail = "There is no member of this name; a payload goes into `body`."
            fields.wrong(name, detail)
    given = fields.record("headers")
    if len(given) > MOST_HEADERS:
        fields.wrong("headers", f"There should be at most {MOST_HEADERS}.")
    headers = {"content-type": "application/json"}
    for name, value in list(given.items())[:MOST_HEADERS]:
        if isinstance(value, str) and len(value) <= HEADER_CHARACTERS:
            headers[name.lower()] = value
        else:
            detail = f"It is a string of at most {HEADER_CHARACTERS} characters."
            fields.wrong("headers", detail, name)
    method = fields.text("method", longest=4) or "POST"
    if method not in ("POST", "GET"):
        fields.wrong("method", "It is one of POST, GET.")
    query = "" if body.get("query") == "" else None
    if query is None:
        query = fields.text("query", longest=QUERY_CHARACTERS) or ""
    fields.finish()
    value = body.get("body")
    is_raw = isinstance(value, str) and "content-type" in {n.lower() for n in given}
    text = value if is_raw else dumps(value)
    return Inbound(
        id="inb_sample",
        source_id=source.id,
        received_at=now,
        method=method,
        query=query,
        headers=headers,
        body=str(text).encode("utf-8", "surrogatepass") if "body" in body else b"",
    )
