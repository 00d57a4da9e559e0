"""Whom something is for, as people write it in JSON."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.fields import NO_TEXT, is_storable
from gateway.domain.model import Address, AddressKind
from gateway.domain.rules import MAX_NAME_CHARACTERS, MAX_RECIPIENTS

_KINDS: Final = {
    "id": AddressKind.ID,
    "name": AddressKind.NAME,
    "role": AddressKind.ROLE,
}
_NO_ADDRESS: Final = 'It should be a name, {"id": …}, {"name": …} or {"role": …}.'


def addresses_of(to: object) -> tuple[tuple[Address, ...], Mapping[int | None, str]]:
    """Return the addresses of a `to`, and what is wrong with it.

    Args:
        to: An address, or a list of 1 to `MAX_RECIPIENTS`.

    Returns:
        The addresses, without those that are none; and of these a sentence each, by
        their places in the list, or `None` for what is wrong with the whole.
    """
    values: Mapping[int | None, object] = {None: to}
    if isinstance(to, list):
        if not 1 <= len(to) <= MAX_RECIPIENTS:
            return (), {None: f"It should have 1 to {MAX_RECIPIENTS} addresses."}
        values = dict(enumerate(to))
    read = {place: _address(value) for place, value in values.items()}
    found = tuple(each for each in read.values() if isinstance(each, Address))
    return found, {at: each for at, each in read.items() if isinstance(each, str)}


def _address(value: object) -> Address | str:
    """Return an address, or why it is none."""
    kind, text = AddressKind.ANY, value
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, text),) = value.items()
        kind = _KINDS.get(key, AddressKind.ANY)
        text = text if key in _KINDS else None
    if not isinstance(text, str) or not 0 < len(text) <= MAX_NAME_CHARACTERS:
        return _NO_ADDRESS
    return Address(kind, text) if is_storable(text) else NO_TEXT
