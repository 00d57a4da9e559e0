"""Amounts of Stripe as people write them.

Source: Stripe API reference; "Supported currencies" for what an amount is counted in.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.reading import a_line, an_array, at

# Currencies whose amounts are not in hundredths.
_WHOLE: Final = frozenset(
    [
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf"),
        *("vnd", "vuv", "xaf", "xof", "xpf"),
    ]
)
_THOUSANDTHS: Final = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_CURRENCY: Final = re.compile(r"[a-z]{3}", re.ASCII | re.IGNORECASE)
_MOST: Final = 10**15  # Of an amount.
_MAX_BALANCES: Final = 5

# Which member of an object says how much, by the event and else by what is there.
_AMOUNT_OF: Final[Mapping[str, str]] = {
    "charge.captured": "amount_captured",
    "charge.refunded": "amount_refunded",
    "invoice.paid": "amount_paid",
    "invoice.payment_succeeded": "amount_paid",
    "payment_intent.amount_capturable_updated": "amount_capturable",
    "payment_intent.succeeded": "amount_received",
}
_AMOUNTS: Final = ("amount_total", "amount_due", "amount", "unit_amount", "amount_off")
_INTERVALS: Final = frozenset(["day", "week", "month", "year"])


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


def amount_of(kind: str, about: Mapping[str, object]) -> str:
    """Return how much the object of an event of that type is about, "" if unknown.

    Of a part of a charge that was refunded also of how much; of what is paid again and
    again also how often.
    """
    currency = about.get("currency")
    names = (_AMOUNT_OF.get(kind, ""), *_AMOUNTS)
    told = (amount(about.get(name), currency) for name in names)
    much = next(filter(None, told), "")
    if kind == "charge.refunded" and about.get("refunded") is False:
        whole = amount(about.get("amount"), currency)
        return f"{much} of {whole}" if whole else much
    if much:
        return joined_interval(much, about)
    return _of_items(about) or _balances(about.get("available"))


def joined_interval(much: str, price: object) -> str:
    """Return an amount, and how often it is paid if that is known."""
    interval = a_line(at(price, "recurring", "interval")) or a_line(
        at(price, "interval")
    )
    if interval not in _INTERVALS:
        return much
    count = at(price, "recurring", "interval_count") or at(price, "interval_count")
    if isinstance(count, int) and 1 < count <= 1_000:  # noqa: PLR2004 - no true count
        return f"{much} every {count} {interval}s"
    return f"{much} a {interval}"


def _of_items(about: Mapping[str, object]) -> str:
    """Return what a subscription costs, if it is to one thing."""
    items = an_array(at(about, "items", "data"))
    if len(items) != 1:
        return ""
    price = at(items[0], "price") or at(items[0], "plan")
    each, count = at(price, "unit_amount"), at(items[0], "quantity")
    each = at(price, "amount") if each is None else each
    if not isinstance(each, int) or not isinstance(count, int | None):
        return ""
    many = 1 if count is None else count
    if max(abs(each), abs(many)) > _MOST:
        return ""
    much = amount(each * many, at(price, "currency") or about.get("currency"))
    return joined_interval(much, price) if much else ""


def _balances(balances: object) -> str:
    told = [
        amount(at(one, "amount"), at(one, "currency"))
        for one in an_array(balances)[:_MAX_BALANCES]
    ]
    return ", ".join(filter(None, told))
