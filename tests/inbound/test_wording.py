"""What is said of a request."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.domain.model import Inbound, Preset, Source
from gateway.inbound.wording import (
    Filtered,
    Said,
    Sizes,
    Unsayable,
    arrival_of,
    variables,
    worded,
)
from tests.fakes.clock import NOON
from tests.fakes.inbound import a_source

SMALL = Sizes(message=200, attachment=1_000)


def inbound(body: object, **headers: str) -> Inbound:
    """Return a request of JSON, or of bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Inbound(
        "inb_1",
        "src_1",
        NOON + timedelta(seconds=1),
        "POST",
        "a=1&b=",
        {"content-type": "application/json", **named},
        raw,
    )


def said(source: Source, request: Inbound, sizes: Sizes | None = None) -> object:
    """Return the message object that is said."""
    wording = worded(source, request, sizes or Sizes())
    assert isinstance(wording, Said), wording
    return json.loads(wording.body)


def templated(template: object, **changes: Any) -> Source:  # noqa: ANN401  # a builder
    """Return a source with a template."""
    return a_source(template=json.dumps(template), **changes)


def test_without_a_template_the_whole_json_is_said() -> None:
    """What is no object becomes one."""
    assert said(a_source(), inbound({"n": [1]})) == {"n": [1]}
    assert said(a_source(), inbound([1, 2])) == {"value": [1, 2]}


def test_a_preset_gives_a_text() -> None:
    """GitHub's events are told by their name."""
    source = a_source(preset=Preset.GITHUB)
    request = inbound({"zen": "Keep it simple."}, x_github_event="ping")

    message = said(source, request)

    assert isinstance(message, dict)
    assert message["text"]
    assert message["event"] == "ping"


def test_a_template_names_the_members_of_the_json() -> None:
    """Each of its strings is rendered by itself, so that no quote breaks it."""
    source = templated({"text": "{{ who.name }} paid", "n": 3})

    message = said(source, inbound({"who": {"name": 'A"b'}}))

    assert message == {"text": 'A"b paid', "n": 3}


def test_a_template_names_the_request_itself() -> None:
    """Its headers, query, event and what the preset would say."""
    source = templated(
        {
            "event": "{{ webhook.event }}",
            "query": "{{ webhook.query.a }}",
            "header": "{{ webhook.headers['x-more'] }}",
            "first": "{{ webhook.body[0] }}",
            "value": "{{ value[1] }}",
            "source": "{{ webhook.source }}",
            "id": "{{ webhook.id }}",
            "at": "{{ webhook.received_at }}",
        }
    )

    message = said(source, inbound([7, 8], x_github_event="push", x_more="yes"))

    assert message == {
        "event": "push",
        "query": "1",
        "header": "yes",
        "first": "7",
        "value": "8",
        "source": "shop",
        "id": "inb_1",
        "at": "2026-03-14T12:00:01.000Z",
    }


def test_a_template_that_fails_says_why_and_shows_nothing() -> None:
    """The request is kept, to be said when the template is mended."""
    source = templated({"text": "{{ n | divided_by: zero }}"})

    wording = worded(source, inbound({"n": 1, "zero": 0, "secret": "s3cret"}), Sizes())

    assert isinstance(wording, Unsayable)
    assert "s3cret" not in wording.reason


def test_what_cannot_be_read_any_more_is_unsayable() -> None:
    """As after another format was chosen for its source."""
    assert isinstance(worded(a_source(), inbound(b"{"), Sizes()), Unsayable)


def test_a_number_that_json_cannot_hold_is_unsayable() -> None:
    """1e999 is read, and could not be said."""
    assert isinstance(worded(a_source(), inbound(b'{"n":1e999}'), Sizes()), Unsayable)


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("action == 'opened'", True),
        ("action == 'closed'", False),
        ("webhook.event == 'issues'", True),
        ("webhook.headers.\"x-github-event\" == 'push'", False),
        ("missing", False),
        ("contains(n, 'x')", False),
    ],
)
def test_a_filter_lets_pass_what_it_is_true_of(
    expression: str,
    passes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """It sees what templates see; one that does not apply lets nothing pass."""
    source = a_source(filter=expression)
    request = inbound({"action": "opened", "n": 1}, x_github_event="issues")

    wording = worded(source, request, Sizes())

    assert isinstance(wording, Said) is passes
    assert isinstance(wording, Filtered) is not passes


def test_what_is_too_long_is_attached_to_a_text() -> None:
    """The text is the preset's, or says what it was."""
    request = inbound({"long": "x" * 300})

    wording = worded(a_source(), request, SMALL)

    assert isinstance(wording, Said)
    assert wording.attachment == request.body
    assert json.loads(wording.body)["text"] == "shop: A JSON object: long"


def test_what_is_too_long_even_to_be_attached_is_excerpted() -> None:
    """Its beginning is said, and how long it was."""
    request = inbound({"long": "é" * 20_000})

    wording = worded(a_source(), request, Sizes(message=200, attachment=1_000))

    assert isinstance(wording, Said)
    message = json.loads(wording.body)
    assert wording.attachment == b""
    assert message["size"] == len(request.body)
    assert message["excerpt"].startswith('{"long": "')


def test_the_request_is_named_even_if_its_json_has_that_name() -> None:
    """What a sender writes does not pass for what we know."""
    request = inbound({"webhook": {"id": "forged"}})

    named = variables(a_source(), request, {"webhook": {"id": "forged"}})

    assert isinstance(named["webhook"], dict)
    assert named["webhook"]["id"] == "inb_1"


def test_a_stored_request_arrives_as_it_did() -> None:
    """But for what was redacted."""
    request = inbound({"n": 1})

    arrival = arrival_of(request)

    assert (arrival.method, arrival.query) == ("POST", "a=1&b=")
    assert (arrival.headers, arrival.body) == (request.headers, request.body)


@given(
    st.binary() | st.text().map(lambda text: f"payload={text}".encode()),
    st.dictionaries(
        st.sampled_from(["content-type", "x-github-event", "ce-type"]),
        st.sampled_from(["application/x-www-form-urlencoded", "text/plain", "push"]),
    ),
    st.sampled_from(list(Preset)),
)
def test_whatever_comes_is_worded_or_unsayable(
    body: bytes, headers: dict[str, str], preset: Preset
) -> None:
    """Nothing is raised, and what is said is an object that a store can hold."""
    request = Inbound("inb_1", "src_1", NOON, "POST", "", headers, body)

    for sizes in (Sizes(), SMALL):
        wording = worded(a_source(preset=preset), request, sizes)

        if isinstance(wording, Said):
            assert isinstance(json.loads(wording.body.encode()), dict)
