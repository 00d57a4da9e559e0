"""What is asked of a webhook is checked whole, and nothing is silently ignored."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.delivery import terms
from gateway.domain.errors import Invalid
from gateway.domain.model import (
    DEFAULT_SCHEDULE_S,
    Format,
    Ordering,
    RateLimit,
    Signature,
)
from tests.fakes.delivering import a_webhook

URL = "https://example.com/hook"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=8,
)
MEMBERS = [*sorted(terms.as_json(a_webhook())), "secret", "hookUrl", "event", "name"]


def pointers(body: Mapping[str, object]) -> list[str]:
    """Return where a body is wrong."""
    with pytest.raises(Invalid) as caught:
        terms.parse(body)
    return [error.pointer for error in caught.value.errors]


def test_a_url_is_enough() -> None:
    """All that is left out has the default of the contract."""
    asked = terms.parse({"url": URL})

    assert asked.events == ("message.received",)
    assert asked.timeout == timedelta(seconds=15)
    assert asked.schedule_s == DEFAULT_SCHEDULE_S
    assert (asked.max_in_flight, asked.stop_on, asked.active) == (8, (410,), True)
    assert asked.signature is Signature.STANDARD


def test_null_is_the_default() -> None:
    """Every member but `url` may be null, which is as if it were left out."""
    nulls: dict[str, object] = dict.fromkeys(MEMBERS[:-1])

    asked = terms.parse_request({**nulls, "url": URL})

    assert asked == terms.parse({"url": URL})


def test_what_is_shown_can_be_asked_for() -> None:
    """A webhook's terms, asked for again, make the same webhook."""
    webhook = a_webhook(
        events=("message.*", "room.gap"),
        rooms=("lobby",),
        types=("chat",),
        senders=("Zoë",),
        filter="data.message.urgent",
        format=Format.CLOUDEVENTS,
        ordering=Ordering.SENDER,
        links=True,
        replies=True,
        rate_limit=RateLimit(0.5, 3),
        headers={"Authorization": "Bearer x"},
        signature=Signature.GITHUB,
        timeout=timedelta(seconds=3),
        max_in_flight=64,
        max_age=timedelta(hours=1),
        schedule_s=(1, 2),
        stop_on=(400, 404),
        description="To the pager.",
    )

    asked = terms.parse(terms.as_json(webhook))

    assert asked.applied_to(a_webhook()) == webhook


def test_the_terms_of_a_rate_limit_have_a_burst() -> None:
    """Left out it is `per_second` rounded up, and at least one."""
    limits = [
        terms.parse({"url": URL, "rate_limit": {"per_second": rate}}).rate_limit
        for rate in (0.01, 2.5, 40)
    ]

    assert limits == [RateLimit(0.01, 1), RateLimit(2.5, 3), RateLimit(40, 40)]


def test_a_bad_filter_is_refused_with_its_place() -> None:
    """The sentence says at which character it stops being a filter."""
    with pytest.raises(Invalid, match="at character 7") as caught:
        terms.parse({"url": URL, "filter": "data.[["})

    assert [error.pointer for error in caught.value.errors] == ["/filter"]


class TestRestHook:
    """Automation tools have words of their own for a webhook."""

    @pytest.mark.parametrize("name", ["target_url", "hookUrl"])
    def test_a_url_of_another_name_makes_a_subscription(self, name: str) -> None:
        """Its format is flat, and it remembers what it is."""
        asked = terms.parse_request({name: URL, "event": "room.gap"})

        webhook = asked.applied_to(a_webhook())
        assert (webhook.url, webhook.events) == (URL, ("room.gap",))
        assert (webhook.format, webhook.is_subscription) == (Format.FLAT, True)
        assert asked.url_at == f"/{name}"

    def test_another_format_may_be_asked_for(self) -> None:
        """`flat` is the default alone."""
        asked = terms.parse_request({"target_url": URL, "format": "envelope"})

        assert asked.look.format is Format.ENVELOPE

    def test_plain_words_make_no_subscription(self) -> None:
        """A null is as good as nothing."""
        asked = terms.parse_request({"url": URL, "target_url": None, "event": None})

        assert asked == terms.parse({"url": URL})

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/url"),
            ({"url": URL, "target_url": URL}, "/target_url"),
            ({"target_url": URL, "hookUrl": URL}, "/hookUrl"),
            ({"hookUrl": 1}, "/hookUrl"),
            ({"url": URL, "events": ["*"], "event": "room.gap"}, "/event"),
            ({"url": URL, "event": "nothing"}, "/event"),
            ({"url": URL, "event": ["room.gap"]}, "/event"),
        ],
    )
    def test_two_words_for_one_thing_are_refused(
        self, body: Mapping[str, object], pointer: str
    ) -> None:
        """Which of the two would hold is not left to guessing."""
        with pytest.raises(Invalid) as caught:
            terms.parse_request(body)

        assert [error.pointer for error in caught.value.errors] == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": 1}, "/url"),
        ({"url": "x" * 2049}, "/url"),
        ({"url": URL, "target_url": URL}, "/target_url"),
        ({"url": URL, "a/b~c": 1}, "/a~1b~0c"),
        ({"url": URL, "events": []}, "/events"),
        ({"url": URL, "events": "message.received"}, "/events"),
        ({"url": URL, "events": ["message.received", "mess*"]}, "/events/1"),
        ({"url": URL, "events": ["messages.*"]}, "/events/0"),
        ({"url": URL, "rooms": ["lobby", 1]}, "/rooms/1"),
        ({"url": URL, "from": [""]}, "/from/0"),
        ({"url": URL, "types": ["\ud800"]}, "/types/0"),
        ({"url": URL, "types": ["a\x00"]}, "/types/0"),
        ({"url": URL, "description": "\x00"}, "/description"),
        ({"url": URL, "signature": "md5"}, "/signature"),
        ({"url": URL, "format": "xml"}, "/format"),
        ({"url": URL, "ordering": 1}, "/ordering"),
        ({"url": URL, "ordering": ["none"]}, "/ordering"),
        ({"url": URL, "links": 0}, "/links"),
        ({"url": URL, "replies": "yes"}, "/replies"),
        ({"url": URL, "filter": ""}, "/filter"),
        ({"url": URL, "filter": "x" * 1001}, "/filter"),
        ({"url": URL, "filter": "nothing(@)"}, "/filter"),
        ({"url": URL, "rate_limit": 5}, "/rate_limit"),
        ({"url": URL, "rate_limit": {}}, "/rate_limit/per_second"),
        ({"url": URL, "rate_limit": {"per_second": 0}}, "/rate_limit/per_second"),
        ({"url": URL, "rate_limit": {"per_second": True}}, "/rate_limit/per_second"),
        ({"url": URL, "rate_limit": {"per_second": 1e5}}, "/rate_limit/per_second"),
        (
            {"url": URL, "rate_limit": {"per_second": float("nan")}},
            "/rate_limit/per_second",
        ),
        (
            {"url": URL, "rate_limit": {"per_second": 1, "burst": 0}},
            "/rate_limit/burst",
        ),
        ({"url": URL, "rate_limit": {"per_second": 1, "per": 2}}, "/rate_limit/per"),
        ({"url": URL, "timeout_s": 0}, "/timeout_s"),
        ({"url": URL, "timeout_s": 31}, "/timeout_s"),
        ({"url": URL, "timeout_s": True}, "/timeout_s"),
        ({"url": URL, "max_in_flight": 257}, "/max_in_flight"),
        ({"url": URL, "max_in_flight": 1.5}, "/max_in_flight"),
        ({"url": URL, "max_age_s": 0}, "/max_age_s"),
        ({"url": URL, "retry": []}, "/retry"),
        ({"url": URL, "retry": {"schedule": []}}, "/retry/schedule"),
        ({"url": URL, "retry": {"schedule": [1] * 31}}, "/retry/schedule"),
        ({"url": URL, "retry": {"schedule": [5, 0]}}, "/retry/schedule/1"),
        ({"url": URL, "retry": {"schedule": [172_801]}}, "/retry/schedule/0"),
        ({"url": URL, "retry": {"max": 3}}, "/retry/max"),
        ({"url": URL, "stop_on": [200]}, "/stop_on/0"),
        ({"url": URL, "active": "yes"}, "/active"),
        ({"url": URL, "description": ""}, "/description"),
        ({"url": URL, "secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"url": URL, "headers": {"Host": "x"}}, "/headers/Host"),
    ],
)
def test_each_rule_points_at_what_breaks_it(
    body: Mapping[str, object], pointer: str
) -> None:
    """A body that breaks one rule is refused with a pointer to the place."""
    assert pointers(body) == [pointer]


def test_all_that_is_wrong_is_named_at_once() -> None:
    """Two mistakes are two errors, so that one round is enough."""
    found = pointers({"url": URL, "timeout_s": "soon", "active": 1})

    assert found == ["/timeout_s", "/active"]


def test_a_secret_never_stands_in_the_refusal() -> None:
    """What is wrong with a secret is said without showing it."""
    with pytest.raises(Invalid) as caught:
        terms.parse({"url": URL, "secret": "whsec_top-secret"})

    assert "top-secret" not in str(caught.value)


@given(st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), JSON))
def test_any_json_is_taken_or_refused(body: dict[str, object]) -> None:
    """Whatever a body holds, the answer is terms or `Invalid`, never another error.

    What is taken can be shown, and asked for again.
    """
    with suppress(Invalid):
        asked = terms.parse_request({"url": URL, **body})

        again = terms.parse_amended(
            terms.as_json(asked.applied_to(a_webhook())), is_subscription=False
        )
        assert again == replace(asked, secret=None, is_subscription=False)
