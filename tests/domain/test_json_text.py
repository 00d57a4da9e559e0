"""Any text becomes a plain value or is refused by name."""

import json
import math

import pytest
from hypothesis import example, given, strategies as st

from gateway.domain.errors import MalformedJson
from gateway.domain.json_text import MOST_NESTING, dumps, dumps_parsed, loads

DEEP = 200_000
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)
STRINGS = st.from_regex(
    r'"([ -!#-\[\]-~é漢😀]|\\["\\/bfnrt]|\\u[dD][89a-fA-F]\d\d|\\u00\d\d){0,9}"',
    fullmatch=True,
)
SPACES = st.sampled_from(["", " ", "\n\t", "\r\n"])
TEXTS = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["null", "true", "false", "NaN", "-Infinity"]),
    lambda inner: (
        st.tuples(SPACES, st.lists(inner, max_size=4)).map(
            lambda drawn: "[" + drawn[0] + f",{drawn[0]}".join(drawn[1]) + "]"
        )
        | st.tuples(SPACES, st.lists(st.tuples(STRINGS, inner), max_size=4)).map(
            lambda drawn: (
                "{" + ",".join(f"{a}:{drawn[0]}{b}" for a, b in drawn[1]) + "}"
            )
        )
    ),
    max_leaves=12,
)
SCRAPS = st.text(alphabet='[]{},:"\\udD8c0e19-+. \n\ufeff\x00tru', max_size=12)


def refuse(name: str) -> None:
    """Refuse what Python reads, and JSON has not."""
    raise ValueError(name)


def finite(text: str) -> float:
    """Return a number, if a double can hold it."""
    number = float(text)
    if math.isinf(number):
        refuse(text)
    return number


def outcome_by_the_library(text: str) -> str:
    """Return what Python's own parser makes of a text, told without loss."""
    try:
        if text.startswith("\ufeff"):
            refuse("a byte order mark")
        parsed = json.loads(text, parse_constant=refuse, parse_float=finite)
        json.dumps(parsed, ensure_ascii=False).encode()
    except ValueError:
        return "refused"
    return repr(parsed)


def outcome(raw: bytes | str) -> str:
    """Return what becomes of a text, told without loss."""
    try:
        return repr(loads(raw))
    except MalformedJson:
        return "refused"


def test_what_is_written_is_compact() -> None:
    """No spaces, and letters as they are."""
    assert dumps(loads(b'{ "a": [1, "\xc3\xa9"] }')) == '{"a":[1,"é"]}'


def test_a_number_that_json_cannot_hold_is_not_written() -> None:
    """Infinity has no text in JSON."""
    with pytest.raises(MalformedJson):
        dumps({"a": float("inf")})


@pytest.mark.parametrize(
    "raw", [b"", b"[NaN]", b"[1e999]", b'"\\ud800"', b"\xff", b"[" * DEEP]
)
def test_what_cannot_be_said_again_is_malformed(raw: bytes) -> None:
    """Nothing at all, no number, half a letter, no UTF-8, no end of nesting."""
    with pytest.raises(MalformedJson):
        loads(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_malformed(raw: bytes) -> None:
    """No byte string makes another exception."""
    try:
        parsed = loads(raw)
    except MalformedJson:
        return

    assert json.loads(raw) == parsed


@given(TEXTS | SCRAPS)
@example(str(2**64 - 1))
@example(str(2**64))
@example(f"[{-(2**63)}, {-(2**63) - 1}]")
@example('{"n":\n18446744073709551616}')
@example("[-0, -0.0, 0e1, -0e1, 1E400, 1e-400]")
@example('{"a":"\\ud800","a":1}')
@example('["\\ud83d\\ude00", "\\\\ud800", "\\\\\\ud800"]')
@example("1" * 5_000)
@example("[" * 500 + "]" * 500)
def test_the_quick_parser_reads_what_the_other_does(text: str) -> None:
    """The same values of the same types, or neither: large integers are not rounded."""
    assert outcome(text) == outcome(text.encode()) == outcome_by_the_library(text)


@pytest.mark.parametrize("text", ['{"a":1,}', "[1", "{} {}", '"\n"', "01"])
def test_a_refusal_tells_the_place(text: str) -> None:
    """In the words of Python's parser, whichever parser came upon it."""
    with pytest.raises(json.JSONDecodeError) as library:
        json.loads(text)

    with pytest.raises(MalformedJson, match=r"line \d+ column \d+\.$") as refused:
        loads(text)

    assert refused.value.detail.startswith(library.value.msg)


def test_half_a_character_in_text_is_kept_as_it_was() -> None:
    """Text that was decoded by somebody else is parsed, whatever is in it."""
    assert loads('["\udc80"]') == ["\udc80"]


@given(TEXTS)
def test_what_was_parsed_is_written_so_that_it_reads_the_same(text: str) -> None:
    """Quickly as slowly."""
    try:
        parsed = loads(text)
    except MalformedJson:
        return

    written = dumps_parsed(parsed)

    assert outcome(written) == repr(parsed)
    assert len(written) <= 2 * len(dumps(parsed))


def test_what_the_quick_writer_refuses_is_written_all_the_same() -> None:
    """Integers of any size, and half a character."""
    assert dumps_parsed([2**70]) == f"[{2**70}]"
    assert dumps_parsed("\udc80") == '"\udc80"'


@pytest.mark.parametrize("many", ["[],", '{"a":0},'])
def test_so_many_arrays_and_objects_are_refused_before_they_are_made(many: str) -> None:
    """They would take fifty times the memory of their text."""
    allowed = "[" + many * (MOST_NESTING - 1) + "0]"

    assert isinstance(loads(allowed), list)
    with pytest.raises(MalformedJson, match="more than 1,000,000 arrays"):
        loads(allowed.replace("0]", "[]]"))
