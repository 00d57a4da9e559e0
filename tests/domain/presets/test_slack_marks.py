"""Slack's markup in plain text and in Markdown."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.presets.slack_marks import Said, escaped, link, literal, marked

PIECES = st.lists(
    st.sampled_from(
        [
            *("<", ">", "|", "*", "_", "~", "`", "```", "\n", " ", "@", "#", "!", "^"),
            *("&amp;", "&lt;", "&", "https://x.example", "mailto:a@b", "word", "\x00"),
            *(":x:", ":", ":wave::skin-tone-3:", "&gt;", "http://h/:x:/"),
            *("subteam^", "date^1^{date}", "[", "]", "(", ")", "\\", "1. ", "- ", "# "),
        ]
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("source", "text", "markdown"),
    [
        ("hello", "hello", "hello"),
        (
            "<https://x.example/a|the build>",
            "the build (https://x.example/a)",
            "[the build](https://x.example/a)",
        ),
        (
            "<https://x.example/a>",
            "https://x.example/a",
            "[https://x.example/a](https://x.example/a)",
        ),
        ("<mailto:a@b.c|a@b.c>", "a@b.c", "[a@b.c](mailto:a@b.c)"),
        (
            "<https://x.example/?a=1&amp;b=2|q>",
            "q (https://x.example/?a=1&b=2)",
            "[q](https://x.example/?a=1&b=2)",
        ),
        (
            "<https://x.example/tel:5>",
            "https://x.example/tel:5",
            "[https://x.example/tel:5](https://x.example/tel:5)",
        ),
        ("<https://x.example/(a)|b>", "b (https://x.example/(a))", None),
        ("<@U1> <@U2|bob>", "@U1 @bob", "@U1 @bob"),
        ("<#C1> <#C2|general>", "#C1 #general", "#C1 #general"),
        ("<!here> <!subteam^S1>", "@here @S1", "@here @S1"),
        ("<!here|here> <!channel|all>", "@here @channel", "@here @channel"),
        (
            "<http://x.example|x.example>",
            "http://x.example",
            "[http://x.example](http://x.example)",
        ),
        (":tada: :own: `:x:` 10:30:45", "🎉 :own: `:x:` 10:30:45", None),
        ("<https://x.example|:x: bad>", "❌ bad (https://x.example)", None),
        (":x: *a*", "❌ *a*", "❌ **a**"),
        ("&gt; a\n&gt;b &gt; c", "> a\n>b > c", "> a\n>b &gt; c"),
        ("<!subteam^S1|@team>", "@team", "@team"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18", "Feb 18"),
        ("<!date^1392734382^{date}>", "1392734382", "1392734382"),
        ("<javascript:alert(1)|click>", "click", "click"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c", "a &lt;b&gt; &amp;amp; c"),
        ("*bold* _it_ ~old~", "*bold* _it_ ~old~", "**bold** _it_ ~~old~~"),
        ("2*3*4 a~b~c", "2*3*4 a~b~c", "2*3*4 a~b~c"),
        ("* a * b", "* a * b", "* a * b"),
        ("`*a*` *b*", "`*a*` *b*", "`*a*` **b**"),
        ("```\n*a* &lt;\n```", "```\n*a* <\n```", "```\n*a* <\n```"),
        (
            "so: ```a\n  b``` then\n```c```\nd",
            "so: ```a\n  b``` then\n```c```\nd",
            "so: \n```\na\n  b\n```\n then\n```\nc\n```\nd",
        ),
        ("```a``````b```", None, "```\na\n```\n```\nb\n```"),
        ("``````", "``````", "``````"),
        (
            "*<https://x.example|t>*",
            "*t (https://x.example)*",
            "**[t](https://x.example)**",
        ),
        ("a < b > c", "a < b > c", "a &lt; b > c"),
        ("bell\x07 tab\t", "bell tab\t", "bell tab\t"),
    ],
)
def test_markup_is_told_both_ways(
    source: str, text: str | None, markdown: str | None
) -> None:
    """Plain text stays readable; Markdown looks as it does in Slack."""
    said = marked(source)

    assert said.text == (source if text is None else text)
    if markdown is not None:
        assert said.markdown == markdown


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a*b_c[d]`e`~f\\", "a\\*b\\_c\\[d\\]\\`e\\`\\~f\\\\"),
        ("<b>&", "&lt;b>&amp;"),
        ("# a\n- b\n  1. c\n> d", "\\# a\n\\- b\n  \\1. c\n\\> d"),
        ("a - b", "a - b"),
    ],
)
def test_plain_text_shows_as_it_is(source: str, expected: str) -> None:
    """What has no markup in it gets none by becoming Markdown."""
    assert escaped(source) == expected
    assert literal(source) == Said(source, expected)


def test_a_link_cannot_end_early() -> None:
    """Neither its label nor its address closes a bracket."""
    made = link("https://x.example/a)b", "c](d")

    assert made.text == "c](d (https://x.example/a)b)"
    assert made.markdown == "[c\\](d](https://x.example/a%29b)"


@pytest.mark.parametrize("piece", ["<", "*a", "`", "~a ", "\n", "<a|", "```", "&", "1"])
def test_long_text_is_read_in_one_go(piece: str) -> None:
    """Nothing is looked at again and again, however it is made."""
    said = marked(piece * 200_000)

    assert len(said.text) <= 50_000


@given(PIECES)
def test_any_markup_is_told(source: str) -> None:
    """Nothing raises; no control character remains; what is told can be written."""
    said = marked(source)

    told = (said.text + said.markdown).encode()
    assert b"\x00" not in told
