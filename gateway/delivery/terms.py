"""What one may ask of a webhook, and the words for it in JSON.

The same rules hold for a webhook made by request, changed by request (a merge patch is
merged first) or given by configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

from gateway.delivery.fields import Fields
from gateway.delivery.headers import check_headers
from gateway.domain.model import (
    DEFAULT_SCHEDULE_S,
    EventType,
    Ordering,
    Signature,
    Webhook,
)
from gateway.domain.signing import BadSecret, parse_secret

URL_CHARACTERS = 2048
TEXT_CHARACTERS = 500
LIST_ENTRIES = 100
SCHEDULE_ENTRIES = 30
SCHEDULE_MAX_S = 172_800
TIMEOUT_MAX_S = 30
IN_FLIGHT_MAX = 256
AGE_MAX_S = 30 * 86_400


# Members of the contract that this release knows, and refuses to do otherwise.
_ONLY: Mapping[str, object] = {
    "filter": None,
    "format": "envelope",
    "template": None,
    "content_type": None,
    "ordering": Ordering.NONE.value,
    "links": False,
    "replies": False,
    "rate_limit": None,
}
_MEMBERS = frozenset(_ONLY) | {
    "url", "events", "rooms", "types", "from", "headers", "secret", "signature",
    "timeout_s", "max_in_flight", "max_age_s", "retry", "stop_on", "active",
    "description",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a webhook, checked.

    Attributes:
        secret: The caller's own secret; `None` to have one minted.
    """

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    events: tuple[str, ...]
    rooms: tuple[str, ...] | None
    types: tuple[str, ...] | None
    senders: tuple[str, ...] | None
    signature: Signature
    timeout: timedelta
    max_in_flight: int
    max_age: timedelta | None
    schedule_s: tuple[int, ...]
    stop_on: tuple[int, ...]
    active: bool
    description: str | None

    def applied_to(self, webhook: Webhook) -> Webhook:
        """Return the webhook on these terms; its secrets and its history stay."""
        return replace(
            webhook,
            url=self.url,
            headers=self.headers,
            events=self.events,
            rooms=self.rooms,
            types=self.types,
            senders=self.senders,
            signature=self.signature,
            timeout=self.timeout,
            max_in_flight=self.max_in_flight,
            max_age=self.max_age,
            schedule_s=self.schedule_s,
            stop_on=self.stop_on,
            active=self.active,
            disabled_reason=None if self.active else webhook.disabled_reason,
            description=self.description,
        )


def parse(body: Mapping[str, object], *, at: str = "") -> Terms:
    """Return what a body asks for; members left out or null have their defaults.

    Args:
        body: A JSON object, as parsed.
        at: Where it stands in what the caller sent, as a JSON Pointer.

    Raises:
        Invalid: Something in it breaks a rule; each place is named. The caller's turn.
    """
    fields = Fields(body, at)
    fields.refuse_unknown(_MEMBERS)
    for name, only in _ONLY.items():
        fields.only(name, only)
    terms = Terms(
        url=fields.text("url", longest=URL_CHARACTERS, required=True) or "",
        secret=_secret(fields),
        headers=_headers(fields),
        events=_events(fields),
        rooms=fields.texts("rooms", most=LIST_ENTRIES),
        types=fields.texts("types", most=LIST_ENTRIES),
        senders=fields.texts("from", most=LIST_ENTRIES),
        signature=_signature(fields),
        timeout=timedelta(seconds=fields.number("timeout_s", 15, 1, TIMEOUT_MAX_S)),
        max_in_flight=int(fields.number("max_in_flight", 8, 1, IN_FLIGHT_MAX)),
        max_age=_max_age(fields),
        schedule_s=_schedule(fields),
        stop_on=_stop_on(fields),
        active=fields.truth("active", default=True),
        description=fields.text("description", longest=TEXT_CHARACTERS),
    )
    fields.finish()
    return terms


def as_json(webhook: Webhook) -> dict[str, object]:
    """Return a webhook's terms as the body that asks for them, without its secret.

    The values of its headers are secrets too: whoever shows this masks them.
    """
    return {
        "url": webhook.url,
        "events": list(webhook.events),
        "rooms": _listed(webhook.rooms),
        "types": _listed(webhook.types),
        "from": _listed(webhook.senders),
        "filter": webhook.filter,
        "format": webhook.format,
        "template": webhook.template,
        "content_type": webhook.content_type,
        "headers": dict(webhook.headers),
        "signature": webhook.signature.value,
        "ordering": webhook.ordering.value,
        "links": webhook.links,
        "replies": webhook.replies,
        "timeout_s": _seconds(webhook.timeout),
        "max_in_flight": webhook.max_in_flight,
        "max_age_s": None if webhook.max_age is None else _seconds(webhook.max_age),
        "rate_limit": webhook.rate_limit,
        "retry": {"schedule": list(webhook.schedule_s)},
        "stop_on": list(webhook.stop_on),
        "active": webhook.active,
        "description": webhook.description,
    }


def amend(webhook: Webhook, patch: Mapping[str, object]) -> Terms:
    """Return a webhook's terms with a merge patch applied; null is the default again.

    A URL of another origin drops the headers, unless the patch sends them again: they
    may hold a secret that was meant for the old one.

    Raises:
        Invalid: The patch, or what it makes of the webhook, breaks a rule.

    Source: RFC 7396, section 2.
    """
    fields = Fields(patch)
    fields.refuse_unknown(_MEMBERS)
    if "secret" in patch:
        fields.wrong("secret", "This release cannot change it: make a new webhook.")
    fields.finish()
    present = as_json(webhook)
    url = patch.get("url")
    if isinstance(url, str) and _origin(url) != _origin(webhook.url):
        present["headers"] = {}
    merged = {**present, **patch}
    for name in ("headers", "retry"):
        merged[name] = _merged(present[name], patch.get(name, {}))
    return parse(merged)


def _merged(target: object, patch: object) -> object:
    """Merge the members of an object; those of ours have no objects inside."""
    if not isinstance(patch, Mapping) or not isinstance(target, Mapping):
        return patch
    merged = {**target, **patch}
    return {name: value for name, value in merged.items() if value is not None}


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # No URL at all, as whoever checks it will say.
        return "", url
    return parts.scheme.lower(), parts.netloc.lower()


def _secret(fields: Fields) -> str | None:
    secret = fields.text("secret", longest=TEXT_CHARACTERS)
    if secret is None:
        return None
    try:
        parse_secret(secret)
    except BadSecret as error:
        fields.wrong("secret", f"{error}.")
    return secret


def _headers(fields: Fields) -> Mapping[str, str]:
    headers = fields.record("headers")
    for name, detail in check_headers(headers):
        fields.wrong("headers", detail, name)
    return {name: value for name, value in headers.items() if isinstance(value, str)}


def _events(fields: Fields) -> tuple[str, ...]:
    events = fields.texts("events", most=LIST_ENTRIES)
    if events is None:
        return (EventType.MESSAGE_RECEIVED.value,)
    for index, pattern in enumerate(events):
        if not _names_an_event(pattern):
            known = ", ".join(EventType)
            detail = f"{pattern!r} is no event. Events are {known}, or message.* or *."
            fields.wrong("events", detail, index)
    return events


def _names_an_event(pattern: str) -> bool:
    if pattern.endswith(".*"):
        return any(known.startswith(pattern[:-1]) for known in EventType)
    return pattern == "*" or pattern in set(EventType)


def _signature(fields: Fields) -> Signature:
    name = fields.text("signature", longest=TEXT_CHARACTERS) or Signature.STANDARD
    try:
        return Signature(name)
    except ValueError:
        fields.wrong("signature", f"It is one of {', '.join(Signature)}.")
        return Signature.STANDARD


def _max_age(fields: Fields) -> timedelta | None:
    if fields.is_absent("max_age_s"):
        return None
    return timedelta(seconds=fields.number("max_age_s", 1, 1, AGE_MAX_S))


def _schedule(fields: Fields) -> tuple[int, ...]:
    retry = fields.inner("retry")
    retry.refuse_unknown({"schedule"})
    schedule = retry.integers("schedule", 1, SCHEDULE_MAX_S, most=SCHEDULE_ENTRIES)
    return DEFAULT_SCHEDULE_S if schedule is None else schedule


def _stop_on(fields: Fields) -> tuple[int, ...]:
    statuses = fields.integers("stop_on", 300, 599, most=LIST_ENTRIES)
    return (410,) if statuses is None else statuses


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _seconds(duration: timedelta) -> int | float:
    seconds = duration.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds
