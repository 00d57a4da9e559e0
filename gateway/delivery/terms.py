"""What one may ask of a webhook, and the words for it in JSON.

The same rules hold for a webhook made by request, changed by request (a merge patch is
merged first) or given by configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from gateway.delivery.headers import check_headers
from gateway.delivery.looks import Look, read_look, shown_template
from gateway.domain.fields import ENTRY_CHARACTERS, Fields
from gateway.domain.filters import MAX_FILTER_CHARACTERS, BadFilter, compile_filter
from gateway.domain.model import (
    DEFAULT_SCHEDULE_S,
    EventType,
    Format,
    Ordering,
    RateLimit,
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
RATE_MIN = 0.01  # requests a second
RATE_MAX = 10_000
BURST_MAX = 10_000

# Words that REST hooks have for `url`; of events they name one.
URL_NAMES = ("url", "target_url", "hookUrl")

_EVENT = "event"
_MEMBERS = frozenset(
    {
        "url", "events", "rooms", "types", "from", "filter", "format", "template",
        "content_type", "headers", "secret", "signature", "ordering", "links",
        "replies", "timeout_s", "max_in_flight", "max_age_s", "rate_limit", "retry",
        "stop_on", "active", "description",
    }
)  # fmt: skip
_SUBSCRIPTION = frozenset({*URL_NAMES[1:], _EVENT})


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a webhook, checked.

    Attributes:
        secret: The caller's own secret; `None` to have one minted.
        is_subscription: Whether it was asked for as a REST hook.
        url_at: Where the URL stood, as a JSON Pointer.
    """

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    events: tuple[str, ...]
    rooms: tuple[str, ...] | None
    types: tuple[str, ...] | None
    senders: tuple[str, ...] | None
    filter: str | None
    look: Look
    signature: Signature
    ordering: Ordering
    links: bool
    replies: bool
    timeout: timedelta
    max_in_flight: int
    max_age: timedelta | None
    rate_limit: RateLimit | None
    schedule_s: tuple[int, ...]
    stop_on: tuple[int, ...]
    active: bool
    description: str | None
    is_subscription: bool = False
    url_at: str = field(default="/url", compare=False)

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
            filter=self.filter,
            format=self.look.format,
            template=self.look.template,
            content_type=self.look.content_type,
            signature=self.signature,
            ordering=self.ordering,
            links=self.links,
            replies=self.replies,
            timeout=self.timeout,
            max_in_flight=self.max_in_flight,
            max_age=self.max_age,
            rate_limit=self.rate_limit,
            schedule_s=self.schedule_s,
            stop_on=self.stop_on,
            active=self.active,
            disabled_reason=None if self.active else webhook.disabled_reason,
            description=self.description,
            is_subscription=self.is_subscription or webhook.is_subscription,
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
    return replace(_terms(fields, Format.ENVELOPE), url_at=f"{at}/url")


def parse_amended(body: Mapping[str, object], *, is_subscription: bool) -> Terms:
    """Return what `parse` does, for a webhook that may have been made as a REST hook.

    Raises:
        Invalid: As for `parse`.
    """
    return _terms(Fields(body), Format.FLAT if is_subscription else Format.ENVELOPE)


def parse_request(body: Mapping[str, object]) -> Terms:
    """Return what `parse` does, in the words of REST hooks too.

    Whoever says `target_url` or `hookUrl` for `url`, or names one `event` in place of
    `events`, makes a REST hook; its format is `flat` unless another is asked for.

    Raises:
        Invalid: As for `parse`; a member has two names at once.
    """
    fields = Fields(body)
    fields.refuse_unknown(_MEMBERS | _SUBSCRIPTION)
    url, events = fields.one_of(*URL_NAMES), fields.one_of("events", _EVENT)
    is_subscription = not all(fields.is_absent(name) for name in _SUBSCRIPTION)
    default = Format.FLAT if is_subscription else Format.ENVELOPE
    asked = _terms(fields, default, url=url, events=events)
    return replace(asked, is_subscription=is_subscription, url_at=f"/{url}")


def check_members(body: Mapping[str, object]) -> None:
    """Return if a body has no member but those of a webhook; otherwise `Invalid`."""
    fields = Fields(body)
    fields.refuse_unknown(_MEMBERS)
    if "secret" in body:
        fields.wrong("secret", "POST /webhooks/{id}/rotate-secret changes it.")
    fields.finish()


def _terms(
    fields: Fields, default: Format, *, url: str = "url", events: str = "events"
) -> Terms:
    terms = Terms(
        url=fields.text(url, longest=URL_CHARACTERS, required=True) or "",
        secret=read_secret(fields),
        headers=_headers(fields),
        events=_event(fields) if events == _EVENT else _events(fields),
        rooms=fields.texts("rooms", most=LIST_ENTRIES),
        types=fields.texts("types", most=LIST_ENTRIES),
        senders=fields.texts("from", most=LIST_ENTRIES),
        filter=_filter(fields),
        look=read_look(fields, default),
        signature=fields.choice("signature", Signature.STANDARD),
        ordering=fields.choice("ordering", Ordering.NONE),
        links=fields.truth("links", default=False),
        replies=fields.truth("replies", default=False),
        timeout=timedelta(seconds=fields.number("timeout_s", 15, 1, TIMEOUT_MAX_S)),
        max_in_flight=int(fields.number("max_in_flight", 8, 1, IN_FLIGHT_MAX)),
        max_age=_max_age(fields),
        rate_limit=_rate_limit(fields),
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
        "format": webhook.format.value,
        "template": shown_template(webhook.template),
        "content_type": webhook.content_type,
        "headers": dict(webhook.headers),
        "signature": webhook.signature.value,
        "ordering": webhook.ordering.value,
        "links": webhook.links,
        "replies": webhook.replies,
        "timeout_s": _number(webhook.timeout.total_seconds()),
        "max_in_flight": webhook.max_in_flight,
        "max_age_s": _age(webhook.max_age),
        "rate_limit": _limit(webhook.rate_limit),
        "retry": {"schedule": list(webhook.schedule_s)},
        "stop_on": list(webhook.stop_on),
        "active": webhook.active,
        "description": webhook.description,
    }


def read_secret(fields: Fields) -> str | None:
    """Read the member `secret`; `None` if it is left out."""
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


def _event(fields: Fields) -> tuple[str, ...]:
    event = fields.text(_EVENT, longest=ENTRY_CHARACTERS) or ""
    if event and not _names_an_event(event):
        fields.wrong(_EVENT, _no_event(event))
    return (event,)


def _events(fields: Fields) -> tuple[str, ...]:
    events = fields.texts("events", most=LIST_ENTRIES)
    if events is None:
        return (EventType.MESSAGE_RECEIVED.value,)
    for index, pattern in enumerate(events):
        if not _names_an_event(pattern):
            fields.wrong("events", _no_event(pattern), index)
    return events


def _no_event(name: str) -> str:
    known = ", ".join(EventType)
    return f"{name!r} is no event. Events are {known}, or message.* or *."


def _names_an_event(pattern: str) -> bool:
    if pattern.endswith(".*"):
        return any(known.startswith(pattern[:-1]) for known in EventType)
    return pattern == "*" or pattern in set(EventType)


def _filter(fields: Fields) -> str | None:
    text = fields.text("filter", longest=MAX_FILTER_CHARACTERS)
    if text is None:
        return None
    try:
        compile_filter(text)
    except BadFilter as error:
        fields.wrong("filter", f"{error}.")
    return text


def _max_age(fields: Fields) -> timedelta | None:
    if fields.is_absent("max_age_s"):
        return None
    return timedelta(seconds=fields.number("max_age_s", 1, 1, AGE_MAX_S))


def _rate_limit(fields: Fields) -> RateLimit | None:
    limit = fields.inner("rate_limit")
    if not isinstance(fields.value("rate_limit"), Mapping):  # Found wrong, or absent.
        return None
    limit.refuse_unknown({"per_second", "burst"})
    per_second = limit.quantity("per_second", RATE_MIN, RATE_MAX) or RATE_MAX
    burst = limit.number("burst", max(1, ceil(per_second)), 1, BURST_MAX)
    return RateLimit(per_second, burst)


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


def _limit(limit: RateLimit | None) -> dict[str, object] | None:
    if limit is None:
        return None
    return {"per_second": _number(limit.per_second), "burst": limit.burst}


def _age(age: timedelta | None) -> int | float | None:
    return None if age is None else _number(age.total_seconds())


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
