"""A batch is judged whole: every place of every message that is wrong is named."""

import pytest

from gateway.api.batch_bodies import batch_drafts, within
from gateway.api.bodies import Limits
from gateway.domain.errors import (
    FieldError,
    Invalid,
    MalformedJson,
    NotFound,
    PayloadTooLarge,
    QueueFull,
    Rejected,
    ReservedType,
)
from gateway.domain.model import Address, AddressKind

LIMITS = Limits(message=100, attachment=10)
GOOD = {"to": "alice", "text": "hi"}


def refused(*messages: object) -> Rejected:
    """Return the refusal of a batch of these messages."""
    with pytest.raises(Rejected) as caught:
        batch_drafts({"messages": list(messages)}, LIMITS)
    return caught.value


def pointers(error: Rejected) -> list[str]:
    """Return the places that a refusal names."""
    return [each.pointer for each in error.errors]


def test_each_is_a_send_or_a_broadcast() -> None:
    """Whichever it is, by whether it says for whom it is."""
    one, all_ = batch_drafts(
        {"messages": [GOOD, {"text": "hi all", "ttl": 5}]},
        LIMITS,
        key_id="key_1",
        traceparent="00-1",
    )

    assert one.to == (Address(AddressKind.ANY, "alice"),)
    assert (one.key_id, one.traceparent) == ("key_1", "00-1")
    assert (all_.to, all_.body) == (None, '{"text":"hi all"}')


def test_every_bad_field_of_every_message_is_named() -> None:
    """One round is enough to mend them all."""
    error = refused(
        GOOD,
        {"to": {"nick": "a"}, "txt": "hi", "ttl": -1, "type": "dismiss"},
        {"to": ["alice", ""], "text": "a", "message": {}},
        {"text": "a", "match": "one"},
        {"to": "alice", "text": "a", "attachment": "???"},
        7,
    )

    assert type(error) is Invalid
    assert set(pointers(error)) == {
        "/messages/1/to",
        "/messages/1/txt",
        "/messages/1/ttl",
        "/messages/1/type",
        "/messages/1/message",
        "/messages/2/to/1",
        "/messages/2/text",
        "/messages/3/match",
        "/messages/4/attachment",
        "/messages/5",
    }
    assert len(pointers(error)) == 10
    assert error.detail.startswith("/messages/1/")
    assert "(9 more)" in error.detail


def test_refusals_of_one_kind_keep_their_kind() -> None:
    """A caller that goes by `code` learns most from it."""
    reserved = {"to": "alice", "text": "a", "type": "dismiss"}
    large = {"to": "alice", "text": "x" * 101}

    several = refused(reserved, GOOD, reserved)
    too_large = refused(large)

    assert type(several) is ReservedType
    assert pointers(several) == ["/messages/0/type", "/messages/2/type"]
    assert type(too_large) is PayloadTooLarge
    assert (pointers(too_large), too_large.facts) == (["/messages/0"], {"limit": 100})


def test_an_attachment_is_held_to_its_limit_in_each() -> None:
    """As it would be by itself."""
    error = refused(GOOD, {**GOOD, "attachment": "A" * 20})

    assert type(error) is PayloadTooLarge
    assert (pointers(error), error.facts) == (["/messages/1"], {"limit": 10})


def test_a_number_that_json_cannot_hold_is_named_too() -> None:
    """Its message is; there is no pointer to the number."""
    error = refused({"message": {"n": float("inf")}})

    assert type(error) is MalformedJson
    assert pointers(error) == ["/messages/0"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/messages"),
        ({"messages": []}, "/messages"),
        ({"messages": [GOOD] * 101}, "/messages"),
        ({"messages": GOOD}, "/messages"),
        ({"messages": [GOOD], "room": "lobby"}, "/room"),
    ],
)
def test_a_batch_is_a_list_of_one_to_a_hundred(
    body: dict[str, object], pointer: str
) -> None:
    """And nothing else is beside it."""
    with pytest.raises(Invalid) as caught:
        batch_drafts(body, LIMITS)

    assert pointers(caught.value) == [pointer]


def test_a_refusal_gets_its_place_and_keeps_its_facts() -> None:
    """One without a place of its own is one of the whole message."""
    placed = within(Invalid("no", errors=[FieldError("/room", "no room")]), 3)
    whole = within(NotFound("gone", facts={"what": "room"}), 0)

    assert placed.errors == (FieldError("/messages/3/room", "no room"),)
    assert whole.errors == (FieldError("/messages/0", "gone"),)
    assert whole.facts == {"what": "room"}


def test_what_is_nobodys_fault_has_no_place() -> None:
    """The outbox is full for all of them."""
    full = QueueFull("The outbox is full.")

    assert within(full, 3) is full
