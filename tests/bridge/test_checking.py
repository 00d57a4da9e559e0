"""What is refused of a batch is refused with all that is wrong in it."""

from datetime import timedelta

import pytest

from gateway.bridge.checking import joined, targets
from gateway.domain.errors import (
    FieldError,
    GatewayError,
    Invalid,
    RecipientNotFound,
    RoomUnavailable,
)
from tests.bridge.conftest import Scene, a_draft, to

ABSENT = FieldError("/to", "nobody here")
AWAY = "the room is away"
HELD = timedelta(seconds=300)


def absent() -> GatewayError:
    """Return a refusal for want of a recipient."""
    return RecipientNotFound("nobody here", errors=[ABSENT], facts={"present": []})


async def test_whom_a_draft_means_is_known_by_address(ready: Scene) -> None:
    """Each with the index of the address that says so, and nobody twice."""
    ready.link.arrive("bob")

    found = targets(a_draft(to=to("bob", "alice", "bob")), ready.link, HELD)

    assert found is not None
    assert [(index, one.name) for index, one in found] == [(0, "bob"), (1, "alice")]


async def test_nobody_is_known_while_the_room_is_away(scene: Scene) -> None:
    """Names are resolved when it is back."""
    assert targets(a_draft(), scene.link, HELD) is None


async def test_what_is_not_to_be_held_is_refused_while_it_is(scene: Scene) -> None:
    """The caller would rather know."""
    with pytest.raises(RoomUnavailable, match="ttl is 0"):
        targets(a_draft(), scene.link, timedelta())


def test_each_bad_message_of_a_batch_is_named() -> None:
    """By a pointer into the batch."""
    second = Invalid("bad", errors=[FieldError("/to/1", "bad"), FieldError("", "odd")])

    error = joined([(0, absent()), (3, second)], 5)

    assert isinstance(error, RecipientNotFound)
    assert [each.pointer for each in error.errors] == [
        "/messages/0/to",
        "/messages/3/to/1",
        "/messages/3",
    ]
    assert error.detail.startswith("2 of 5 messages are refused, so none was taken")
    assert error.facts == {"present": []}


def test_what_is_for_the_sender_to_mend_goes_first() -> None:
    """A repeat would be refused again."""
    error = joined([(0, RoomUnavailable(AWAY)), (1, absent())], 2)

    assert isinstance(error, RecipientNotFound)
    assert [each.pointer for each in error.errors] == ["/messages/0", "/messages/1/to"]
    assert error.errors[0].detail == AWAY


def test_a_batch_that_can_be_repeated_says_so() -> None:
    """When nothing else is wrong with it."""
    error = joined([(1, RoomUnavailable(AWAY, retry_after_s=7))], 2)

    assert isinstance(error, RoomUnavailable)
    assert error.retry_after_s == 7
