"""Stripe in words: amounts as people write them, and what it was about."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.presets import stripe
from tests.domain.arriving import json_values

NAMES = ("type", "data", "object", "id", "amount", "currency", "customer", "livemode")


def event(kind: str, about: object, **more: object) -> dict[str, object]:
    """Return an event of that type about something."""
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "livemode": True,
        "data": {"object": about},
        **more,
    }


@pytest.mark.parametrize(
    ("number", "currency", "expected"),
    [
        (1999, "usd", "19.99 USD"),
        (5, "eur", "0.05 EUR"),
        (123456789, "eur", "1,234,567.89 EUR"),
        (5000, "jpy", "5,000 JPY"),
        (1234, "kwd", "1.234 KWD"),
        (-250, "usd", "-2.50 USD"),
        (0, "usd", "0.00 USD"),
        (1.5, "usd", ""),
        (True, "usd", ""),
        (10**20, "usd", ""),
        (1, "dollars", ""),
        (1, None, ""),
    ],
)
def test_an_amount_has_the_places_of_its_currency(
    number: object, currency: object, expected: str
) -> None:
    """Stripe counts in the smallest unit, which is not always a hundredth."""
    assert stripe.amount(number, currency) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            event(
                "payment_intent.succeeded",
                {
                    "id": "pi_1",
                    "amount": 2000,
                    "currency": "usd",
                    "receipt_email": "jenny@example.com",
                },
            ),
            "Payment succeeded: 20.00 USD · jenny@example.com · pi_1",
        ),
        (
            event(
                "charge.refunded",
                {
                    "id": "ch_1",
                    "amount": 5000,
                    "amount_refunded": 1500,
                    "currency": "eur",
                    "billing_details": {"email": None, "name": "Jenny"},
                },
            ),
            "Payment refunded: 15.00 EUR · Jenny · ch_1",
        ),
        (
            event(
                "invoice.payment_failed",
                {
                    "id": "in_1",
                    "number": "A-7",
                    "amount_due": 900,
                    "currency": "usd",
                    "customer": "cus_1",
                },
            ),
            "Payment of an invoice failed: 9.00 USD · cus_1 · A-7",
        ),
        (
            event(
                "payment_intent.payment_failed",
                {"id": "pi_2", "last_payment_error": {"message": "Card\ndeclined."}},
            ),
            "Payment failed: pi_2 · Card declined.",
        ),
        (
            event(
                "customer.subscription.updated",
                {"object": "subscription", "id": "sub_1", "status": "past_due"},
            ),
            "Subscription changed: sub_1 · past_due",
        ),
        (event("tax_rate.created", {"id": "txr_1"}), "Tax rate created: txr_1"),
        (
            {"id": "evt_1", "type": "v1.billing.meter.no_meter_found"},
            "V1 billing meter no meter found",
        ),
        ({}, "Stripe event"),
    ],
)
def test_an_event_is_a_line(payload: dict[str, object], expected: str) -> None:
    """What happened, how much, who, which, and why; what is not known is left out."""
    assert stripe.said(payload).partition("\n")[0] == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "https://dashboard.stripe.com/events/evt_1"),
        ({"livemode": False}, "https://dashboard.stripe.com/test/events/evt_1"),
        (
            {"account": "acct_1", "livemode": False},
            "https://dashboard.stripe.com/acct_1/test/events/evt_1",
        ),
        ({"id": "../../evil"}, ""),
    ],
)
def test_the_link_leads_to_the_event(more: dict[str, object], expected: str) -> None:
    """In the mode and the account that it is of."""
    payload = event("invoice.paid", {}, **more)

    assert stripe.facts(payload).get("url", "") == expected
    assert stripe.said(payload).partition("\n")[2] == expected


def test_a_test_is_told_as_one() -> None:
    """Nobody should be glad of money that is none."""
    payload = event("invoice.paid", {}, livemode=False)

    assert stripe.said(payload).startswith("[test] Invoice paid")
    assert stripe.facts(payload)["livemode"] is False


def test_the_facts_are_those_of_the_event() -> None:
    """An agent finds the ids without reading the text."""
    about = {
        "object": "charge",
        "id": "ch_1",
        "amount": 100,
        "currency": "usd",
        "customer": {"id": "cus_1"},
        "status": "succeeded",
    }

    assert stripe.facts(event("charge.succeeded", about)) == {
        "event": "charge.succeeded",
        "id": "evt_1",
        "object": "charge",
        "object_id": "ch_1",
        "amount": "1.00 USD",
        "customer": "cus_1",
        "status": "succeeded",
        "livemode": True,
        "url": "https://dashboard.stripe.com/events/evt_1",
    }


@given(st.sampled_from(["charge.refunded", "x.y"]) | st.text(), json_values(*NAMES))
def test_any_event_has_a_short_text(kind: str, about: object) -> None:
    """Whatever stands where, there is something to say."""
    for payload in (about, event(kind, about), {"data": about, "type": kind}):
        text = stripe.said(payload)

        assert text.strip()
        assert len(text) <= 2_000
        assert isinstance(stripe.facts(payload), dict)
