"""Filters: what they accept, and which texts are none."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from gateway.domain import rendering
from gateway.domain.filters import (
    MAX_FILTER_CHARACTERS,
    BadFilter,
    Filter,
    compile_filter,
    compile_query,
)
from tests.domain.nouns import INCOMING, RECEIVED

BODY = '{"text":"deploy now","n":0,"tags":["a","b"],"none":null,"empty":{}}'
ENVELOPE = json.loads(rendering.envelope(RECEIVED, replace(INCOMING, body=BODY)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "type", "data"]), inner, max_size=3
        )
    ),
)
PIECES = st.sampled_from(
    [
        *"abc@*.[](){}|&!:,-019`'\" ",
        *("==", "<", ">=", "||", "&&", "[?", "[]", "`1`", "'x'", "[*]", "[::0]", "\\"),
        *("type", "data", "length(", "sort_by(", "to_number(", "join(", "ceil("),
        *("avg(", "to_string(", "merge(", "&a", "map(&", "not_null(", "keys("),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type == 'message.received'", True),
        ("type == 'message.sent'", False),
        ("data.from.name == 'alice' && data.type == 'chat'", True),
        ("contains(data.message.text, 'deploy')", True),
        ("starts_with(data.message.text, 'now')", False),
        ("data.message.tags[?@ == 'b']", True),
        ("data.message.tags[?@ == 'c']", False),
        ("data.message.n", True),  # 0 is true.
        ("data.message.none", False),
        ("data.message.empty", False),
        ("data.message.tags[5:]", False),
        ("data.attachment", False),
        ("!(data.attachment)", True),
        ("seq > `1000`", True),
        ("''", False),
        ("`false`", False),
        ("data.type == `chat`", True),
    ],
)
def test_a_filter_accepts_what_it_is_true_of(text: str, *, expected: bool) -> None:
    """Truth is JMESPath's: false are null, false, and empty text, array and object."""
    assert compile_filter(text).accepts(ENVELOPE) is expected


@pytest.mark.parametrize(
    "text",
    [
        "contains(data.nothing, 'x')",
        "length(seq)",
        "sum(data.message.tags)",
        "data.message.tags[::0]",
        "ceil(to_number('1e999'))",
        "max_by(data.message.tags, &@.x)",
    ],
)
def test_a_filter_that_does_not_apply_does_not_accept(text: str) -> None:
    """An expression that has no answer for an event is not true of it."""
    assert not compile_filter(text).accepts(ENVELOPE)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("data.", 5),
        ("data type", 5),
        ("type = 'x'", 5),
        ("type == 'x", 8),
        ("(type", 5),
        ("é", 0),
        ("type == 'x' && foo(data)", 15),
        ("seq && length()", 7),
        ("seq && contains(data)", 7),
        ("seq && not_null()", 7),
        ("seq && " + "(" * 200, 57),
        ("!" * 900, 50),
        ("a|" * 400 + "a", 0),
        ("*." * 400 + "a", 0),
        ("a" * (MAX_FILTER_CHARACTERS + 1), MAX_FILTER_CHARACTERS),
    ],
)
def test_a_bad_filter_says_where(text: str, position: int) -> None:
    """What is no filter is refused with the place where it goes wrong."""
    with pytest.raises(BadFilter) as caught:
        compile_filter(text)

    assert caught.value.position == position
    assert str(caught.value).startswith(f"bad filter at character {position}: ")


def filter_or_flaw(text: str) -> Filter | BadFilter:
    """Return what becomes of a text."""
    try:
        return compile_filter(text)
    except BadFilter as error:
        return error


@given(st.lists(PIECES, max_size=20).map("".join), JSON)
def test_any_text_is_a_filter_or_refused(text: str, data: object) -> None:
    """No expression and no event make anything but an answer or a `BadFilter`."""
    made = filter_or_flaw(text)

    if isinstance(made, BadFilter):
        assert 0 <= made.position <= len(text)
    else:
        answer: object = made.accepts({"type": "x", "data": data, "a": data})
        assert answer in {True, False}


@given(st.text(st.characters(codec=None), max_size=50))
def test_any_characters_are_a_filter_or_refused(text: str) -> None:
    """Lone surrogates and control characters are refused as other mistakes are."""
    assert str(filter_or_flaw(text)).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.message.tags[1]", "b"),
        ("data.message.n", 0),
        ("[type, data.nothing]", ["message.received", None]),
        ("data.nothing", None),
        ("length(data.message.n)", None),  # It does not apply to a number.
    ],
)
def test_a_query_says_what_it_finds(text: str, expected: object) -> None:
    """The value itself, and null where there is none."""
    assert compile_query(text).found(ENVELOPE) == expected


def test_a_query_has_the_limits_of_a_filter() -> None:
    """What is no filter is no query."""
    with pytest.raises(BadFilter):
        compile_query("x" * (MAX_FILTER_CHARACTERS + 1))


def test_a_filter_is_compiled_once() -> None:
    """The same text gives the same filter."""
    assert compile_filter("type == 'a'") is compile_filter("type == 'a'")


def test_jmespath_is_not_loaded_without_a_filter() -> None:
    """Importing filters alone loads neither the parser nor the interpreter."""
    script = (
        "import sys, gateway.domain.filters as filters\n"
        "assert 'jmespath' not in sys.modules\n"
        "filters.compile_filter('a')\n"
        "assert 'jmespath' in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own
