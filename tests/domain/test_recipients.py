"""Whom an address means, and what becomes of a message by its recipients."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.domain.model import Address, AddressKind, Match, MessageStatus
from gateway.domain.recipients import (
    Present,
    Trouble,
    aggregate,
    nearest_first,
    resolve,
)
from tests.fakes.clock import NOON

ALICE = Present("p-1", "alice", "user", {}, NOON)
BOB = Present("p-2", "bob", "agent", {}, NOON + timedelta(seconds=1))
OLD_BOB = Present("p-3", "bob", "user", {}, NOON)
ODD = Present("p-4", "p-1", "user", {}, NOON)  # named as another is identified
EVERYBODY = (ALICE, BOB, OLD_BOB, ODD)


@pytest.mark.parametrize(
    ("kind", "value", "match", "found"),
    [
        (AddressKind.ANY, "alice", Match.ONE, (ALICE,)),
        (AddressKind.ANY, "p-1", Match.ONE, (ALICE,)),
        (AddressKind.ANY, "p-1", Match.ALL, (ALICE,)),
        (AddressKind.NAME, "p-1", Match.ONE, (ODD,)),
        (AddressKind.ID, "alice", Match.ONE, Trouble.ABSENT),
        (AddressKind.ANY, "Alice", Match.ONE, Trouble.ABSENT),
        (AddressKind.ANY, "bob", Match.ONE, Trouble.AMBIGUOUS),
        (AddressKind.ANY, "bob", Match.FIRST, (OLD_BOB,)),
        (AddressKind.ANY, "bob", Match.ALL, (BOB, OLD_BOB)),
        (AddressKind.ROLE, "agent", Match.ONE, (BOB,)),
        (AddressKind.ROLE, "user", Match.ALL, (ALICE, OLD_BOB, ODD)),
        (AddressKind.ROLE, "nobody", Match.ALL, Trouble.ABSENT),
        (AddressKind.ANY, "", Match.ALL, Trouble.ABSENT),
    ],
)
def test_an_address_means_an_id_then_a_name(
    kind: AddressKind, value: str, match: Match, found: tuple[Present, ...] | Trouble
) -> None:
    """Exactly, and an id before a name that looks like it."""
    assert resolve(Address(kind, value), match, EVERYBODY) == found


@pytest.mark.parametrize(
    ("sender", "found"),
    [
        (("p-2", "bob", "agent"), (BOB,)),
        (("p-2", "bob", "user"), (BOB,)),  # the id, whatever they are called now
        (("gone", "bob", "user"), (OLD_BOB,)),
        (("gone", "bob", "guest"), Trouble.ABSENT),
        (("gone", "bob", None), Trouble.AMBIGUOUS),
        (("gone", "p-1", "user"), (ODD,)),
        (("gone", "alice", "user"), (ALICE,)),
        (("gone", "carol", "user"), Trouble.ABSENT),
    ],
)
def test_a_sender_is_their_id_then_their_name_and_role(
    sender: tuple[str, str, str | None], found: tuple[Present, ...] | Trouble
) -> None:
    """Another of that name is not them if the role is another."""
    address = Address(AddressKind.SENDER, *sender)

    assert resolve(address, Match.ONE, EVERYBODY) == found


def test_names_most_like_the_wanted_one_come_first() -> None:
    """Whatever their case, and the others follow by the alphabet."""
    people = [
        Present("1", name, "user", {}, NOON)
        for name in ("zoe", "Alice", "bob", "alcie", None, "bob")
    ]

    assert nearest_first("ALICE", people) == ["Alice", "alcie", "bob", "zoe"]


@given(st.lists(st.text(max_size=6), max_size=8), st.text(max_size=6))
def test_every_name_is_listed_once(names: list[str], wanted: str) -> None:
    """Near or not, and whatever two names have in common."""
    people = [Present(str(n), name, "user", {}, NOON) for n, name in enumerate(names)]

    listed = nearest_first(wanted, people)

    assert sorted(listed) == sorted({name for name in names if name})


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        (("sent", "sent"), "sent"),
        (("sent", "sending", "failed"), "sending"),
        (("queued", "sent"), "queued"),
        (("queued", "sending"), "sending"),
        (("sent", "failed"), "partial"),
        (("sent", "unknown"), "partial"),
        (("unknown", "failed"), "unknown"),
        (("failed", "failed"), "failed"),
        (("expired", "expired"), "expired"),
        (("expired", "failed"), "failed"),
        (("cancelled",), "cancelled"),
    ],
)
def test_a_message_is_what_its_shares_are(
    statuses: tuple[str, ...], whole: str
) -> None:
    """Open while any is, then whole, partial, or what befell them."""
    shares = [MessageStatus(status) for status in statuses]

    assert aggregate(shares) == whole
    assert aggregate(reversed(shares)) == whole
