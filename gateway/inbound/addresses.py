"""Whom a source's messages are for, as its maker says it."""

from gateway.domain.addresses import addresses_of
from gateway.domain.fields import Fields
from gateway.domain.model import Address, AddressKind


def read_addresses(fields: Fields) -> tuple[Address, ...] | None:
    """Read `to` or `broadcast`, of which there is one; `None` for everybody."""
    to, broadcast = fields.value("to"), fields.truth("broadcast", default=False)
    if to is None:
        if not broadcast:
            fields.wrong("to", 'Say whom it is for: `to`, or "broadcast": true.')
        return None
    if broadcast:
        fields.wrong("broadcast", "`to` says already whom it is for: give one of them.")
    found, flaws = addresses_of(to)
    for place, flaw in flaws.items():
        fields.wrong("to", flaw, *([] if place is None else [place]))
    return found


def shown_addresses(to: tuple[Address, ...] | None) -> object:
    """Return addresses as one writes them; `None` for everybody."""
    if to is None:
        return None
    shown = [_shown(address) for address in to]
    return shown[0] if len(shown) == 1 else shown


def _shown(address: Address) -> object:
    if address.kind is AddressKind.ANY:
        return address.value
    return {address.kind.value: address.value}
