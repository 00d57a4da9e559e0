"""What Stripe's types of events are called by people.

Source: Stripe API reference, "Types of events".
"""

from collections.abc import Mapping
from typing import Final

_VERSIONS: Final = ("v1.", "v2.")  # Of events that have no object in them.

_SENTENCES: Final[Mapping[str, str]] = {
    "account.application.authorized": "An app was given access to the account",
    "account.application.deauthorized": "An app has no access to the account any more",
    "account.updated": "Account updated",
    "balance.available": "Balance available",
    "billing_portal.session.created": "Customer opened the billing portal",
    "charge.captured": "Payment captured",
    "charge.dispute.closed": "Dispute closed",
    "charge.dispute.created": "Dispute opened",
    "charge.dispute.funds_reinstated": "Funds returned after a dispute",
    "charge.dispute.funds_withdrawn": "Funds withdrawn for a dispute",
    "charge.dispute.updated": "Dispute updated",
    "charge.expired": "Payment was not captured in time",
    "charge.failed": "Payment failed",
    "charge.pending": "Payment pending",
    "charge.refund.updated": "Refund updated",
    "charge.refunded": "Payment refunded",
    "charge.succeeded": "Payment received",
    "checkout.session.async_payment_failed": "Payment of a checkout failed",
    "checkout.session.async_payment_succeeded": "Payment of a checkout received",
    "checkout.session.completed": "Checkout completed",
    "checkout.session.expired": "Checkout expired",
    "customer.created": "New customer",
    "customer.deleted": "Customer deleted",
    "customer.discount.created": "Customer got a discount",
    "customer.discount.deleted": "Discount of a customer ended",
    "customer.source.expiring": "Card of a customer expires soon",
    "customer.subscription.created": "New subscription",
    "customer.subscription.deleted": "Subscription ended",
    "customer.subscription.paused": "Subscription paused",
    "customer.subscription.resumed": "Subscription resumed",
    "customer.subscription.trial_will_end": "Trial ends soon",
    "customer.subscription.updated": "Subscription changed",
    "invoice.created": "Invoice drafted",
    "invoice.finalization_failed": "Invoice could not be finalized",
    "invoice.finalized": "Invoice finalized",
    "invoice.marked_uncollectible": "Invoice given up as uncollectible",
    "invoice.overdue": "Invoice overdue",
    "invoice.paid": "Invoice paid",
    "invoice.payment_action_required": "Payment of an invoice needs the customer",
    "invoice.payment_failed": "Payment of an invoice failed",
    "invoice.payment_succeeded": "Invoice paid",
    "invoice.upcoming": "Invoice coming up",
    "invoice.will_be_due": "Invoice due soon",
    "invoiceitem.created": "Item for an invoice added",
    "invoiceitem.deleted": "Item for an invoice removed",
    "payment_intent.amount_capturable_updated": "Payment can be captured",
    "payment_intent.canceled": "Payment canceled",
    "payment_intent.created": "Payment begun",
    "payment_intent.partially_funded": "Payment partly funded",
    "payment_intent.payment_failed": "Payment failed",
    "payment_intent.processing": "Payment is being processed",
    "payment_intent.requires_action": "Payment needs the customer",
    "payment_intent.succeeded": "Payment succeeded",
    "payout.created": "Payout on its way",
    "payout.failed": "Payout failed",
    "payout.paid": "Payout paid",
    "radar.early_fraud_warning.created": "Early fraud warning",
    "radar.early_fraud_warning.updated": "Early fraud warning updated",
    "refund.created": "Refund begun",
    "review.closed": "Review closed",
    "review.opened": "Review opened",
    "setup_intent.setup_failed": "Payment method could not be set up",
    "setup_intent.succeeded": "Payment method set up",
}


def sentence(kind: str) -> str:
    """Return what happened, by the type of an event; of a new one its own words."""
    for version in _VERSIONS:
        kind = kind.removeprefix(version)
    known = _SENTENCES.get(kind)
    if known is not None:
        return known
    words = kind.replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else "Stripe event"
