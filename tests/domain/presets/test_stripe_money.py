"""Amounts of Stripe as people write them."""

import pytest
from hypothesis import given

from gateway.domain.presets import stripe_money
from tests.domain.arriving import json_values

MONTHLY = {"unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month"}}


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
    assert stripe_money.amount(number, currency) == expected


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        ("charge.refunded", {"amount": 500, "amount_refunded": 200}, "2.00 USD"),
        (
            "charge.refunded",
            {"amount": 500, "amount_refunded": 200, "refunded": False},
            "2.00 USD of 5.00 USD",
        ),
        ("charge.captured", {"amount": 500, "amount_captured": 400}, "4.00 USD"),
        ("invoice.paid", {"amount_due": 500, "amount_paid": 0}, "0.00 USD"),
        ("invoice.voided", {"amount_due": 500, "amount_paid": 0}, "5.00 USD"),
        ("payment_intent.succeeded", {"amount": 500}, "5.00 USD"),
        ("price.created", MONTHLY, "10.00 USD a month"),
        (
            "price.created",
            {**MONTHLY, "recurring": {"interval": "month", "interval_count": 3}},
            "10.00 USD every 3 months",
        ),
        ("plan.created", {"amount": 500, "interval": "year"}, "5.00 USD a year"),
        ("plan.created", {"amount": 500, "interval": "eon"}, "5.00 USD"),
        (
            "customer.subscription.created",
            {"items": {"data": [{"price": MONTHLY, "quantity": 3}]}},
            "30.00 USD a month",
        ),
        (
            "customer.subscription.created",
            {"items": {"data": [{"plan": {"amount": 500, "interval": "week"}}]}},
            "5.00 USD a week",
        ),
        (
            "customer.subscription.created",
            {"items": {"data": [{"price": MONTHLY, "quantity": 10**15}]}},
            "",
        ),
        (
            "customer.subscription.created",
            {"items": {"data": [{"price": MONTHLY, "quantity": 10**16}]}},
            "",
        ),
        ("customer.subscription.created", {"items": {"data": [{}, {}]}}, ""),
        (
            "balance.available",
            {"available": [{"amount": 100, "currency": "cad"}, {}, {"amount": 1}]},
            "1.00 CAD",
        ),
    ],
)
def test_an_event_says_how_much(
    kind: str, about: dict[str, object], expected: str
) -> None:
    """Of what it is about, and not of what is beside that; "" if that is not known."""
    assert stripe_money.amount_of(kind, {"currency": "usd", **about}) == expected


@given(
    json_values(
        *("items", "data", "price", "quantity", "amount", "currency", "interval"),
        *("recurring", "available", "interval_count", "refunded"),
    )
)
def test_any_object_has_a_short_amount(about: object) -> None:
    """Or none."""
    members = about if isinstance(about, dict) else {"items": {"data": [about]}}

    assert len(stripe_money.amount_of("charge.refunded", members)) < 200
