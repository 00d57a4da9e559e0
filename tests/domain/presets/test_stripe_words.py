"""What Stripe's types of events are called."""

import pytest

from gateway.domain.presets import stripe_words


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("invoice.payment_failed", "Payment of an invoice failed"),
        ("v1.charge.dispute.created", "Dispute opened"),
        ("v2.core.account_link.returned", "Core account link returned"),
        ("tax_rate.created", "Tax rate created"),
        ("", "Stripe event"),
        ("._.", "Stripe event"),
    ],
)
def test_a_type_is_a_sentence(kind: str, expected: str) -> None:
    """One that is new to us is told in its own words."""
    assert stripe_words.sentence(kind) == expected
