"""By what a repeat of a third party's request is known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import MalformedJson
from gateway.domain.filters import BadFilter, compile_query
from gateway.domain.json_text import dumps
from gateway.domain.model import Preset, Profile, Source
from gateway.domain.weight import weight

WINDOW: Final = timedelta(hours=72)
ALERT_WINDOW: Final = timedelta(minutes=10)
HEADER: Final = "header:"

_MAX_UNITS: Final = 4_000_000  # Of what a query found, written out.
_PLAIN: Final = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """What two requests of a source have in common if one repeats the other.

    Attributes:
        value: At most 300 visible ASCII characters.
        window: For how long a repeat is known.
    """

    value: str
    window: timedelta = WINDOW


def identity_of(source: Source, arrival: Arrival, payload: object) -> Identity | None:
    """Return a request's identity, or `None` if there is none; it raises nothing.

    A source's own `dedup` decides alone. Else it is the provider's own id, by the
    source's profile and then by its preset: `X-GitHub-Delivery`; GitLab's
    `Idempotency-Key`; `id` of Stripe; `event_id` of Slack; `X-Shopify-Webhook-Id`;
    `webhook-id`, or `svix-id`; `source` and `id` of CloudEvents, of all those in a
    batch; of Alertmanager the body, for 10 minutes.

    Args:
        source: Where it came to.
        arrival: The request, verified.
        payload: What it says.
    """
    if source.dedup is not None:
        return _own(source.dedup, arrival, payload)
    for kind in (source.verify.profile.value, source.preset.value):
        reader = _READERS.get(kind)
        value = None if reader is None else reader(arrival, payload)
        if value is not None:
            window = ALERT_WINDOW if kind == Preset.ALERTMANAGER.value else WINDOW
            return Identity(f"{kind}:{value}", window)
    return None


def check_dedup(text: str) -> None:
    """Refuse what cannot be a source's `dedup`.

    Raises:
        BadFilter: Neither `header:` with a header's name nor JMESPath.
    """
    if not text.startswith(HEADER):
        compile_query(text)
    elif _TOKEN.fullmatch(text.removeprefix(HEADER)) is None:
        raise BadFilter(len(HEADER), "it is not the name of a header")


def _own(dedup: str, arrival: Arrival, payload: object) -> Identity | None:
    if dedup.startswith(HEADER):
        value = _header(arrival, dedup.removeprefix(HEADER).lower())
        return None if value is None else Identity(f"dedup:{value}")
    try:
        found = compile_query(dedup).found(payload)
    except BadFilter:
        return None
    value = _told(found)
    return None if value is None else Identity(f"dedup:{value}")


def _told(found: object) -> str | None:
    if isinstance(found, str):
        return _short(found) if found else None
    is_whole = isinstance(found, int | float) and not isinstance(found, bool)
    if not is_whole and not (isinstance(found, list | dict) and found):
        return None
    if weight(found, _MAX_UNITS) > _MAX_UNITS:
        return None
    try:
        return _short(dumps(found))
    except (MalformedJson, TypeError):  # Infinity, or a part of the expression.
        return None


def _short(value: str) -> str:
    """Return a value itself if it can stand in any log and store, else its hash."""
    if _PLAIN.fullmatch(value):
        return value
    return _digest(value.encode("utf-8", "surrogatepass"))


def _digest(raw: bytes) -> str:
    return "sha256:" + sha256(raw).hexdigest()


def _header(arrival: Arrival, *names: str) -> str | None:
    for name in names:
        value = arrival.headers.get(name, "").strip()
        if value:
            return _short(value)
    return None


def _member(payload: object, name: str) -> str | None:
    value = payload.get(name) if isinstance(payload, dict) else None
    return _short(value) if isinstance(value, str) and value else None


def _github(arrival: Arrival, _payload: object) -> str | None:
    return _header(arrival, "x-github-delivery")


def _gitlab(arrival: Arrival, _payload: object) -> str | None:
    key = _header(arrival, "idempotency-key")
    if key is not None:
        return key
    # What a webhook sets off has the same UUID as what set it off.
    event = _header(arrival, "x-gitlab-event-uuid")
    return None if event is None else f"{event}:{_digest(arrival.body)}"


def _stripe(_arrival: Arrival, payload: object) -> str | None:
    return _member(payload, "id")


def _slack(_arrival: Arrival, payload: object) -> str | None:
    return _member(payload, "event_id")


def _shopify(arrival: Arrival, _payload: object) -> str | None:
    return _header(arrival, "x-shopify-webhook-id")


def _standard(arrival: Arrival, _payload: object) -> str | None:
    return _header(arrival, "webhook-id", "svix-id")


def _alertmanager(arrival: Arrival, _payload: object) -> str | None:
    return _digest(arrival.body)


def _cloudevents(_arrival: Arrival, payload: object) -> str | None:
    events = payload if isinstance(payload, list) else [payload]
    pairs = [
        [event.get("source"), event.get("id")]
        for event in events
        if isinstance(event, dict)
    ]
    if not pairs or not all(isinstance(text, str) for pair in pairs for text in pair):
        return None
    return _digest(dumps(pairs).encode("utf-8", "surrogatepass"))


_READERS: Final[Mapping[str, Callable[[Arrival, object], str | None]]] = {
    Profile.GITHUB.value: _github,
    Profile.GITLAB.value: _gitlab,
    Profile.STRIPE.value: _stripe,
    Profile.SLACK.value: _slack,
    Profile.SHOPIFY.value: _shopify,
    Profile.STANDARD.value: _standard,
    Preset.ALERTMANAGER.value: _alertmanager,
    Preset.CLOUDEVENTS.value: _cloudevents,
}
