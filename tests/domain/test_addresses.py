"""Whom something is for, as people write it."""

import pytest

from gateway.domain.addresses import addresses_of
from gateway.domain.model import Address, AddressKind


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("alice", [(AddressKind.ANY, "alice")]),
        ({"id": "p-1"}, [(AddressKind.ID, "p-1")]),
        ({"name": "alice"}, [(AddressKind.NAME, "alice")]),
        ({"role": "agent"}, [(AddressKind.ROLE, "agent")]),
        (
            ["alice", {"role": "agent"}],
            [(AddressKind.ANY, "alice"), (AddressKind.ROLE, "agent")],
        ),
    ],
)
def test_an_address_is_a_name_or_says_what_it_is(
    to: object, expected: list[tuple[AddressKind, str]]
) -> None:
    """One, or a list of them."""
    found, flaws = addresses_of(to)

    assert found == tuple(Address(kind, value) for kind, value in expected)
    assert not flaws


@pytest.mark.parametrize(
    ("to", "places"),
    [
        ("", [None]),
        ("x" * 1025, [None]),
        (7, [None]),
        ({"nick": "al"}, [None]),
        ({"id": "p", "name": "al"}, [None]),
        ([], [None]),
        (["a"] * 101, [None]),
        (["alice", {"id": 7}, {}], [1, 2]),
        (["alice", "nul\0"], [1]),
        ("\ud800", [None]),
    ],
)
def test_what_is_no_address_is_told_by_its_place(
    to: object, places: list[int | None]
) -> None:
    """Or of the whole, if that is no list of the length that it may have."""
    _, flaws = addresses_of(to)

    assert list(flaws) == places
