"""What happened at Stripe, in a line and with a link to it.

Source: Stripe API reference, "Event object" and the objects of its types.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from gateway.domain.presets.reading import (
    a_line,
    an_array,
    an_object,
    at,
    first_line,
    without_nothing,
)
from gateway.domain.presets.stripe_money import amount_of
from gateway.domain.presets.stripe_words import sentence

_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_SHOWN_ID: Final = 40  # Characters; longer ones are for machines.
_LAST_MOMENT: Final = 4_102_444_800  # 2100-01-01, in seconds since 1970.
_MAX_CHANGES: Final = 4
_WARNING: Final = "radar.early_fraud_warning"
_DASHBOARD: Final = "https://dashboard.stripe.com"

# What is told of a day, by the type of the event: words for it, and where it is.
_DAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "charge.dispute.created": ("answer by", ("evidence_details", "due_by")),
    "charge.dispute.updated": ("answer by", ("evidence_details", "due_by")),
    "customer.subscription.trial_will_end": ("until", ("trial_end",)),
    "customer.subscription.updated": ("ends on", ("cancel_at",)),
    "invoice.finalized": ("due on", ("due_date",)),
    "invoice.overdue": ("was due on", ("due_date",)),
    "invoice.payment_failed": ("next attempt on", ("next_payment_attempt",)),
    "invoice.sent": ("due on", ("due_date",)),
    "invoice.upcoming": ("on", ("next_payment_attempt",)),
    "invoice.will_be_due": ("due on", ("due_date",)),
    "payout.created": ("arrives on", ("arrival_date",)),
}
# Objects whose state says more than the type of the event.
_STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "capability": ("status",),
    "checkout.session": ("payment_status",),
    "dispute": ("status",),
    "mandate": ("status",),
    "refund": ("status",),
    "subscription": ("status",),
}
_AS_EXPECTED: Final = frozenset(
    ["paid", "no_payment_required", "succeeded", "needs_response"]
)
# Objects whose description somebody wrote for people.
_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "charge": ("description",),
    "coupon": ("name",),
    "invoice": ("description",),
    "invoiceitem": ("description",),
    "payment_intent": ("description",),
    "payment_link": ("url",),
    "plan": ("nickname",),
    "price": ("nickname",),
    "product": ("name",),
    "promotion_code": ("code",),
    "subscription": ("description",),
    "tax_rate": ("display_name",),
    "transfer": ("description",),
}


def said(payload: object) -> str:
    """Return what happened, how much, to whom and why, with a link to the event.

    At most 3 000 characters.
    """
    kind = a_line(at(payload, "type"))
    about = an_object(at(payload, "data", "object"))
    mode = "[test] " if at(payload, "livemode") is False else ""
    facts = (
        *(amount_of(kind, about), _what(about), _who(about), _card(about)),
        *(_why(about), _state(kind, payload, about), _day(kind, about)),
        *(_changes(kind, payload), _which(payload, about)),
    )
    told = " · ".join(fact for fact in facts if fact)
    line = f"{mode}{sentence(kind)}" + (f": {told}" if told else "")
    url = _link(payload)
    return f"{line}\n{url}" if url else line


def facts(payload: object) -> dict[str, object]:
    """Return the event, what it is about, how much and in which mode."""
    about = an_object(at(payload, "data", "object"))
    kind = a_line(at(payload, "type"))
    livemode = at(payload, "livemode")
    return without_nothing(
        {
            "event": kind,
            "id": a_line(at(payload, "id")),
            "object": a_line(about.get("object")),
            "object_id": first_line(
                about.get("id"), at(payload, "related_object", "id")
            ),
            "amount": amount_of(kind, about),
            "customer": first_line(at(about, "customer", "id"), about.get("customer")),
            "status": a_line(about.get("status")),
            "account": a_line(at(payload, "account")),
            "livemode": livemode if isinstance(livemode, bool) else None,
            "url": _link(payload),
        }
    )


def _who(about: Mapping[str, object]) -> str:
    """Return the customer: an address of mail rather than a name, that than an id."""
    details = about.get("customer_details")
    billing = about.get("billing_details")
    is_customer = about.get("object") in ("customer", "account")
    return first_line(
        at(details, "email"),
        about.get("customer_email"),
        about.get("receipt_email"),
        at(billing, "email"),
        about.get("email") if is_customer else None,
        at(details, "name"),
        about.get("customer_name"),
        about.get("name") if is_customer else None,
        at(billing, "name"),
        at(about, "customer", "email"),
        at(about, "customer", "id"),
        about.get("customer"),
    )


def _what(about: Mapping[str, object]) -> str:
    """Return what it is called, or what was bought."""
    names = _NAMED.get(a_line(about.get("object")), ())
    named = first_line(*(about.get(name) for name in names), limit=80)
    lines = an_array(at(about, "lines", "data"))
    bought = a_line(at(lines[0], "description"), 80) if len(lines) == 1 else ""
    return named or bought


def _card(about: Mapping[str, object]) -> str:
    """Return which card it is about, if it is about one and nothing else."""
    kind = about.get("object")
    card = about.get("card") if kind == "payment_method" else about
    last = a_line(at(card, "last4"), 4)
    if kind not in ("payment_method", "card") or not last:
        return ""
    month, year = at(card, "exp_month"), at(card, "exp_year")
    until = f", {month}/{year}" if _is_count(month) and _is_count(year) else ""
    return f"{a_line(at(card, 'brand'), 40) or 'card'} ending in {last}{until}"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**4


def _which(payload: object, about: Mapping[str, object]) -> str:
    ids = (
        about.get("number"),
        about.get("charge") if about.get("object") == _WARNING else None,
        about.get("id"),
        at(payload, "related_object", "id"),
    )
    told = first_line(*ids)
    return told if len(told) <= _SHOWN_ID else ""


def _why(about: Mapping[str, object]) -> str:
    """Return why it failed, or why it was done."""
    errors = ("last_payment_error", "last_setup_error", "last_finalization_error")
    said = first_line(
        about.get("failure_message"),
        *(at(about, error, "message") for error in errors),
        at(about, "outcome", "seller_message") if about.get("failure_code") else None,
    )
    names = ("failure_reason", "closed_reason", "reason", "fraud_type")
    reasons = (about.get(name) for name in (*names, "cancellation_reason"))
    return said or _spaced(first_line(*reasons))


def _state(kind: str, payload: object, about: Mapping[str, object]) -> str:
    """Return in which state it is, and in which it was if that has changed."""
    names = _STATES.get(a_line(about.get("object")), ())
    state = first_line(*(about.get(name) for name in names), limit=60)
    before = first_line(
        *(at(payload, "data", "previous_attributes", name) for name in names), limit=60
    )
    if before and state:
        return f"{_spaced(before)} → {_spaced(state)}"
    is_said = state in _AS_EXPECTED or kind.endswith(f".{state}")
    return "" if is_said else _spaced(state)


def _changes(kind: str, payload: object) -> str:
    """Return what of an object is new, by name."""
    before = an_object(at(payload, "data", "previous_attributes"))
    names = (_spaced(a_line(name, 40)) for name in before if name != "status")
    first = list(islice(names, _MAX_CHANGES + 1))
    if not kind.endswith(".updated") or not first:
        return ""
    more = ["…"] if len(first) > _MAX_CHANGES else []
    return "changed: " + ", ".join([*first[:_MAX_CHANGES], *more])


def _day(kind: str, about: Mapping[str, object]) -> str:
    """Return when something is going to be, or to be done, in UTC."""
    words, path = _DAYS.get(kind, ("", ()))
    moment = at(about, *path) if path else None
    if isinstance(moment, bool) or not isinstance(moment, int):
        return ""
    if not 0 < moment < _LAST_MOMENT:
        return ""
    return f"{words} {datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _link(payload: object) -> str:
    event, account = at(payload, "id"), at(payload, "account")
    if not isinstance(event, str) or not _ID.fullmatch(event):
        return ""
    parts = [_DASHBOARD]
    if isinstance(account, str) and _ID.fullmatch(account):
        parts.append(account)
    if at(payload, "livemode") is False:
        parts.append("test")
    return "/".join([*parts, "events", event])
