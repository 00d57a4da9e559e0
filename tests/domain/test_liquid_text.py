"""Liquid texts: what the lexer may see, and where what it may not see is."""

import pytest

from gateway.domain.liquid_text import (
    MAX_TAG_BRANCHES,
    MAX_TAG_CHARACTERS,
    NoLeaf,
    flaw_at,
    look_through,
)

LONGEST = "{{ " + "x" * (MAX_TAG_CHARACTERS - 6) + " }}"
BUSIEST = "{% if 1" + " and 1" * MAX_TAG_BRANCHES + " %}"


@pytest.mark.parametrize(
    "source",
    [
        "",
        "plain } text { with braces }} %}",
        "{{ a }}{% if b %}{{ c }}{% endif %}",
        "{{ '%}' }}{% assign a = '{{' %}",
        "{{ raw }}{% assign raw = 1 %}{{ rawhide }}",
        LONGEST,
        BUSIEST,
        LONGEST * 65,
        "{{" + " " * 99 + "}}",
    ],
)
def test_what_closes_may_be_read(source: str) -> None:
    """Texts within the limits pass, whatever they mean."""
    assert not flaws(source)


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("{{ a", 1, 1),
        ("a\n {{ b }} {% c }}", 2, 10),
        ("{{ a %}", 1, 1),
        ("{% a }}{{ b }}", 1, 1),
        ("{{" * 30_000, 1, 1),
        ("a" + LONGEST.replace("x", "xx", 1), 1, 2),
        (BUSIEST.replace("if", "if (1..2) or"), 1, 1),
        ("{{" + " " * 100 + "}}", 1, 1),
        ("{{ a }}\n{%- raw -%}", 2, 1),
        ("{% doc %}", 1, 1),
    ],
)
def test_what_does_not_is_refused_where_it_begins(
    source: str, line: int, column: int
) -> None:
    """The flaw is the first tag that cannot be read."""
    (flaw,) = flaws(source)

    assert (flaw.line, flaw.column) == (line, column)


def test_places_are_counted_from_one() -> None:
    """Lines end in line feeds; a place before the text is its beginning."""
    assert (flaw_at("a\nbc", 3, "x").line, flaw_at("a\nbc", 3, "x").column) == (2, 2)
    assert (flaw_at("a", -1, "x").line, flaw_at("a", -1, "x").column) == (1, 1)


def flaws(source: str) -> list[NoLeaf]:
    """Return why a text may not be read, if it may not."""
    try:
        look_through(source)
    except NoLeaf as flaw:
        return [flaw]
    return []
