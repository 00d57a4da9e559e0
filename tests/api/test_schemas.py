"""What a body of /send or /broadcast asks for, or why not."""

from datetime import timedelta

import pytest

from gateway.api.bodies import Body, Limits
from gateway.api.schemas import addresses, broadcast_draft, send_draft
from gateway.bridge.sending import Draft
from gateway.domain.errors import (
    Invalid,
    MalformedJson,
    PayloadTooLarge,
    ReservedType,
)
from gateway.domain.model import Address, AddressKind, Match, OnUnknown

LIMITS = Limits(message=50, attachment=10)


def draft(**fields: object) -> Draft:
    """Return the draft of a JSON body."""
    return send_draft(Body({"to": "alice", "text": "hi"} | fields), LIMITS)


def refusal(fields: dict[str, object], *, typed: bool = True) -> dict[str, str]:
    """Return where a body is refused, and why."""
    with pytest.raises(Invalid) as refused:
        send_draft(Body(fields, typed=typed), LIMITS)
    return {error.pointer: error.detail for error in refused.value.errors}


def test_two_fields_are_enough() -> None:
    """`to` and `text` make a whole message of type chat."""
    asked = draft()

    assert asked == Draft(
        None, (Address(AddressKind.ANY, "alice"),), "chat", '{"text":"hi"}'
    )


def test_every_field_is_taken() -> None:
    """Nothing that a caller says is lost."""
    fields = {
        "to": [{"id": "p-1"}, {"name": "bob"}, {"role": "agent"}],
        "type": "order",
        "message": {"n": [1, None, "é"]},
        "attachment": "YWJj",
        "room": "lobby",
        "match": "all",
        "ttl": 60,
        "await_recipient": True,
        "on_unknown": "retry",
        "ref": "order-17",
    }

    asked = send_draft(Body(fields), LIMITS)

    assert asked == Draft(
        room="lobby",
        to=(
            Address(AddressKind.ID, "p-1"),
            Address(AddressKind.NAME, "bob"),
            Address(AddressKind.ROLE, "agent"),
        ),
        type="order",
        body='{"n":[1,null,"é"]}',
        attachment=b"abc",
        match=Match.ALL,
        ttl=timedelta(seconds=60),
        await_recipient=True,
        on_unknown=OnUnknown.RETRY,
        ref="order-17",
    )


def test_whole_numbers_may_be_written_with_a_point() -> None:
    """To JSON, 60.0 and 60 are one number."""
    asked = draft(ttl=60.0)

    assert asked.ttl == timedelta(seconds=60)


def test_a_form_says_the_same_in_text() -> None:
    """Numbers, booleans and the message are read out of a form's text."""
    fields = {
        "to": ["alice", "bob"],
        "message": '{"n":1}',
        "ttl": "60",
        "await_recipient": "true",
    }
    body = Body(fields, {"attachment": b"\xff"}, typed=False)

    asked = send_draft(body, LIMITS)

    assert asked.body == '{"n":1}'
    assert asked.ttl == timedelta(seconds=60)
    assert asked.await_recipient
    assert asked.attachment == b"\xff"
    assert asked.to is not None
    assert len(asked.to) == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"to": None}, "/to"),
        ({"to": ""}, "/to"),
        ({"to": 7}, "/to"),
        ({"to": []}, "/to"),
        ({"to": ["x"] * 101}, "/to"),
        ({"to": {"id": "a", "name": "b"}}, "/to"),
        ({"to": {"email": "a"}}, "/to"),
        ({"to": ["alice", {"id": 7}]}, "/to/1"),
        ({"to": [["alice"]]}, "/to/0"),
        ({"text": 7}, "/text"),
        ({"message": {}}, "/text"),
        ({"text": None}, "/message"),
        ({"text": None, "message": []}, "/message"),
        ({"type": ""}, "/type"),
        ({"type": "a\x00b"}, "/type"),
        ({"ref": "a\nb"}, "/ref"),
        ({"ttl": -1}, "/ttl"),
        ({"ttl": 86_401}, "/ttl"),
        ({"ttl": "60"}, "/ttl"),
        ({"ttl": 1.5}, "/ttl"),
        ({"ttl": True}, "/ttl"),
        ({"match": "some"}, "/match"),
        ({"await_recipient": 1}, "/await_recipient"),
        ({"on_unknown": "panic"}, "/on_unknown"),
        ({"attachment": "not base64"}, "/attachment"),
        ({"room": ""}, "/room"),
    ],
)
def test_what_breaks_a_rule_is_pointed_at(
    change: dict[str, object], pointer: str
) -> None:
    """Every wrong field is named by its JSON Pointer."""
    places = refusal({"to": "alice", "text": "hi"} | change)

    assert list(places) == [pointer]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """One answer is enough to mend a request."""
    places = refusal({"text": "hi", "ttl": -1, "colour": "red"})

    assert set(places) == {"/to", "/ttl", "/colour"}


def test_one_of_very_many_unknown_fields_is_told() -> None:
    """To list half a million of them would hold up everybody else."""
    places = refusal({"to": "alice", "text": "hi"} | {f"a/{n}": n for n in range(500)})

    assert places == {
        "/a~10": "There is no such field, nor most of the 502 that are given.",
    }


def test_all_bad_addresses_are_told_at_once() -> None:
    """Each of a list's bad addresses is pointed at."""
    with pytest.raises(Invalid) as refused:
        addresses(["alice", 1, "bob", {}])

    assert [error.pointer for error in refused.value.errors] == ["/to/1", "/to/3"]


def test_what_rooms_say_themselves_cannot_be_said() -> None:
    """A reserved type is a refusal of its own."""
    with pytest.raises(ReservedType):
        draft(type="participant.enabled")


def test_a_message_over_the_limit_is_refused() -> None:
    """The message is measured in bytes of compact UTF-8."""
    assert draft(text="é" * 19).body

    with pytest.raises(PayloadTooLarge) as refused:
        draft(text="é" * 20)

    assert refused.value.facts == {"limit": 50}


def test_an_attachment_over_the_limit_is_refused() -> None:
    """Eleven bytes are more than ten."""
    with pytest.raises(PayloadTooLarge):
        draft(attachment="YWFhYWFhYWFhYWE=")


def test_a_message_with_a_number_beyond_json_is_malformed() -> None:
    """Infinity cannot be said to others."""
    with pytest.raises(MalformedJson):
        draft(text=None, message={"n": float("inf")})


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"to": "a", "message": "[1]"}, "/message"),
        ({"to": "a", "text": "b", "ttl": "soon"}, "/ttl"),
    ],
)
def test_a_form_is_checked_too(fields: dict[str, object], pointer: str) -> None:
    """Text in a form must be what it stands for."""
    places = refusal(fields, typed=False)

    assert list(places) == [pointer]


def test_a_forms_message_must_be_json() -> None:
    """Broken JSON in a field is malformed like a broken body."""
    with pytest.raises(MalformedJson):
        send_draft(Body({"to": "a", "message": "{"}, typed=False), LIMITS)


def test_a_file_is_only_ever_the_attachment() -> None:
    """A file under another name would be silently lost."""
    body = Body({"to": "a", "text": "b"}, {"photo": b"x"}, typed=False)

    with pytest.raises(Invalid, match="/photo"):
        send_draft(body, LIMITS)


def test_an_attachment_is_given_once() -> None:
    """Base64 and a file at once are refused."""
    body = Body(
        {"to": "a", "text": "b", "attachment": "YQ=="},
        {"attachment": b"x"},
        typed=False,
    )

    with pytest.raises(Invalid, match="/attachment"):
        send_draft(body, LIMITS)


def test_a_broadcast_is_for_everybody() -> None:
    """It has no addresses."""
    asked = broadcast_draft(Body({"text": "hi", "ttl": 0, "room": "lobby"}), LIMITS)

    assert asked == Draft("lobby", None, "chat", '{"text":"hi"}', ttl=timedelta())


def test_a_broadcast_takes_no_addresses() -> None:
    """`to` in a broadcast is refused, not ignored."""
    with pytest.raises(Invalid, match="/to"):
        broadcast_draft(Body({"text": "hi", "to": "alice"}), LIMITS)
