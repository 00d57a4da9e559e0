"""Messages as rows and back."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given, strategies as st

from gateway.bridge.entry import unresolved
from gateway.domain.model import (
    Address,
    AddressKind,
    MessageError,
    MessageStatus,
    Recipient,
    Sender,
    Step,
    StepKind,
)
from gateway.storage.message_rows import (
    CHANGED,
    COMMON,
    IN,
    MESSAGE,
    OUT,
    SEPARATOR,
    message_of,
    outgoing_of,
    row_of_change,
    row_of_incoming,
    row_of_outgoing,
)
from tests.domain.nouns import INCOMING, OUTGOING

PLAIN = [kind for kind in AddressKind if kind is not AddressKind.SENDER]
ADDRESSES = st.builds(Address, st.sampled_from(PLAIN), st.text()) | st.builds(
    Address,
    st.just(AddressKind.SENDER),
    st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
)
ERRORS = st.none() | st.builds(
    MessageError, st.text(), st.text(), st.none() | st.integers()
)
RECIPIENTS = st.builds(
    Recipient,
    to=st.integers(0, 99),
    name=st.none() | st.text(),
    participant_id=st.none() | st.text(),
    status=st.sampled_from(MessageStatus),
    attempts=st.integers(0, 9),
    error=ERRORS,
)
STEPS = st.builds(
    Step,
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(StepKind),
    st.none() | st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
)


@given(
    to=st.none() | st.lists(ADDRESSES).map(tuple),
    recipients=st.lists(RECIPIENTS).map(tuple),
    error=ERRORS,
    steps=st.lists(STEPS).map(tuple),
)
def test_an_outgoing_message_comes_back(
    to: tuple[Address, ...] | None,
    recipients: tuple[Recipient, ...],
    error: MessageError | None,
    steps: tuple[Step, ...],
) -> None:
    """Whoever it is for, and whatever became of it, is read as it was written."""
    message = replace(
        OUTGOING, to=to, recipients=recipients, error=error, steps=steps, position=5
    )

    assert outgoing_of(row_of_outgoing(message, 5)) == message


@pytest.mark.parametrize("error", [MessageError("room_rejected", "no", 2**64), None])
def test_what_the_quick_writer_of_json_refuses_comes_back(
    error: MessageError | None,
) -> None:
    """Half of a surrogate pair, and an integer of any size, are kept as well."""
    recipient = Recipient(0, "\ud83c", "p-1", MessageStatus.FAILED, error=error)
    message = replace(OUTGOING, recipients=(recipient,), error=error, position=5)

    assert outgoing_of(row_of_outgoing(message, 5)) == message


def test_an_address_is_kept_as_it_always_was() -> None:
    """Only a sender's has more to it; rows of former versions are read as these."""
    message = replace(
        OUTGOING,
        to=(
            Address(AddressKind.ANY, "bob"),
            Address(AddressKind.SENDER, "p-1", "alice", "user"),
        ),
    )

    row = dict(zip(OUT, row_of_outgoing(message, 5), strict=True))

    assert row["addresses"] == '[["any","bob"],["sender","p-1","alice","user"]]'


def test_a_reply_is_found_by_the_name_of_its_recipient() -> None:
    """Also before it is known where they are."""
    sender = Address(AddressKind.SENDER, "p-1", "alice", "user")
    message = replace(OUTGOING, to=(sender,), recipients=unresolved((sender,)))

    row = dict(zip(OUT, row_of_outgoing(message, 5), strict=True))

    assert f"{SEPARATOR}alice{SEPARATOR}" in str(row["names"])


@pytest.mark.parametrize("name", [None, "", "é 🎈"])
def test_a_received_message_comes_back(name: str | None) -> None:
    """Who said it is read as it was written, a missing name included."""
    message = replace(INCOMING, sender=Sender("p-1", name, None), seq=3)
    row = row_of_incoming(message, 5, 3)

    found = message_of((*row, *(None for _ in OUT[len(COMMON) :])))

    assert len(row) == len(IN)
    assert found == message


def test_a_change_is_a_part_of_the_row() -> None:
    """What a change writes is what the whole row would have there."""
    message = replace(OUTGOING, status=MessageStatus.SENT, present=3, event_id="evt_1")
    whole = dict(zip(OUT, row_of_outgoing(message, 1), strict=True))

    change = dict(zip((*CHANGED, "id"), row_of_change(message), strict=True))

    assert change.items() <= whole.items()


def test_a_row_from_before_there_were_steps_has_none() -> None:
    """Nothing is written for none, and nothing is read as none."""
    row = row_of_outgoing(OUTGOING, 5)

    assert row[OUT.index("steps")] is None
    assert outgoing_of(row).steps == ()


def test_every_column_is_read_once() -> None:
    """The columns of both directions together have no name twice."""
    assert len(set(MESSAGE)) == len(MESSAGE)


@pytest.mark.parametrize(
    ("name", "names"),
    [("alice", ["alice"]), (None, ["alice"]), ("Alice", ["alice", "Alice"])],
)
def test_a_name_that_is_written_as_it_is_stands_there_once(
    name: str | None, names: list[str]
) -> None:
    """So it is with nearly every message, which is for one."""
    recipient = Recipient(0, name, "p-1", MessageStatus.SENT)
    message = replace(OUTGOING, recipients=(recipient,))

    row = dict(zip(OUT, row_of_outgoing(message, 1), strict=True))

    assert row["names"] == SEPARATOR + SEPARATOR.join(names) + SEPARATOR


def test_names_are_those_written_and_those_resolved() -> None:
    """A message is found by each address as written and each recipient's name."""
    recipient = Recipient(0, "Alice", "p-1", MessageStatus.SENT)
    message = replace(OUTGOING, recipients=(recipient, recipient))

    row = dict(zip(OUT, row_of_outgoing(message, 1), strict=True))

    assert row["names"] == SEPARATOR + SEPARATOR.join(["alice", "Alice"]) + SEPARATOR
