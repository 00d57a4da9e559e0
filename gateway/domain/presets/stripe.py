"""What happened at Stripe, in a line and with a link to it.

Source: Stripe API reference, "Event object" and "Types of events"; "Supported
currencies" for what an amount is counted in.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.reading import (
    a_line,
    an_object,
    at,
    first_line,
    without_nothing,
)

# Currencies whose amounts are not in hundredths.
_WHOLE: Final = frozenset(
    [
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf"),
        *("vnd", "vuv", "xaf", "xof", "xpf"),
    ]
)
_THOUSANDTHS: Final = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_CURRENCY: Final = re.compile(r"[a-z]{3}", re.ASCII | re.IGNORECASE)
_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_MOST: Final = 10**15  # Of an amount.
_DASHBOARD: Final = "https://dashboard.stripe.com"

_SENTENCES: Final[Mapping[str, str]] = {
    "charge.succeeded": "Payment received",
    "charge.failed": "Payment failed",
    "charge.refunded": "Payment refunded",
    "charge.dispute.created": "Dispute opened",
    "charge.dispute.closed": "Dispute closed",
    "charge.dispute.funds_withdrawn": "Funds withdrawn for a dispute",
    "charge.dispute.funds_reinstated": "Funds returned after a dispute",
    "checkout.session.completed": "Checkout completed",
    "checkout.session.expired": "Checkout expired",
    "checkout.session.async_payment_succeeded": "Payment of a checkout received",
    "checkout.session.async_payment_failed": "Payment of a checkout failed",
    "customer.created": "New customer",
    "customer.deleted": "Customer deleted",
    "customer.subscription.created": "New subscription",
    "customer.subscription.updated": "Subscription changed",
    "customer.subscription.deleted": "Subscription ended",
    "customer.subscription.trial_will_end": "Trial ends soon",
    "invoice.finalized": "Invoice finalized",
    "invoice.paid": "Invoice paid",
    "invoice.payment_succeeded": "Invoice paid",
    "invoice.payment_failed": "Payment of an invoice failed",
    "invoice.payment_action_required": "Payment of an invoice needs the customer",
    "invoice.upcoming": "Invoice coming up",
    "payment_intent.succeeded": "Payment succeeded",
    "payment_intent.payment_failed": "Payment failed",
    "payment_intent.canceled": "Payment canceled",
    "payment_intent.requires_action": "Payment needs the customer",
    "payout.paid": "Payout paid",
    "payout.failed": "Payout failed",
    "radar.early_fraud_warning.created": "Early fraud warning",
    "review.opened": "Review opened",
    "review.closed": "Review closed",
    "balance.available": "Balance available",
    "account.updated": "Account updated",
}

# Which member of an object says how much, by the event and else by what is there.
_AMOUNT_OF: Final[Mapping[str, str]] = {
    "charge.refunded": "amount_refunded",
    "invoice.paid": "amount_paid",
    "invoice.payment_succeeded": "amount_paid",
}
_AMOUNTS: Final = ("amount_total", "amount_due", "amount", "unit_amount")


def said(payload: object) -> str:
    """Return what happened, how much, to whom and why, with a link to the event."""
    kind = a_line(at(payload, "type"))
    about = an_object(at(payload, "data", "object"))
    mode = "[test] " if at(payload, "livemode") is False else ""
    facts = [_amount(kind, about), _who(about), _which(payload, about), _why(about)]
    told = " · ".join(fact for fact in facts if fact)
    line = f"{mode}{_sentence(kind)}" + (f": {told}" if told else "")
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
            "amount": _amount(kind, about),
            "customer": first_line(at(about, "customer", "id"), about.get("customer")),
            "status": a_line(about.get("status")),
            "account": a_line(at(payload, "account")),
            "livemode": livemode if isinstance(livemode, bool) else None,
            "url": _link(payload),
        }
    )


def amount(number: object, currency: object) -> str:
    """Return an amount in the smallest unit of a currency as people write it.

    "" if it is none.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        return ""
    if not isinstance(currency, str):
        return ""
    if abs(number) > _MOST or not _CURRENCY.fullmatch(currency):
        return ""
    name = currency.lower()
    places = 0 if name in _WHOLE else 3 if name in _THOUSANDTHS else 2
    whole, part = divmod(abs(number), 10**places)
    told = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    return f"{'-' if number < 0 else ''}{told} {name.upper()}"


def _sentence(kind: str) -> str:
    known = _SENTENCES.get(kind)
    if known is not None:
        return known
    words = kind.replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else "Stripe event"


def _amount(kind: str, about: Mapping[str, object]) -> str:
    currency = about.get("currency")
    names = (_AMOUNT_OF.get(kind, ""), *_AMOUNTS)
    for name in names:
        told = amount(about.get(name), currency)
        if told:
            return told
    return ""


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
        at(billing, "name"),
        at(about, "customer", "email"),
        at(about, "customer", "id"),
        about.get("customer"),
    )


def _which(payload: object, about: Mapping[str, object]) -> str:
    return first_line(
        about.get("number"), about.get("id"), at(payload, "related_object", "id")
    )


def _why(about: Mapping[str, object]) -> str:
    """Return why it failed, or in which state it is."""
    return first_line(
        about.get("failure_message"),
        at(about, "last_payment_error", "message"),
        at(about, "outcome", "seller_message") if about.get("failure_code") else None,
        about.get("reason"),
        about.get("cancellation_reason"),
        about.get("status") if about.get("object") == "subscription" else None,
    )


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
