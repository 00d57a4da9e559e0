"""Forms in parts, as `curl -F` and browsers send them.

Source: RFC 7578, "Returning Values from Forms: multipart/form-data".
"""

import logging
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.domain.errors import Invalid

MAX_HEADERS: Final = 16  # Of a part.
MAX_HEADER_BYTES: Final = 2_048
MAX_PADDING: Final = 100

_QUIET: Final = logging.getLogger(__name__)  # What strangers break is no news.
_QUIET.setLevel(logging.CRITICAL)
# Names beyond ASCII as mail has them: not allowed here, and sent all the same.
_EXTENDED: Final = re.compile(
    r"[;\s](name|filename)\*\s*=\s*utf-8'[^']*'([^\s;]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Attributes:
        content_type: As it came, in lower case; empty if it has none.
        filename: Of a file, whatever its sender calls it; `None` for a field.
        content: The bytes of a field; of a file nothing.
        size: In bytes, of either.
    """

    name: str
    content_type: str
    filename: str | None
    content: bytes
    size: int


def parts_of(body: bytes, content_type: str, most: int) -> list[Part]:
    """Return the parts of a form, in their order.

    Args:
        body: All of it.
        content_type: Its Content-Type as it came; the boundary is in there.
        most: How many parts there may be.

    Raises:
        Invalid: It has no boundary, ends too early, or has more parts, or larger
            headers, than a form has; or a part has no name in UTF-8.
    """
    reader = _Reader(most)
    try:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not boundary:
            message = "The Content-Type has no boundary, so the parts cannot be told."
            raise Invalid(message)
        _refuse_slow(body, boundary, most)
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_header_field": reader.header_name,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_headers_finished": reader.headers_end,
                "on_part_data": reader.content,
                "on_part_end": reader.end,
                "on_end": reader.finish,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )
        parser.logger = _QUIET
        parser.write(body)
    except (FormParserError, UnicodeError) as error:
        raise _unreadable() from error
    if not reader.is_whole:
        message = "The body ends before its last boundary."
        raise Invalid(message)
    return reader.parts


@dataclass(slots=True)
class _Reader:
    """Makes parts of what the parser finds."""

    most: int
    parts: list[Part] = field(default_factory=list)
    is_whole: bool = False
    _count: int = 0
    _headers: dict[str, str] = field(default_factory=dict)
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _content: bytearray = field(default_factory=bytearray)
    _names: dict[str, str] = field(default_factory=dict)
    _size: int = 0

    def begin(self) -> None:
        self._count += 1
        if self._count > self.most:
            raise _too_many(self.most)
        self._headers.clear()
        self._content.clear()
        self._size = 0

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name = self._name.decode("latin-1").lower()
        self._headers.setdefault(name, self._value.decode("latin-1"))
        self._name.clear()
        self._value.clear()

    def headers_end(self) -> None:
        self._names = _names(self._headers.get("content-disposition", ""))

    def content(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if "filename" not in self._names:
            self._content += data[start:end]

    def end(self) -> None:
        name = self._names.get("name")
        if name is None:
            message = "A part of the form has no name."
            raise Invalid(message)
        kind = self._headers.get("content-type", "").strip().lower()
        filename, content = self._names.get("filename"), bytes(self._content)
        self.parts.append(Part(name, kind, filename, content, self._size))

    def finish(self) -> None:
        self.is_whole = True


def _names(disposition: str) -> dict[str, str]:
    """Return the `name` of a part and its `filename`, those that it has."""
    extended = _EXTENDED.findall(disposition)
    names = {name.lower(): unquote(value, errors="replace") for name, value in extended}
    _, options = parse_options_header(disposition)
    for name in ("name", "filename"):
        value = options.get(name.encode())
        if value is not None:  # What browsers and curl write for a quotation mark.
            names[name] = value.decode().replace("%22", '"')
    return names


def _refuse_slow(body: bytes, boundary: bytes, most: int) -> None:
    """Refuse what would be read byte by byte.

    That is white space after a boundary, and what only begins like one.
    """
    line = b"--" + boundary
    if body.count(line) > most + 1:
        raise _too_many(most)
    if re.search(re.escape(line) + rb"[ \t]{%d}" % MAX_PADDING, body):
        raise _unreadable()


def _too_many(most: int) -> Invalid:
    return Invalid(f"A form has at most {most} parts.")


def _unreadable() -> Invalid:
    return Invalid(
        "The parts of the form cannot be read: is the boundary right, are the headers"
        " short, the names in UTF-8?"
    )
