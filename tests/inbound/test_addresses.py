"""Whom a source's messages are for."""

from collections.abc import Mapping

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import Address
from gateway.inbound.addresses import read_addresses, shown_addresses


def read(body: Mapping[str, object]) -> tuple[Address, ...] | None:
    """Return the addresses of a body."""
    fields = Fields(body)
    found = read_addresses(fields)
    fields.finish()
    return found


@pytest.mark.parametrize(
    "to",
    [
        *("alice", {"id": "p-1"}, {"name": "alice"}, {"role": "agent"}),
        ["alice", {"role": "agent"}],
    ],
)
def test_addresses_are_shown_as_they_were_written(to: object) -> None:
    """One by itself, several as a list."""
    assert shown_addresses(read({"to": to})) == to


def test_everybody_has_to_be_meant() -> None:
    """Nobody is told everything by having forgotten to say whom to tell."""
    assert read({"broadcast": True}) is None
    assert read({"broadcast": True, "to": None}) is None
    assert read({"broadcast": False, "to": "alice"}) is not None
    for body in ({}, {"broadcast": False}, {"to": None}):
        with pytest.raises(Invalid):
            read(body)


def test_one_of_both_is_given() -> None:
    """`to` and `broadcast` contradict each other."""
    with pytest.raises(Invalid) as caught:
        read({"to": "alice", "broadcast": True})

    assert caught.value.errors[0].pointer == "/broadcast"


@pytest.mark.parametrize(
    ("to", "pointer"), [(7, "/to"), (["alice", {"id": 7}], "/to/1")]
)
def test_what_is_no_address_is_pointed_at(to: object, pointer: str) -> None:
    """Each by its place."""
    with pytest.raises(Invalid) as caught:
        read({"to": to})

    assert [error.pointer for error in caught.value.errors] == [pointer]
