"""What is asked of a webhook is checked whole, and nothing is silently ignored."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.delivery import terms
from gateway.domain.errors import Invalid
from gateway.domain.model import DEFAULT_SCHEDULE_S, Signature, Webhook
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, a_webhook

URL = "https://example.com/hook"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=8,
)
MEMBERS = [*sorted(terms.as_json(a_webhook())), "secret", "name"]


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

    asked = terms.parse({**nulls, "url": URL})

    assert asked == terms.parse({"url": URL})


def test_what_is_shown_can_be_asked_for() -> None:
    """A webhook's terms, asked for again, make the same webhook."""
    webhook = a_webhook(
        events=("message.*", "room.gap"),
        rooms=("lobby",),
        types=("chat",),
        senders=("Zoë",),
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


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("filter", "data.message.urgent"),
        ("format", "flat"),
        ("template", {"text": "x"}),
        ("content_type", "text/plain"),
        ("ordering", "room"),
        ("links", True),
        ("replies", True),
        ("rate_limit", {"per_second": 5}),
        ("links", 0),
    ],
)
def test_what_this_release_has_not_is_refused(member: str, value: object) -> None:
    """A member of the contract that is not there yet is named, not ignored."""
    with pytest.raises(Invalid, match="This release does not have it yet") as caught:
        terms.parse({"url": URL, member: value})

    assert [error.pointer for error in caught.value.errors] == [f"/{member}"]


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
    """Whatever a body holds, the answer is terms or `Invalid`, never another error."""
    with suppress(Invalid):
        asked = terms.parse(body)

        assert terms.parse(terms.as_json(asked.applied_to(a_webhook()))) is not None


class TestAmend:
    """A merge patch changes what it names."""

    webhook: Webhook = a_webhook(
        headers={"Authorization": "Bearer x", "X-Team": "ops"},
        max_in_flight=3,
        schedule_s=(1,),
    )

    def test_what_is_not_named_stays(self) -> None:
        """Members that the patch leaves out keep their values."""
        asked = terms.amend(self.webhook, {"description": "new"})

        assert (asked.max_in_flight, asked.description) == (3, "new")

    def test_null_is_the_default_again(self) -> None:
        """A member set to null has its default, inside `retry` too."""
        asked = terms.amend(
            self.webhook, {"max_in_flight": None, "retry": {"schedule": None}}
        )

        assert (asked.max_in_flight, asked.schedule_s) == (8, DEFAULT_SCHEDULE_S)

    def test_headers_are_merged_one_by_one(self) -> None:
        """One header is replaced, one removed by null, one added."""
        asked = terms.amend(
            self.webhook,
            {"headers": {"Authorization": "Bearer y", "X-Team": None, "X-New": "1"}},
        )

        assert asked.headers == {"Authorization": "Bearer y", "X-New": "1"}

    def test_another_origin_drops_the_headers(self) -> None:
        """A URL elsewhere leaves the old receiver's secrets behind."""
        asked = terms.amend(self.webhook, {"url": "https://elsewhere.example/"})

        assert asked.headers == {}

    def test_another_origin_keeps_the_headers_sent_again(self) -> None:
        """Headers in the same patch go to the new address, and they alone."""
        asked = terms.amend(
            self.webhook,
            {"url": "http://one.example/hook", "headers": {"X-Team": "new"}},
        )

        assert asked.headers == {"X-Team": "new"}

    def test_another_path_keeps_the_headers(self) -> None:
        """A URL of the same origin leaves them as they are."""
        asked = terms.amend(self.webhook, {"url": "https://one.example/other"})

        assert asked.headers == self.webhook.headers

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
        self, patch: Mapping[str, object], pointer: str | None
    ) -> None:
        """What POST refuses, PATCH refuses; a URL that is none is the guard's."""
        if pointer is None:
            assert terms.amend(self.webhook, patch).url == patch["url"]
            return
        with pytest.raises(Invalid) as caught:
            terms.amend(self.webhook, patch)
        assert [error.pointer for error in caught.value.errors] == [pointer]

    @given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
    def test_any_patch_is_taken_or_refused(self, patch: dict[str, object]) -> None:
        """Whatever a patch holds, the answer is terms or `Invalid`."""
        with suppress(Invalid):
            asked = terms.amend(self.webhook, patch)

            assert asked.applied_to(self.webhook).created_at == NOON
