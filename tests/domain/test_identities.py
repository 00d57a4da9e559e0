"""Identities: what repeats is known, what does not is not."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.domain.filters import BadFilter
from gateway.domain.identities import Identity, check_dedup, identity_of
from gateway.domain.model import Preset, Profile
from tests.domain.arriving import a_source, arrival, json_values

EVENT = {"source": "/a", "id": "1"}


@pytest.mark.parametrize(
    ("profile", "headers", "expected"),
    [
        (Profile.GITHUB, {"x-github-delivery": "72d3-1"}, "github:72d3-1"),
        (Profile.GITLAB, {"idempotency-key": "k-1"}, "gitlab:k-1"),
        (Profile.SHOPIFY, {"x-shopify-webhook-id": "b-5"}, "shopify:b-5"),
        (Profile.STANDARD, {"webhook-id": "msg_1"}, "standard:msg_1"),
        (Profile.STANDARD, {"svix-id": "msg_2"}, "standard:msg_2"),
        (Profile.HMAC, {"webhook-id": "msg_1"}, None),
        (Profile.GITHUB, {}, None),
        (Profile.GITHUB, {"x-github-delivery": " "}, None),
    ],
)
def test_a_header_of_the_provider_identifies(
    profile: Profile, headers: dict[str, str], expected: str | None
) -> None:
    """Where the provider sends one."""
    found = identity_of(a_source(profile=profile), arrival(headers=headers), {})

    assert found == (Identity(expected) if expected else None)


@pytest.mark.parametrize(
    ("preset", "payload", "expected"),
    [
        (Preset.STRIPE, {"id": "evt_1"}, "stripe:evt_1"),
        (Preset.STRIPE, {"id": 5}, None),
        (Preset.STRIPE, [], None),
        (Preset.SLACK, {"event_id": "Ev1"}, "slack:Ev1"),
        (Preset.SLACK, {"text": "hi"}, None),
        (Preset.JSON, {"id": "evt_1"}, None),
        (Preset.MESHAGENT, {"event": "room.started"}, None),
        (Preset.CLOUDEVENTS, [], None),
        (Preset.CLOUDEVENTS, [EVENT, {"id": "2"}], None),
    ],
)
def test_a_member_of_the_provider_identifies(
    preset: Preset, payload: object, expected: str | None
) -> None:
    """Where it is text, in the place where the provider has it."""
    found = identity_of(a_source(preset), arrival(), payload)

    assert found == (Identity(expected) if expected else None)


def test_a_repeat_is_known_for_three_days() -> None:
    """Longer than any provider goes on repeating."""
    found = identity_of(a_source(Preset.STRIPE), arrival(), {"id": "evt_1"})

    assert found is not None
    assert found.window == timedelta(hours=72)


def test_an_alert_is_identified_by_its_bytes_for_ten_minutes() -> None:
    """A repeat has the same bytes; the same alert, firing again, is news after that."""
    source = a_source(Preset.ALERTMANAGER, Profile.BEARER)

    first = identity_of(source, arrival(b'{"a":1}'), {"a": 1})
    again = identity_of(source, arrival(b'{"a":1}'), {"a": 1})
    other = identity_of(source, arrival(b'{"a": 1}'), {"a": 1})

    assert first is not None
    assert first == again != other
    assert first.window == timedelta(minutes=10)


def test_a_cloud_event_is_identified_by_source_and_id() -> None:
    """The two together, wherever one ends and the other begins."""
    source = a_source(Preset.CLOUDEVENTS)

    def of(payload: object) -> Identity | None:
        return identity_of(source, arrival(), payload)

    assert of({**EVENT, "data": 1}) == of({**EVENT, "data": 2}) is not None
    assert of(EVENT) != of({"source": "/a1", "id": ""})
    assert of([EVENT, EVENT]) == of([{**EVENT, "data": 3}, EVENT]) != of(EVENT)


def test_what_gitlab_sets_off_is_no_repeat_of_what_set_it_off() -> None:
    """Webhooks that follow from each other have the same UUID."""
    source = a_source(profile=Profile.GITLAB)
    headers = {"x-gitlab-event-uuid": "u-1"}

    first = identity_of(source, arrival(b"1", headers=headers), 1)
    again = identity_of(source, arrival(b"1", headers=headers), 1)
    second = identity_of(source, arrival(b"2", headers=headers), 2)

    assert first == again is not None
    assert first != second


@pytest.mark.parametrize(
    ("dedup", "expected"),
    [
        ("header:X-Request-Id", "dedup:r-1"),
        ("header:X-Other", None),
        ("order.id", "dedup:o-1"),
        ("order.number", "dedup:17"),
        ("[order.id, order.number]", 'dedup:["o-1",17]'),
        ("missing", None),
        ("order.empty", None),
        ("order.paid", None),  # True of half of all that comes.
        ("length(order.number)", None),
        ("&order", None),
        ("to_number('1e999')", None),
        ("|".join(["[@,@]"] * 50), None),
    ],
)
def test_a_source_can_say_what_identifies(dedup: str, expected: str | None) -> None:
    """A header or a query; where that finds nothing there is no identity."""
    order = {"id": "o-1", "number": 17, "empty": "", "paid": True}
    source = a_source(Preset.STRIPE, dedup=dedup)
    sent = arrival(headers={"x-request-id": "r-1"})

    found = identity_of(source, sent, {"id": "evt_1", "order": order})

    assert found == (Identity(expected) if expected else None)


@pytest.mark.parametrize("value", ["é", "a b", "a\0", "x" * 201, "\n", "\ud800"])
def test_an_odd_identity_is_its_hash(value: str) -> None:
    """What could not stand in a log or a store is told apart all the same."""
    found = identity_of(a_source(Preset.STRIPE), arrival(), {"id": value})

    assert found is not None
    assert found.value.startswith("stripe:sha256:")
    assert found.value.isascii()


@pytest.mark.parametrize("text", ["header:", "header:a b", "header:é", "a b", "f(", ""])
def test_what_identifies_nothing_is_refused(text: str) -> None:
    """Neither the name of a header nor JMESPath."""
    with pytest.raises(BadFilter):
        check_dedup(text)


@pytest.mark.parametrize("text", ["header:X-Id", "id", "data.object.id", "[a, b]"])
def test_what_identifies_is_taken(text: str) -> None:
    """A header's name, or an expression."""
    check_dedup(text)


@given(
    st.sampled_from(list(Preset)),
    st.sampled_from(list(Profile)),
    st.none() | st.sampled_from(["header:x", "id", "@", "*.id", "[]"]),
    json_values("id", "event_id", "source"),
    st.text(max_size=5),
)
def test_any_request_has_a_plain_identity_or_none(
    preset: Preset, profile: Profile, dedup: str | None, payload: object, header: str
) -> None:
    """Nothing that strangers send raises, and the value fits any column."""
    names = ("x", "x-github-delivery", "webhook-id", "idempotency-key")
    sent = arrival(headers=dict.fromkeys(names, header))

    found = identity_of(a_source(preset, profile, dedup), sent, payload)

    if found is not None:
        assert found.value.isascii()
        assert found.value.isprintable()
        assert len(found.value) <= 300
