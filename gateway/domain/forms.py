"""Forms of third parties, of either kind, as an object of their fields."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import Final
from urllib.parse import parse_qsl

from gateway.domain.charsets import codec_of, decoded, stated
from gateway.domain.errors import Invalid, MalformedJson
from gateway.domain.json_text import loads
from gateway.domain.multipart import Part, parts_of

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MAX_FIELDS: Final = 1_000

_NAMING: Final = frozenset({"charset", "_charset_"})  # Fields that name their charset.


def fields_of(text: str, content_type: str = "") -> dict[str, object]:
    """Return the fields of a form in percent-encoding, or of a query.

    All are text; one that comes several times has an array. They are UTF-8, or if they
    are not in the charset that is named.

    Raises:
        Invalid: They are in no charset that is named, or more than `MAX_FIELDS`.
    """
    for codec in chain(["utf-8"], _codecs(text, content_type)):
        with suppress(UnicodeDecodeError):
            return _gathered(_pairs(text, codec))
    raise _unreadable()


def parted_fields_of(body: bytes, content_type: str) -> dict[str, object]:
    """Return the fields of a form in parts.

    A file is told by its `filename`, `content_type` and `size`, without its bytes, and
    so is what is no text; a part that says that it is JSON is that JSON.

    Args:
        body: The form.
        content_type: Its Content-Type as it came.

    Raises:
        Invalid: It cannot be read, or has more than `MAX_FIELDS` parts.
        MalformedJson: A part that says that it is JSON is none.
        UnsupportedMediaType: A part names a charset that is not read.
    """
    parts = parts_of(body, content_type, MAX_FIELDS)
    charsets, usual = _charsets(parts), _usual(parts)
    told = ((part.name, _said(part, charsets.get(part.name, usual))) for part in parts)
    return _gathered(told)


def is_text(kind: str) -> bool:
    """Whether a media type, in lower case, is one of text that people read."""
    return (
        kind.startswith("text/") or kind == "application/xml" or kind.endswith("+xml")
    )


def _charsets(parts: Iterable[Part]) -> Mapping[str, object]:
    """Return the charsets of fields that mail was made to, by their names.

    Source: SendGrid, "Inbound Email Parse Webhook": the field `charsets`.
    """
    for part in parts:
        if part.name == "charsets" and part.filename is None:
            with suppress(MalformedJson):
                found = loads(part.content)
                return found if isinstance(found, dict) else {}
    return {}


def _usual(parts: Iterable[Part]) -> str:
    """Return the charset of fields that have none of their own (RFC 7578 §4.6)."""
    stated = (part.content for part in parts if part.name == "_charset_")
    return next(stated, b"")[:40].decode("latin-1")


def _said(part: Part, charset: object) -> object:
    """Return what a part says; of what is no text, what it is."""
    known = {"content_type": part.content_type or "text/plain", "size": part.size}
    if part.filename is not None:
        return {"filename": part.filename, **known}
    kind = part.content_type.partition(";")[0].strip()
    if kind == "application/json" or kind.endswith("+json"):
        return loads(part.content)
    named = part.content_type
    if not stated(named) and isinstance(charset, str) and codec_of(charset):
        named = f"{named}; charset={charset.strip().lower()}"
    try:
        return decoded(part.content, named)
    except UnicodeDecodeError as error:
        if kind and not is_text(kind):
            return known
        message = f"The field {part.name[:100]} is not text in its charset."
        raise Invalid(message) from error


def _codecs(text: str, content_type: str) -> Iterable[str]:
    """Return those in which a form may be that is not in UTF-8.

    Source: PayPal, "Instant Payment Notification": the field `charset`; HTML, "Form
    submission": the field `_charset_`.
    """
    named: dict[str, str] = {}
    for name, value in _pairs(text, "latin-1"):
        if name in _NAMING:  # Of each the first: the form is read anew for it.
            named.setdefault(name, value)
    codecs = map(codec_of, [stated(content_type), *named.values()])
    return dict.fromkeys(codec for codec in codecs if codec is not None)


def _pairs(text: str, codec: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text,
            keep_blank_values=True,
            encoding=codec,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise _unreadable() from error


def _unreadable() -> Invalid:
    return Invalid(
        "The fields cannot be read: they should be UTF-8, percent-encoded, and at"
        f" most {MAX_FIELDS}."
    )


def _gathered(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return an object of fields; one that came several times has an array."""
    fields: dict[str, list[object]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in fields.items()
    }
