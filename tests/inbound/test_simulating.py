"""What would be said of a request."""

import json
from typing import Any

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.model import InboundState, Preset
from gateway.inbound.simulating import Simulation, named, rehearsed, simulated
from gateway.inbound.wording import Sizes
from tests.fakes.clock import NOON
from tests.fakes.inbound import a_source
from tests.inbound.test_wording import inbound


def simulate(body: dict[str, object], **changes: Any) -> Simulation:  # noqa: ANN401  # a builder
    """Return what would become of a sample."""
    return simulated(a_source(**changes), body, NOON, Sizes())


def test_a_sample_shows_the_message() -> None:
    """As it would be said."""
    template = json.dumps({"text": "{{ n }} {{ webhook.headers['x-id'] }}"})

    found = simulate(
        {"body": {"n": 1}, "headers": {"X-Id": "7"}},
        template=template,
        dedup="header:X-Id",
    )

    assert found.state is InboundState.SAID
    assert found.message == '{"text":"1 7"}'
    assert found.identity == "dedup:7"


def test_a_sample_shows_why_it_would_not_be_said() -> None:
    """Filtered, or not to be rendered."""
    filtered = simulate({"body": {"n": 1}}, filter="n == `2`")
    failed = simulate({"body": {"n": 1}}, template='{"t":"{{ n | divided_by: 0 }}"}')

    assert (filtered.state, filtered.message) == (InboundState.FILTERED, None)
    assert failed.state is InboundState.RENDER_FAILED
    assert failed.reason is not None


def test_a_sample_can_be_of_any_type() -> None:
    """A string is the body as it is, once its type is given."""
    form = simulate(
        {
            "body": "payload=%7B%22text%22%3A%22hi%22%7D",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        preset=Preset.SLACK,
    )
    query = simulate({"method": "GET", "query": "a=1"})

    assert json.loads(form.message or "")["text"] == "hi"
    assert query.message == '{"a":"1"}'


def test_a_string_without_a_type_is_json() -> None:
    """Like any other value."""
    assert simulate({"body": "hi"}).message == '{"value":"hi"}'


def test_a_sample_that_cannot_be_read_has_no_identity() -> None:
    """It is not to be said either."""
    found = simulate({"body": "{", "headers": {"Content-Type": "application/json"}})

    assert (found.state, found.identity) == (InboundState.RENDER_FAILED, None)


def test_a_stored_request_can_be_tried_again() -> None:
    """On the terms that the source has now."""
    found = rehearsed(a_source(template='{"n":"{{ n }}"}'), inbound({"n": 7}), Sizes())

    assert found.message == '{"n":"7"}'


def test_what_would_be_attached_is_counted() -> None:
    """It is not shown."""
    found = rehearsed(a_source(), inbound({"n": "x" * 500}), Sizes(message=100))

    assert found.attachment_bytes == len(inbound({"n": "x" * 500}).body)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"more": 1}, "/more"),
        ({"headers": []}, "/headers"),
        ({"headers": {"a/b": 7}}, "/headers/a~1b"),
        ({"headers": {f"x-{n}": "" for n in range(101)}}, "/headers"),
        ({"method": "PUT"}, "/method"),
        ({"query": 7}, "/query"),
    ],
)
def test_a_sample_that_breaks_a_rule_is_pointed_at(
    body: dict[str, object], pointer: str
) -> None:
    """Each place by its pointer."""
    with pytest.raises(Invalid) as caught:
        simulate(body)

    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_request_is_named_in_place_of_a_sample() -> None:
    """Null is left out, as everywhere."""
    assert named({"request": "inb_1"}) == "inb_1"
    assert named({"request": None, "body": 1}) is None


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/body"]),
        ({"request": 5}, ["/request"]),
        ({"request": "inb_1", "body": 1, "more": 2}, ["/body", "/more"]),
    ],
)
def test_neither_or_both_is_refused(
    body: dict[str, object], pointers: list[str]
) -> None:
    """Nobody knows which of them is meant."""
    with pytest.raises(Invalid) as caught:
        named(body)

    assert [error.pointer for error in caught.value.errors] == pointers
