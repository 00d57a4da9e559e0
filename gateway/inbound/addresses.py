"""Whom a source's messages are for, as its maker says it."""

from collections.abc import Mapping

from gateway.domain.fields import Fields
from gateway.domain.model import Address, AddressKind
from gateway.domain.rules import MAX_NAME_CHARACTERS, MAX_RECIPIENTS

_KINDS = {"id": AddressKind.ID, "name": AddressKind.NAME, "role": AddressKind.ROLE}
_NO_ADDRESS = 'It should be a name, {"id": …}, {"name": …} or {"role": …}.'
_NO_TEXT = "It has NUL or half of a surrogate pair, which is no text."


def read_addresses(fields: Fields) -> tuple[Address, ...] | None:
    """Read `to` or `broadcast`, of which there is one; `None` for everybody."""
    to, broadcast = fields.value("to"), fields.truth("broadcast", default=False)
    if to is None:
        if not broadcast:
            fields.wrong("to", 'Say whom it is for: `to`, or "broadcast": true.')
        return None
    if broadcast:
        fields.wrong("broadcast", "`to` says already whom it is for: give one of them.")
    if not isinstance(to, list):
        return _addresses(fields, [to], is_list=False)
    if not 1 <= len(to) <= MAX_RECIPIENTS:
        fields.wrong("to", f"It should have 1 to {MAX_RECIPIENTS} addresses.")
        return None
    return _addresses(fields, to, is_list=True)


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


def _addresses(
    fields: Fields, values: list[object], *, is_list: bool
) -> tuple[Address, ...]:
    found = []
    for index, value in enumerate(values):
        address, flaw = _address(value)
        if flaw is not None:
            fields.wrong("to", flaw, *([index] if is_list else []))
        found.append(address)
    return tuple(found)


def _address(value: object) -> tuple[Address, str | None]:
    kind, text = AddressKind.ANY, value
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, text),) = value.items()
        kind = _KINDS.get(key, AddressKind.ANY)
        text = text if key in _KINDS else None
    if not isinstance(text, str) or not 0 < len(text) <= MAX_NAME_CHARACTERS:
        return Address(kind, ""), _NO_ADDRESS
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text):
        return Address(kind, ""), _NO_TEXT
    return Address(kind, text), None
