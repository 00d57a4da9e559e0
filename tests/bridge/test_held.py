"""What is open is counted, and there is not too much of it."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from gateway.bridge.entry import Entry
from gateway.bridge.held import DispatchOptions, Held
from gateway.domain.errors import QueueFull
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import NOON, FakeClock


def an_entry(id_: str = "msg_2") -> Entry:
    """Return the entry of a message of 13 bytes."""
    return Entry(replace(OUTGOING, id=id_), b"", 1, FakeClock().now)


async def test_what_is_added_is_found_and_counted() -> None:
    """By its id, until it is let go."""
    held, entry = Held(DispatchOptions()), an_entry()

    held.add(entry)

    assert (len(held), held.bytes, held.oldest) == (1, 13, NOON)
    assert held.find("msg_2") is entry


async def test_what_is_let_go_no_longer_counts() -> None:
    """Nor are its bytes kept."""
    held, entry = Held(DispatchOptions()), an_entry()
    held.add(entry)

    held.discard(entry)
    held.discard(entry)

    assert (len(held), held.bytes, held.oldest) == (0, 0, None)
    assert entry.attachment is None


async def test_a_former_entry_does_not_take_its_successor_along() -> None:
    """A message that was retried has another."""
    held, former, entry = Held(DispatchOptions()), an_entry(), an_entry()
    held.add(entry)

    held.discard(former)

    assert held.find("msg_2") is entry


@pytest.mark.parametrize(
    ("size", "messages", "fits"),
    [(7, 1, True), (8, 1, False), (0, 2, True), (0, 3, False)],
)
async def test_a_full_outbox_takes_nothing(
    size: int, messages: int, *, fits: bool
) -> None:
    """Full by number or by bytes, all that is to come counted together."""
    held = Held(DispatchOptions(max_messages=3, max_bytes=20))
    held.add(an_entry())

    with nullcontext() if fits else pytest.raises(QueueFull, match="13 bytes"):
        held.refuse_if_full(size, messages)
