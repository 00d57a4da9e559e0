"""Forms: what a browser or `curl -d` and `curl -F` send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive
from typing_extensions import override

from gateway.api import problems
from gateway.api.intake import stream
from gateway.domain.errors import Invalid, UnsupportedMediaType
from gateway.domain.rules import MAX_RECIPIENTS

_MAX_FIELDS: Final = MAX_RECIPIENTS + 20  # `to` may be repeated.


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields, as text, and the bytes of its files.

    Attributes:
        digest: SHA-256 of its parts in the order of their names, whatever boundary
            was between them; `None` if it was not asked for.
    """

    fields: Mapping[str, object]
    files: Mapping[str, bytes] = field(default_factory=dict)
    digest: bytes | None = None


def urlencoded(raw: bytes) -> Form:
    """Return the fields of a form in percent-encoding.

    Raises:
        UnsupportedMediaType: It is JSON, sent as a form.
        Invalid: It is not UTF-8, has too many fields, or a field twice.
    """
    if raw.lstrip()[:1] in {b"{", b"["}:
        message = (
            "This is JSON, sent as a form: say Content-Type: application/json"
            " (curl --json does)."
        )
        raise UnsupportedMediaType(message)
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError as error:
        message = "The form cannot be read: it should be UTF-8, percent-encoded."
        raise Invalid(message) from error
    fields: dict[str, object] = {}
    for name, value in pairs:
        _add(fields, name, value)
    return Form(fields)


async def multipart(
    receive: Receive,
    headers: Mapping[bytes, bytes],
    limits: tuple[int, int],
    *,
    digested: bool = False,
) -> Form:
    """Read a multipart body (RFC 7578) with at most one file.

    Args:
        receive: Where the body comes from.
        headers: Those of the request; Content-Type has the boundary.
        limits: The largest body and the largest file, in bytes.
        digested: Whether to take its digest.

    Raises:
        PayloadTooLarge: Over a limit; noticed while reading, before the rest comes.
        Invalid: It cannot be read, or has a field twice.
    """
    largest, largest_file = limits
    parser = _Utf8Parser(
        Headers(raw=list(headers.items())),
        stream(receive, largest),
        max_files=1,
        max_fields=_MAX_FIELDS,
        # A part of text may be a message, or an attachment in base64.
        max_part_size=largest,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        message = (
            "The multipart body cannot be read: is its boundary right, its text UTF-8?"
        )
        raise Invalid(message) from error
    fields: dict[str, object] = {}
    files: dict[str, bytes] = {}
    parts: list[tuple[str, str, bytes]] = []
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = await _file(value, largest_file)
                parts.append((name, value.filename or "", files[name]))
            else:
                _add(fields, name, value)
                parts.append((name, "", value.encode()))
    finally:
        await form.close()
    return Form(fields, files, _digest(parts) if digested else None)


def _digest(parts: list[tuple[str, str, bytes]]) -> bytes:
    told = sorted(
        (name, filename, sha256(content).hexdigest())
        for name, filename, content in parts
    )
    return sha256(json.dumps(told).encode()).digest()


def _add(fields: dict[str, object], name: str, value: str) -> None:
    """Set a field; a second value makes a list of `to`, and is refused elsewhere."""
    if name not in fields:
        fields[name] = value
        return
    before = fields[name]
    if name != "to":
        detail = "It is given twice."
        raise problems.invalid(detail, at=f"/{name}")
    fields[name] = [*before, value] if isinstance(before, list) else [before, value]


class _Utf8Parser(MultiPartParser):
    """Refuses text that is not UTF-8 instead of taking it for Latin-1."""

    @override
    def on_part_end(self) -> None:
        try:
            self._current_part.data.decode("utf-8")
        except UnicodeDecodeError as error:
            message = "a part is not UTF-8"
            raise MultiPartException(message) from error
        super().on_part_end()


async def _file(part: UploadFile, limit: int) -> bytes:
    if part.size is not None and part.size > limit:
        raise problems.too_large(limit, what="The attachment")
    return await part.read()
