"""Bounded Liquid: templates made to take for ever end soon, or are never begun."""

import pytest
from hypothesis import given, settings, strategies as st

from gateway.domain import bounded_liquid
from gateway.domain.bounded_liquid import (
    MAX_NESTING,
    Budget,
    Leaf,
    LeafFailed,
)
from gateway.domain.liquid_text import NoLeaf

SIZE = 65_536
LONG = "x" * 200_000
DATA = {
    "text": LONG,
    "numbers": [str(number) for number in range(50_000)],
    "message": {"text": "hi", "list": [1, 2, 3], "deep": [[1, 2], [3, [4]]]},
    "n": 3,
}


def filter_names() -> list[str]:
    """Return the filters that there are."""
    return sorted(bounded_liquid._ENVIRONMENT.filters)


def filled(piece: str) -> str:
    """Repeat a piece up to the size of the largest template."""
    return piece * (SIZE // len(piece))


def rendered(source: str) -> str:
    """Render one text."""
    return Leaf(source).render(DATA, Budget())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ message | json }}", '{"text":"hi","list":[1,2,3],"deep":[[1,2],[3,[4]]]}'),
        ("{{ nobody | json }}", "null"),
        ("{{ '2026-03-14T12:00:00.000Z' | date: '%H:%M' }}", "12:00"),
        ("{{ '2026-03-14T12:00:00+02:00' | date: '%H:%M' }}", "10:00"),
        ("{{ '2026-03-14T12:00:00' | date }}", "2026-03-14"),
        ("{{ 86400 | date: '%d.%m.%Y' }}", "02.01.1970"),
        ("{{ '86400' | date: '%d.%m.%Y' }}", "02.01.1970"),
        ("{{ 'now' | date: '%Y' }}", "now"),
        ("{{ nobody | date: '%Y' }}", ""),
        ("{{ 99999999999999999 | date: '%Y' }}", "99999999999999999"),
        ("[{{ now }}{{ today }}{{ a.b[0].c }}]", "[]"),
        ("{{ text | truncate: 5 }}", "xx..."),
        ("{{ text | size }}", "200000"),
        ("{% for i in message.list reversed %}{{ i }}{% endfor %}", "321"),
        ("{% for i in (1..2) %}{{ forloop.last }} {% endfor %}", "false true "),
        ("{{ message.deep | join: '-' }}", "1-2-3-4"),
        ("{{ message.list | uniq | join }}", "1 2 3"),
        ("{% if n == 3 and message.text %}yes{% endif %}", "yes"),
        ("{% assign a = n | times: 2 %}{{ a }}", "6"),
        ("{% capture a %}{{ n }}!{% endcapture %}{{ a }}", "3!"),
        ("{% comment %}no{% endcomment %}{% liquid echo n %}", "3"),
        ("{{ 'a-b' | replace: '-', '+' }}", "a+b"),
        ("{{ 'a' | append: '\U0001f600' }}", "a\U0001f600"),
    ],
)
def test_liquid_does_what_it_does_elsewhere(source: str, expected: str) -> None:
    """Within its limits, this is Liquid; dates are in UTC, and there is no `now`."""
    assert rendered(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        *map(
            filled, ["{{", "{%", "{", "{{-", "{% raw %}", "{% doc %}", "{%raw", "{%a"]
        ),
        *map(filled, ["{%comment%}", "{%if 1%}", "{%#", "{{}}", "{%%}", "{{'}}"]),
        "{{ a" + " " * (SIZE - 10) + "}}",
        ("{% if" + " " * 990 + "%}") * 65,
        ("{%a" + " " * 990 + "%}") * 65,
        "{{ x" + filled(".a") + "}}",
        "{{ " + "a[" * 490 + "}}",
        "{{ " + "(" * 490 + "}}",
        "{% if 1" + " and 1" * 160 + " %}{% endif %}",
        "{%liquid " + "if x\n" * 190 + "%}",
        "{% if 1 %}" * (MAX_NESTING + 1) + "{% endif %}" * (MAX_NESTING + 1),
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{% tablerow i in x %}{% endtablerow %}",
        "{% raw %}{{{% endraw %}",
        "{{ x | strip_html }}",
        "{{ x | nothing }}",
        "{% if x %}{% endfor %}",
    ],
)
def test_what_is_hard_to_read_is_refused(source: str) -> None:
    """Texts that the parser would be busy with for minutes do not reach it."""
    with pytest.raises(NoLeaf) as caught:
        Leaf(source)

    assert caught.value.problem
    assert caught.value.line >= 1
    assert caught.value.column >= 1


LOOP = "{% for i in (1..100) %}"
GROWING = (
    "{%% assign a = %s %%}"
    "{%% for i in (1..99) %%}{%% assign a = a | %s: a %%}{%% endfor %%}"
)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000) %}{% for j in (1..1000) %}{% endfor %}{% endfor %}",
        "{% for i in (1..9999) %}{% endfor %}" * 1_500,
        "{% for i in (1..1000000000000) reversed %}{% endfor %}",
        "{% for i in (1..1000000000000) offset: 999999999 %}{% endfor %}",
        "{% assign r = (1..1000000000000) %}{% for i in r reversed %}{% endfor %}",
        "{% assign r = (1..1000000000000) %}{{ r | join }}",
        "{% assign r = (1..1000000000000000000000000000) %}{{ r | sort }}",
        GROWING % ("'xxxxxxxx'", "append"),
        GROWING % ("'x,x' | split: ','", "concat"),
        GROWING % ("99", "times"),
        "{{ text | replace: '', text }}",
        "{{ text | replace: 'x', text }}",
        "{{ numbers | uniq }}",
        "{% assign a = text | append: text %}{{ numbers | join: a }}",
        "{% for i in (1..10000) %}{% if text contains 'y' %}{% endif %}{% endfor %}",
        "{% for i in (1..9000) %}{% if message == text %}{% endif %}{% endfor %}",
        LOOP + "{{ numbers | sort }}{% endfor %}",
        LOOP
        + "{% if 1 %}{% endif %}" * 3_000
        + "{{ text | upcase | size }}" * 99
        + "{% endfor %}",
        "{{ text }}",
        "{% for i in (1..9000) %}0123456789{% endfor %}",
        "{% capture a %}{{ text }}{% endcapture %}",
        "{{ 1 | divided_by: 0 }}",
        "{{ 'a' | base64_decode }}",
        "{{ 'a' | upcase: left: 1 }}",
        "{{ message.list | concat: 1 }}",
        "{% for i in message.list limit: -1 %}{% endfor %}",
        "{% break %}",
    ],
)
def test_what_takes_too_much_fails(source: str) -> None:
    """Loops, output, and work on long values end in one failure, and soon."""
    leaf = Leaf(source)

    with pytest.raises(LeafFailed):
        leaf.render(DATA, Budget())


@pytest.mark.parametrize(
    "breaking",
    ["split: ''", "split: '%'", "url_decode", "url_encode", "squish", "truncatewords"],
)
def test_a_text_is_not_broken_into_millions_of_pieces(breaking: str) -> None:
    """Each is a hundred bytes or two of memory, however short it is."""
    leaf = Leaf("{{ text | " + breaking + " | size }}")

    with pytest.raises(LeafFailed, match="too much work"):
        leaf.render({"text": "% " * 900_000}, Budget())


def test_a_long_text_can_be_split() -> None:
    """One that somebody wrote has not that many words."""
    leaf = Leaf("{{ text | split: ' ' | size }} {{ text | url_encode | size }}")

    said = leaf.render({"text": "some words " * 40_000}, Budget())

    assert said == "80000 440000"


@pytest.mark.parametrize("surrogate", ["\ud800", "a\udfff"])
def test_lone_surrogates_pass_through(surrogate: str) -> None:
    """What a room let through is not lost on the way."""
    said = Leaf("<{{ x }}>").render({"x": surrogate}, Budget())

    assert said == f"<{surrogate}>"


def test_braces_in_a_message_are_not_liquid() -> None:
    """What somebody said is never read as a template."""
    said = Leaf("{{ x }}").render({"x": "{{ n }}{% include 'x' %}"}, Budget())

    assert said == "{{ n }}{% include 'x' %}"


VALUES = st.sampled_from(
    [
        *("text", "numbers", "message", "message.deep", "n", "nobody"),
        *("(1..3)", "(1..n)", "'a,b'", "''", "0", "-1", "1.5", "9999999999999999999"),
        *("nil", "true"),
    ]
)
FILTERS = st.tuples(st.sampled_from(filter_names()), st.lists(VALUES, max_size=3)).map(
    lambda drawn: (
        f"| {drawn[0]}: {', '.join(drawn[1])}" if drawn[1] else f"| {drawn[0]}"
    )
)


@pytest.mark.timeout(120)  # The dearest take a second each, more under coverage.
@settings(max_examples=50, deadline=None)
@given(VALUES, st.lists(FILTERS, min_size=1, max_size=3))
def test_any_filter_of_anything_renders_or_fails(
    value: str, filters: list[str]
) -> None:
    """No filter and no argument raise anything that a caller does not expect."""
    leaf = Leaf(f"{{{{ {value} {' '.join(filters)} }}}}")

    try:
        said: str | None = leaf.render(DATA, Budget())
    except LeafFailed:
        said = None

    assert said is None or len(said) <= SIZE
