"""A merge patch changes what it names, and only that."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from gateway.delivery.amending import amend, is_elsewhere
from gateway.domain.errors import Invalid
from gateway.domain.model import DEFAULT_SCHEDULE_S, Format, RateLimit
from tests.delivery.test_terms import JSON, MEMBERS
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, a_webhook

WEBHOOK = a_webhook(
    headers={"Authorization": "Bearer x", "X-Team": "ops"},
    max_in_flight=3,
    schedule_s=(1,),
    rate_limit=RateLimit(5, 9),
)
TEMPLATED = a_webhook(
    format=Format.TEMPLATE, template='"{{ text }}"', content_type="text/plain"
)


def test_what_is_not_named_stays() -> None:
    """Members that the patch leaves out keep their values."""
    asked = amend(WEBHOOK, {"description": "new"})

    assert (asked.max_in_flight, asked.description) == (3, "new")


def test_null_is_the_default_again() -> None:
    """A member set to null has its default, inside `retry` too."""
    asked = amend(WEBHOOK, {"max_in_flight": None, "retry": {"schedule": None}})

    assert (asked.max_in_flight, asked.schedule_s) == (8, DEFAULT_SCHEDULE_S)


def test_headers_are_merged_one_by_one() -> None:
    """One header is replaced, one removed by null, one added."""
    asked = amend(
        WEBHOOK,
        {"headers": {"Authorization": "Bearer y", "X-Team": None, "X-New": "1"}},
    )

    assert asked.headers == {"Authorization": "Bearer y", "X-New": "1"}


def test_another_origin_drops_the_headers() -> None:
    """A URL elsewhere leaves the old receiver's secrets behind."""
    asked = amend(WEBHOOK, {"url": "https://elsewhere.example/"})

    assert asked.headers == {}


def test_another_origin_keeps_the_headers_sent_again() -> None:
    """Headers in the same patch go to the new address, and they alone."""
    asked = amend(
        WEBHOOK,
        {"url": "http://one.example/hook", "headers": {"X-Team": "new"}},
    )

    assert asked.headers == {"X-Team": "new"}


def test_another_path_keeps_the_headers() -> None:
    """A URL of the same origin leaves them as they are."""
    asked = amend(WEBHOOK, {"url": "https://one.example/other"})

    assert asked.headers == WEBHOOK.headers


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"url": None}, "/url"),
        ({"secret": SECRET}, "/secret"),
        ({"secret": None}, "/secret"),
        ({"id": None}, "/id"),
        ({"url": "http://["}, None),
        ({"headers": {"X-Team": "***"}}, "/headers/X-Team"),
        ({"headers": []}, "/headers"),
        ({"retry": {"schedule": {"deep": {"deeper": 1}}}}, "/retry/schedule"),
    ],
)
def test_a_patch_obeys_the_same_rules(
    patch: Mapping[str, object], pointer: str | None
) -> None:
    """What POST refuses, PATCH refuses; a URL that is none is the guard's."""
    if pointer is None:
        assert amend(WEBHOOK, patch).url == patch["url"]
        return
    with pytest.raises(Invalid) as caught:
        amend(WEBHOOK, patch)
    assert [error.pointer for error in caught.value.errors] == [pointer]


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_any_patch_is_taken_or_refused(patch: dict[str, object]) -> None:
    """Whatever a patch holds, the answer is terms or `Invalid`."""
    with suppress(Invalid):
        asked = amend(WEBHOOK, patch)

        assert asked.applied_to(WEBHOOK).created_at == NOON


def test_a_rate_limit_is_merged() -> None:
    """One member changes and the other stays; null takes the limit away."""
    faster = amend(WEBHOOK, {"rate_limit": {"per_second": 7}})
    none = amend(WEBHOOK, {"rate_limit": None})

    assert (faster.rate_limit, none.rate_limit) == (RateLimit(7, 9), None)


def test_a_template_is_replaced_whole() -> None:
    """It is one value: nothing of the old one is left in the new one."""
    webhook = a_webhook(format=Format.TEMPLATE, template='{"old":"{{ id }}"}')

    asked = amend(webhook, {"template": {"new": "{{ text }}"}})

    assert asked.look.template == '{"new":"{{ text }}"}'


def test_a_template_of_another_kind_needs_no_further_words() -> None:
    """The format follows, and a content type that fits no more goes."""
    made = amend(a_webhook(format=Format.FLAT), {"template": {"a": "b"}}).look
    turned = amend(TEMPLATED, {"template": ["{{ text }}"]}).look
    kept = amend(TEMPLATED, {"template": "{{ id }}"}).look

    assert (made.format, made.template) == (Format.TEMPLATE, '{"a":"b"}')
    assert (turned.template, turned.content_type) == ('["{{ text }}"]', None)
    assert (kept.template, kept.content_type) == ('"{{ id }}"', "text/plain")


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"template": None}, Format.ENVELOPE),
        ({"format": None}, Format.ENVELOPE),
        ({"format": "flat"}, Format.FLAT),
    ],
)
def test_a_template_goes_with_its_format(
    patch: Mapping[str, object], expected: Format
) -> None:
    """Taking one away takes the other; nothing of it is left."""
    look = amend(TEMPLATED, patch).look

    assert (look.format, look.template, look.content_type) == (expected, None, None)


def test_a_subscription_stays_one() -> None:
    """Its default format is flat in a patch too."""
    webhook = a_webhook(is_subscription=True, format=Format.CLOUDEVENTS)

    asked = amend(webhook, {"format": None})

    assert asked.look.format is Format.FLAT
    assert asked.applied_to(webhook).is_subscription


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("https://A.example:443/x", False),
        ("https://user@a.example/", False),
        ("http://a.example/", True),
        ("https://a.example:8443/", True),
        ("https://b.example/", True),
        ("https://a.example:99999/", True),
        ("https://[", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(other: str, *, expected: bool) -> None:
    """The port that goes without saying is the same port said."""
    assert is_elsewhere("https://a.example/hook", other) == expected
