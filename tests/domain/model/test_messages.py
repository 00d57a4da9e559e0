"""Messages: what follows from what they hold."""

from dataclasses import FrozenInstanceError, replace

import pytest

from gateway.domain.model import Address, AddressKind, EventType, MessageStatus
from tests.domain.nouns import INCOMING, OUTGOING


@pytest.mark.parametrize("status", MessageStatus)
def test_only_what_waits_or_is_under_way_is_not_final(status: MessageStatus) -> None:
    """Queued and sending messages go on by themselves; all others have ended."""
    unfinished = {MessageStatus.QUEUED, MessageStatus.SENDING}

    assert status.is_final is (status not in unfinished)


def test_every_final_status_has_its_event() -> None:
    """The log can tell of each way in which a message ends."""
    final = {f"message.{status}" for status in MessageStatus if status.is_final}

    assert final <= {event_type.value for event_type in EventType}


def test_a_message_to_nobody_in_particular_is_a_broadcast() -> None:
    """No address at all means everybody."""
    assert not OUTGOING.is_broadcast
    assert replace(OUTGOING, to=None).is_broadcast


def test_nouns_do_not_change() -> None:
    """A noun is a value; another state is another value."""
    with pytest.raises(FrozenInstanceError):
        OUTGOING.status = MessageStatus.SENT  # type: ignore[misc]  # the very claim


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (Address(AddressKind.ANY, "alice"), "alice"),
        (Address(AddressKind.NAME, "alice"), "alice"),
        (Address(AddressKind.SENDER, "p-1", "alice", "user"), "alice"),
        (Address(AddressKind.ID, "p-1"), None),
        (Address(AddressKind.ROLE, "agent"), None),
    ],
)
def test_an_address_may_tell_a_name(address: Address, name: str | None) -> None:
    """Ids and roles name nobody."""
    assert address.known_name == name


def test_what_was_erased_says_nothing_any_more() -> None:
    """Of either direction; an empty message is not an erased one."""
    assert replace(INCOMING, body="null").is_erased
    assert replace(OUTGOING, body="null").is_erased
    assert not replace(INCOMING, body="{}").is_erased
    assert not OUTGOING.is_erased
