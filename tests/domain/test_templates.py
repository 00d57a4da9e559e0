"""Templates: strings rendered one by one, and what is refused before that."""

import json
import subprocess
import sys

import pytest
from hypothesis import example, given, strategies as st

from gateway.domain.templates import (
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_TEMPLATE_BYTES,
    BadTemplate,
    TemplateFailed,
    compile_template,
    stored_template,
)

TEXTS = st.text(st.characters(codec=None))  # Lone surrogates are among them.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
)


def rendered(template: object, **variables: object) -> object:
    """Render a template to JSON and read it back."""
    return json.loads(compile_template(template, is_json=True).render(variables))


def nested(levels: int) -> object:
    """Return a string so many levels deep."""
    value: object = "deep"
    for _ in range(levels):
        value = [value]
    return value


def flaw_of(template: object, *, is_json: bool = True) -> BadTemplate:
    """Return why a value is no template."""
    with pytest.raises(BadTemplate) as caught:
        compile_template(template, is_json=is_json)
    return caught.value


def test_each_string_is_rendered_and_the_rest_stays() -> None:
    """Numbers, booleans, nulls and keys are what they were."""
    template = {
        "{{ text }}": ["{{ text }}", 1, 2.5, True, None, {"a": "<{{ nobody }}>"}],
        "plain": "as it is",
    }

    assert rendered(template, text="hi") == {
        "{{ text }}": ["hi", 1, 2.5, True, None, {"a": "<>"}],
        "plain": "as it is",
    }


def test_one_value_alone_is_still_a_string() -> None:
    """A number set into a string does not become a number."""
    assert rendered({"size": "{{ size }}"}, size=5) == {"size": "5"}


@given(TEXTS, st.none() | TEXTS)
@example('"}, {"admin": true, "x": "', "{{ secret }}{% if %}")
@example("\\\n\r\t\x00\u2028", "\ud800")
def test_no_message_breaks_out_of_its_string(text: str, name: str | None) -> None:
    """Quotes, line breaks and braces in a message stay in the string they are in."""
    said = rendered({"text": "{{ name }}: {{ text }}"}, text=text, name=name)

    assert said == {"text": f"{name or ''}: {text}"}


@given(VALUES, VALUES)
def test_any_template_renders_or_says_why_not(template: object, data: object) -> None:
    """Whatever is given as template and as data, nothing else is raised."""
    try:
        compiled = compile_template(template, is_json=True)
        body = compiled.render({"text": data})
    except (BadTemplate, TemplateFailed) as error:
        body = json.dumps(str(error)).encode()

    assert json.loads(body.decode("utf-8")) is not ...


def test_a_text_is_rendered_to_text() -> None:
    """A string template is not JSON: it goes as it is rendered."""
    template = compile_template('said="{{ text }}"', is_json=False)

    assert template.render({"text": 'é"'}) == 'said="é""'.encode()
    assert not template.is_json


def test_a_text_has_no_lone_surrogates() -> None:
    """UTF-8 has none, and text, unlike JSON, no way to escape them."""
    template = compile_template("{{ text }}", is_json=False)

    assert template.render({"text": "a\ud800"}) == b"a?"


@pytest.mark.parametrize("value", [{}, ["x"], 1, None])
def test_only_a_string_is_a_template_for_text(value: object) -> None:
    """What is not a string cannot render to text."""
    assert flaw_of(value, is_json=False).problem == "a template for text is a string"


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("{{ text", 1, 1),
        ("{% if text %}", 1, 1),
        ("one\n two {{ text | nothing }}", 2, 16),
        ("one\r\ntwo {% include 'x' %}", 2, 8),
        ("{{ text | upcase: }", 1, 1),
    ],
)
def test_a_flaw_says_where_it_is(source: str, line: int, column: int) -> None:
    """The string is named by its pointer, the place in it by line and column."""
    flaw = flaw_of({"blocks": [{"a/b~": source}]})

    assert flaw.pointer == "/blocks/0/a~1b~0"
    assert (flaw.line, flaw.column) == (line, column)
    assert str(flaw) == (
        f"bad template at /blocks/0/a~1b~0, line {line}, column {column}:"
        f" {flaw.problem}"
    )


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("x" * MAX_TEMPLATE_BYTES, f"it is longer than {MAX_TEMPLATE_BYTES} bytes"),
        (["x"] * (MAX_LEAVES + 1), f"it has more than {MAX_LEAVES} strings"),
        (nested(MAX_DEPTH + 1), f"it is over {MAX_DEPTH} levels deep"),
        (nested(100_000), "it is not JSON"),
        ({"a": float("nan")}, "it is not JSON"),
        ({"a": object()}, "it is not JSON"),
    ],
    ids=["long", "many", "deep", "endless", "nan", "object"],
)
def test_a_template_has_limits(template: object, problem: str) -> None:
    """What is too large to be a template is refused before it is parsed."""
    assert flaw_of(template).problem == problem


def test_a_template_may_reach_its_limits() -> None:
    """The limits themselves are allowed."""
    assert rendered("x" * (MAX_TEMPLATE_BYTES - 2)) == "x" * (MAX_TEMPLATE_BYTES - 2)
    assert rendered(["x"] * MAX_LEAVES) == ["x"] * MAX_LEAVES
    assert rendered(nested(MAX_DEPTH)) == nested(MAX_DEPTH)


def test_output_is_limited_over_all_strings() -> None:
    """Many strings may not write more together than one alone."""
    template = compile_template(["{{ text }}"] * 3, is_json=True)

    assert len(template.render({"text": "x" * 20_000})) > 60_000
    with pytest.raises(TemplateFailed, match="writes more than 65536 bytes"):
        template.render({"text": "x" * 30_000})


def test_loops_are_counted_over_all_strings() -> None:
    """Many strings may not loop more together than one alone."""
    template = compile_template(
        ["{% for i in (1..4000) %}{% endfor %}"] * 3, is_json=True
    )

    with pytest.raises(TemplateFailed, match="more than 10000 turns"):
        template.render({})


def test_a_failure_tells_nothing_of_the_message() -> None:
    """The sentence names the string and the line, not what was said."""
    source = {"a": [{"b/c": "\n{{ text | divided_by: 0 }}"}]}
    template = compile_template(source, is_json=True)

    with pytest.raises(TemplateFailed) as caught:
        template.render({"text": "secret"})

    assert str(caught.value) == (
        "the template failed: /a/0/b~1c: a filter or a tag met a value that it cannot"
        " work with (line 2)"
    )


def test_a_stored_template_is_compiled_once() -> None:
    """The same JSON text gives the same template."""
    stored = '{"text":"{{ text }}"}'

    template = stored_template(stored, is_json=True)

    assert template.render({"text": "hi"}) == b'{"text":"hi"}'
    assert stored_template(stored, is_json=True) is template


def test_a_stored_text_that_is_not_json_is_refused() -> None:
    """What cannot be read back is no template."""
    with pytest.raises(BadTemplate):
        stored_template("{", is_json=True)


def test_liquid_is_not_loaded_without_a_template() -> None:
    """Importing templates alone loads nothing of the library."""
    script = (
        "import sys, gateway.domain.templates as templates\n"
        "assert 'liquid' not in sys.modules\n"
        "templates.compile_template('{{ a }}', is_json=False)\n"
        "assert 'liquid' in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own
