"""Format, template and content type fit each other, or are found wrong."""

from collections.abc import Mapping

import pytest

from gateway.delivery.looks import Look, read_look, shown_template
from gateway.domain.errors import Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import Format


def read(body: Mapping[str, object], default: Format = Format.ENVELOPE) -> Look:
    """Return the look that a body asks for."""
    fields = Fields(body)
    look = read_look(fields, default)
    fields.finish()
    return look


@pytest.mark.parametrize("default", [Format.ENVELOPE, Format.FLAT])
def test_the_default_is_given(default: Format) -> None:
    """What nobody asks for is what the caller of the rules says."""
    assert read({}, default) == Look(default)


@pytest.mark.parametrize("word", ["envelope", "flat", "cloudevents"])
def test_a_format_is_its_word(word: str) -> None:
    """None of them has a template."""
    assert read({"format": word}) == Look(Format(word))


@pytest.mark.parametrize("further", [{}, {"format": "template"}, {"format": None}])
def test_a_template_makes_the_format(further: Mapping[str, object]) -> None:
    """It is kept as compact JSON text that every store can hold."""
    value = {"text": "{{ text }} — \ud800\x00", "blocks": [1, None, ["x"]]}

    look = read({"template": value, **further}, Format.FLAT)

    assert look.format is Format.TEMPLATE
    assert look.template is not None
    assert look.template.isascii()
    assert look.template.endswith('"blocks":[1,null,["x"]]}')
    assert shown_template(look.template) == value


def test_a_template_that_is_text_has_a_content_type() -> None:
    """For it alone nobody knows what it makes."""
    look = read({"template": "{{ text }}", "content_type": "text/plain; charset=utf-8"})

    assert look.template == '"{{ text }}"'
    assert look.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"format": "xml"}, "/format"),
        ({"format": "template"}, "/template"),
        ({"format": "flat", "template": {}}, "/format"),
        ({"template": 5}, "/template"),
        ({"template": False}, "/template"),
        ({"template": {"a": float("nan")}}, "/template"),
        ({"template": {"blocks": [{"text": "{% if %}"}]}}, "/template/blocks/0/text"),
        ({"template": {"a/b": "{{ x | nothing }}"}}, "/template/a~1b"),
        ({"template": "{{ x"}, "/content_type"),
        ({"template": "x"}, "/content_type"),
        ({"template": "x", "content_type": "text"}, "/content_type"),
        ({"template": "x", "content_type": "text/plain\r\nx: y"}, "/content_type"),
        ({"template": "x", "content_type": "text/plain; é"}, "/content_type"),
        ({"template": "x", "content_type": "a/" + "b" * 199}, "/content_type"),
        ({"template": {}, "content_type": "text/plain"}, "/content_type"),
        ({"content_type": "text/plain"}, "/content_type"),
    ],
)
def test_what_does_not_fit_is_refused(body: Mapping[str, object], pointer: str) -> None:
    """The place is named, inside of the template too."""
    with pytest.raises(Invalid) as caught:
        read(body)

    assert pointer in [error.pointer for error in caught.value.errors]


def test_the_place_in_a_bad_template_is_said() -> None:
    """A person finds it by its line."""
    with pytest.raises(Invalid, match="line 2"):
        read({"template": {"text": "fine\n{% if %}"}})
