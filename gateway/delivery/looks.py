"""What the body of a delivery looks like, as a webhook asks for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.fields import Fields
from gateway.domain.model import Format
from gateway.domain.templates import BadTemplate, compile_template

CONTENT_TYPE_CHARACTERS = 200

# RFC 9110, section 8.3.1: type and subtype are tokens, parameters may follow.
_MEDIA_TYPE = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+"
    r"(?:[ \t]*;[\x20-\x7e]*)?"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What the body of a delivery looks like.

    Attributes:
        template: The template's JSON value, as compact text in ASCII.
        content_type: Of a template that is one string.
    """

    format: Format
    template: str | None = None
    content_type: str | None = None


def read_look(fields: Fields, default: Format = Format.ENVELOPE) -> Look:
    """Read `format`, `template` and `content_type`; they must fit each other.

    Args:
        fields: What is asked for.
        default: The format if neither it nor a template is given.
    """
    value = fields.value("template")
    if value is None:
        return _without_template(fields, default)
    if fields.choice("format", Format.TEMPLATE) is not Format.TEMPLATE:
        fields.wrong("format", 'With a template it is "template", or left out.')
    return Look(Format.TEMPLATE, _template(fields, value), _content_type(fields, value))


def shown_template(template: str | None) -> object:
    """Return a template as the JSON value that was asked for."""
    return None if template is None else json.loads(template)


def _without_template(fields: Fields, default: Format) -> Look:
    chosen = fields.choice("format", default)
    if chosen is Format.TEMPLATE:
        fields.wrong("template", 'It is required for the format "template".')
    if not fields.is_absent("content_type"):
        fields.wrong("content_type", "Only a template that is a string has one.")
    return Look(chosen)


def _template(fields: Fields, value: object) -> str | None:
    if not isinstance(value, Mapping | list | str):
        fields.wrong("template", "It is an object, an array or a string.")
        return None
    try:
        compile_template(value, is_json=not isinstance(value, str))
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except BadTemplate as error:
        fields.wrong_within("template", error.pointer, f"{error}.")
    except ValueError:
        fields.wrong("template", "It has a number that JSON has not, such as NaN.")
    return None


def _content_type(fields: Fields, template: object) -> str | None:
    if not isinstance(template, str):
        if not fields.is_absent("content_type"):
            detail = "Only a template that is a string has one; this one makes JSON."
            fields.wrong("content_type", detail)
        return None
    name, longest = "content_type", CONTENT_TYPE_CHARACTERS
    given = fields.text(name, longest=longest, required=True)
    if given is not None and not _MEDIA_TYPE.fullmatch(given):
        fields.wrong(name, "It is a media type, such as text/plain; charset=utf-8.")
    return given
