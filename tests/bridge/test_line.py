"""The line keeps the order of acceptance, whoever steps out and back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.entry import Entry, unresolved
from gateway.bridge.line import Line, lined_up
from gateway.domain.model import MessageStatus, OutgoingMessage, Step, StepKind
from tests.bridge.conftest import to
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import NOON, FakeClock


def entry(order: int, *names: str, sending: bool = False) -> Entry:
    """Return an entry at a place of the order, to some names."""
    addresses = to(*names or ("alice",))
    message = OutgoingMessage(
        id=f"msg_{order}",
        room="lobby",
        type="chat",
        body="{}",
        to=addresses,
        created_at=OUTGOING.created_at,
        ttl=OUTGOING.ttl,
        expires_at=OUTGOING.expires_at,
        recipients=unresolved(addresses),
        status=MessageStatus.SENDING if sending else MessageStatus.QUEUED,
    )
    return Entry(message, None, order, FakeClock().now)


async def test_an_entry_takes_its_place_by_its_order() -> None:
    """What is to be written again goes before what was accepted later."""
    line = Line()

    for order in (3, 1, 2):
        line.insert(entry(order))

    assert [each.order for each in line] == [1, 2, 3]


async def test_an_entry_that_is_inserted_again_stands_there_once() -> None:
    """Wherever it stood before."""
    line, one = Line(), entry(1)
    line.insert(one)
    line.park(one)

    line.insert(one)

    assert (len(line), line.parked) == (1, [])


async def test_an_entry_that_stands_nowhere_can_be_discarded() -> None:
    """It makes no difference."""
    line, other = Line(), entry(2)
    line.insert(other)

    line.discard(entry(1))

    assert line.head is other


@pytest.mark.parametrize("parked", [True, False])
async def test_an_entry_is_discarded_wherever_it_stands(*, parked: bool) -> None:
    """Alone it goes, and with it what it held."""
    line, one, other = Line(), entry(1), entry(2)
    line.insert(one)
    line.insert(other)
    if parked:
        line.park(one)

    line.discard(one)

    assert (line.head, line.parked) == (other, [])
    assert not line.held(entry(9, "alice"))


async def test_parked_entries_hold_their_addresses_alone() -> None:
    """Others pass."""
    line = Line()
    line.park(entry(1, "alice", "bob"))

    assert line.held(entry(9, "carol", "bob")) == {*to("bob")}
    assert not line.held(entry(9, "carol"))


async def test_nobody_is_held_by_what_is_behind_them() -> None:
    """What was accepted first is said first, or fails first."""
    line = Line()
    line.park(entry(2, "bob"))

    assert not line.held(entry(1, "bob"))
    assert line.held(entry(3, "bob"))


async def test_an_address_is_held_until_the_last_that_holds_it_moves() -> None:
    """Two wait for bob."""
    line, first, second = Line(), entry(1, "bob"), entry(2, "bob", "bob")
    line.park(first)
    line.park(second)

    line.discard(second)
    still = line.held(entry(9, "bob"))
    line.discard(first)

    assert still == {*to("bob")}
    assert not line.held(entry(9, "bob"))


async def test_what_is_behind_a_waiting_entry_waits_with_it() -> None:
    """Unless it has something to say to others, too."""
    line = Line()
    waiting, partly, free = entry(1, "bob"), entry(2, "bob", "carol"), entry(4, "dan")
    behind = entry(3, "bob")
    for each in (waiting, partly, behind, free):
        line.park(each)

    line.release(lambda each, held: each is waiting or held >= {*each.addresses})

    assert (list(line), line.parked) == ([partly, free], [waiting, behind])


async def test_what_is_released_goes_to_its_place() -> None:
    """Between what was accepted before and after it."""
    line, parked = Line(), entry(2, "bob")
    line.park(parked)
    line.insert(entry(1))
    line.insert(entry(3))

    line.release(lambda _, __: False)

    assert [each.order for each in line] == [1, 2, 3]
    assert not line.held(entry(9, "bob"))


async def test_a_newcomer_is_clear_behind_what_is_on_its_way() -> None:
    """Nothing that is yet to be looked at stands before it."""
    line = Line()
    empty = line.is_clear(to("alice"))
    line.insert(entry(1, sending=True))
    moving = line.is_clear(to("alice"))
    line.insert(entry(2))

    assert (empty, moving, line.is_clear(to("alice"))) == (True, True, False)


async def test_a_newcomer_is_not_clear_of_a_parked_entry_of_its_address() -> None:
    """It would be said before what was accepted first."""
    line = Line()
    line.park(entry(1, "bob"))

    assert line.is_clear(to("alice"))
    assert not line.is_clear(to("bob"))


def test_what_was_retried_stands_behind_what_was_accepted_by_then() -> None:
    """As it did before the restart; of several, in the order of the retries."""

    def accepted(id_: str, second: int, retried: int | None = None) -> OutgoingMessage:
        at = NOON + timedelta(seconds=second)
        steps: tuple[Step, ...] = (Step(at, StepKind.QUEUED, "room"),)
        if retried is not None:
            moment = NOON + timedelta(seconds=retried)
            steps += (Step(moment, StepKind.RETRIED),)
        return replace(OUTGOING, id=id_, created_at=at, steps=steps)

    messages = [
        accepted("a", 1, retried=9),
        accepted("b", 2, retried=3),
        accepted("c", 3),
        accepted("d", 4),
        accepted("e", 5, retried=8),
    ]

    line = [message.id for message in lined_up(messages)]

    assert line == ["b", "c", "d", "e", "a"]
