"""Stripe in words: amounts as people write them, and what it was about."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.presets import stripe
from tests.domain.arriving import json_values

NAMES = ("type", "data", "object", "id", "amount", "currency", "customer", "livemode")
SUBSCRIPTION = {"object": "subscription", "status": "active"}


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
                    "refunded": False,
                    "currency": "eur",
                    "billing_details": {"email": None, "name": "Jenny"},
                },
            ),
            "Payment refunded: 15.00 EUR of 50.00 EUR · Jenny · ch_1",
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
            "Payment failed: Card declined. · pi_2",
        ),
        (
            event(
                "customer.subscription.updated",
                {"object": "subscription", "id": "sub_1", "status": "past_due"},
            ),
            "Subscription changed: past due · sub_1",
        ),
        (
            event(
                "charge.dispute.created",
                {
                    "object": "dispute",
                    "id": "du_1",
                    "amount": 1000,
                    "currency": "usd",
                    "reason": "not_received",
                    "status": "needs_response",
                    "evidence_details": {"due_by": 1_680_651_737},
                },
            ),
            "Dispute opened: 10.00 USD · not received · answer by 2023-04-04 · du_1",
        ),
        (
            event(
                "charge.dispute.closed",
                {"object": "dispute", "id": "du_1", "status": "lost"},
            ),
            "Dispute closed: lost · du_1",
        ),
        (
            event(
                "invoice.paid",
                {
                    "object": "invoice",
                    "number": "F-7",
                    "amount_paid": 2000,
                    "currency": "jpy",
                    "lines": {"data": [{"description": "Pro plan"}]},
                },
            ),
            "Invoice paid: 2,000 JPY · Pro plan · F-7",
        ),
        (
            event(
                "checkout.session.completed",
                {
                    "object": "checkout.session",
                    "id": "cs_test_" + "a" * 58,
                    "amount_total": 2198,
                    "currency": "kwd",
                    "payment_status": "unpaid",
                },
            ),
            "Checkout completed: 2.198 KWD · unpaid",
        ),
        (
            event("refund.failed", {"object": "refund", "status": "failed"}),
            "Refund failed",
        ),
        (
            event(
                "payment_method.attached",
                {
                    "object": "payment_method",
                    "id": "pm_1",
                    "card": {
                        "brand": "visa",
                        "last4": "4242",
                        "exp_month": 8,
                        "exp_year": 2027,
                    },
                },
            ),
            "Payment method attached: visa ending in 4242, 8/2027 · pm_1",
        ),
        (
            event("customer.created", {"object": "customer", "name": "Jenny"}),
            "New customer: Jenny",
        ),
        (event("tax_rate.created", {"id": "txr_1"}), "Tax rate created: txr_1"),
        (
            {"id": "evt_1", "type": "v1.billing.meter.no_meter_found"},
            "Billing meter no meter found",
        ),
        ({}, "Stripe event"),
    ],
)
def test_an_event_is_a_line(payload: dict[str, object], expected: str) -> None:
    """What happened, how much, who, which, and why; what is not known is left out."""
    assert stripe.said(payload).partition("\n")[0] == expected


@pytest.mark.parametrize(
    ("kind", "before", "expected"),
    [
        ("customer.subscription.updated", {"status": "trialing"}, "trialing → active"),
        (
            "customer.subscription.updated",
            {"cancel_at": None, "items": {}},
            "active · changed: cancel at, items",
        ),
        (
            "customer.subscription.updated",
            dict.fromkeys("abcde"),
            "active · changed: a, b, c, d, …",
        ),
        ("customer.subscription.created", {"items": {}}, "active"),
    ],
)
def test_what_changed_is_told_by_name(
    kind: str, before: dict[str, object], expected: str
) -> None:
    """Of the state also what it was; of the rest no values, some are private."""
    payload = event(kind, None)
    payload["data"] = {"object": SUBSCRIPTION, "previous_attributes": before}

    told = stripe.said(payload).partition("\n")[0]

    assert told.partition(": ")[2] == expected


@pytest.mark.parametrize("moment", [True, "1680651737", -1, 10**12, None, {}])
def test_a_day_that_is_none_is_not_told(moment: object) -> None:
    """It might be any number."""
    payload = event("customer.subscription.updated", {"cancel_at": moment})

    assert "ends on" not in stripe.said(payload)


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
        assert len(text) <= 3_000
        assert isinstance(stripe.facts(payload), dict)
