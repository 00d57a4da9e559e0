"""Reading a request's body: JSON, multipart or form, within limits, as plain values."""

import asyncio
import contextlib
import json
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message as EmailMessage
from functools import lru_cache
from types import coroutine
from typing import Final, NoReturn
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive
from typing_extensions import override

from gateway.api import problems
from gateway.domain.errors import (
    BodyTooSlow,
    Invalid,
    MalformedJson,
    UnsupportedMediaType,
)
from gateway.domain.rules import MAX_RECIPIENTS

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
# A refused body is taken in up to these, so that its sender sees the refusal.
SPENT_BYTES: Final = 1024**2
SPENT_SECONDS: Final = 2.0
_SECONDS: Final = 60.0  # In which a body has to come.
_MAX_FIELDS: Final = MAX_RECIPIENTS + 20  # `to` may be repeated.


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest that is read, in bytes, and the longest that is waited for it.

    Attributes:
        body: A whole request.
        message: The message object as compact JSON.
        attachment: An attachment, decoded.
        seconds: How long a whole body may take to come.
    """

    body: int = 10 * 1024**2
    message: int = 256 * 1024
    attachment: int = 5 * 1024**2
    seconds: float = _SECONDS


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a request's body.

    Attributes:
        fields: Values as JSON has them, or text if they came in a form.
        files: Bytes of the parts of a multipart body that were files.
        typed: Whether the fields have JSON's types; in a form all is text.
    """

    fields: Mapping[str, object]
    files: Mapping[str, bytes] = field(default_factory=dict)
    typed: bool = True


async def read(
    receive: Receive, headers: Mapping[bytes, bytes], limits: Limits
) -> Body:
    """Read a body by its Content-Type.

    Raises:
        UnsupportedMediaType: A Content-Type or charset that is not read here.
        BodyTooSlow: It did not come in time.
        PayloadTooLarge: Over a limit; noticed while reading, before the rest comes.
        MalformedJson: Not JSON in UTF-8, or numbers and text that JSON can't hold.
        Invalid: Not a JSON object, or a form that cannot be read.
    """
    try:
        kind = media_type(headers.get(b"content-type", b""))
    except UnsupportedMediaType:
        await spend(receive)
        raise
    try:
        if kind == MULTIPART:
            async with asyncio.timeout(limits.seconds):
                return await _multipart(receive, headers, limits)
        raw = await _in_time(read_bytes(receive, limits.body), limits.seconds)
    except TimeoutError as error:
        raise _too_slow(limits.seconds) from error
    if kind == JSON:
        return Body(an_object(loads(raw)))
    return _form(raw)


async def read_object(
    request: Request, limit: int, *, is_needed: bool = True, seconds: float = _SECONDS
) -> Mapping[str, object]:
    """Read a JSON object; an empty one if there is no body and none is needed.

    Args:
        request: The request.
        limit: The largest body that is read, in bytes.
        is_needed: Whether there has to be one.
        seconds: How long it may take to come.

    Raises:
        UnsupportedMediaType: Not JSON by its Content-Type.
        BodyTooSlow: It did not come in time.
        PayloadTooLarge: Over the limit.
        MalformedJson: Not JSON in UTF-8.
        Invalid: Not a JSON object.
    """
    try:
        raw = await _in_time(read_bytes(request.receive, limit), seconds)
    except TimeoutError as error:
        raise _too_slow(seconds) from error
    if not raw and not is_needed:
        return {}
    if not _is_json(request.headers.get("content-type", "")):
        message = f"Send {JSON}, in UTF-8 (curl --json does)."
        raise UnsupportedMediaType(message)
    return an_object(loads(raw))


async def spend(receive: Receive) -> None:
    """Take in and forget what is left of a body, within reason.

    The server closes a connection that is not to be kept once it has answered; were
    the body still on its way, its sender would see that and not the answer.
    """
    size, more = 0, True
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(SPENT_SECONDS):
            while more and size <= SPENT_BYTES:
                message = await receive()
                size += len(_chunk(message))
                more = message.get("more_body", False)


async def _in_time(reading: Coroutine[object, None, bytes], seconds: float) -> bytes:
    """Await a reading; `TimeoutError` if it does not end in time.

    Most bodies are here when they are asked for. The time is taken only of those that
    are not: to begin and end a time-out costs more than to parse a message.
    """
    try:
        awaited = reading.send(None)
    except StopIteration as done:
        whole: bytes = done.value
        return whole
    async with asyncio.timeout(seconds):
        return await _resumed(reading, awaited)


@coroutine
def _resumed(
    begun: Coroutine[object, None, bytes], awaited: object
) -> Generator[object, None, bytes]:
    """Go on with a coroutine that was begun, and awaits something already."""
    with closing(begun):  # as it is after its end; before, if we are cancelled
        yield awaited
        return (yield from begun.__await__())


async def read_bytes(receive: Receive, limit: int) -> bytes:
    """Read a whole body; `PayloadTooLarge` as soon as it is over the limit."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise problems.too_large(limit, what="The body")
        return whole
    chunks = [_chunk(message)]
    size = len(chunks[0])
    while message.get("more_body", False):
        if size > limit:
            raise problems.too_large(limit, what="The body")
        message = await receive()
        chunks.append(_chunk(message))
        size += len(chunks[-1])
    if size > limit:
        raise problems.too_large(limit, what="The body")
    return b"".join(chunks)


@lru_cache(maxsize=64)
def media_type(content_type: bytes) -> str:
    """Return which of the three kinds it is; else raise `UnsupportedMediaType`."""
    parsed = EmailMessage()
    parsed["content-type"] = content_type.decode("latin-1")
    kind = parsed.get_content_type() if content_type else ""
    if parsed.get_content_charset("") not in _CHARSETS:
        message = "Only UTF-8 is read; send the body in UTF-8."
        raise UnsupportedMediaType(message)
    if kind == JSON or (kind.startswith("application/") and kind.endswith("+json")):
        return JSON
    if kind in {FORM, MULTIPART}:
        return kind
    message = f"Send {JSON}, {MULTIPART} or {FORM}; not {kind or 'nothing'}."
    raise UnsupportedMediaType(message)


def _is_json(content_type: str) -> bool:
    try:
        return media_type(content_type.encode("latin-1")) == JSON
    except UnsupportedMediaType:
        return False


def loads(raw: bytes | str) -> object:
    """Parse JSON; `MalformedJson` for all that is not JSON in UTF-8.

    NaN, Infinity, numbers beyond a double, lone surrogates and nesting beyond the
    interpreter's depth are refused: they could not be said to others.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        parsed: object = json.loads(text, parse_constant=_refuse_constant)
        if "\\ud" in text or "\\uD" in text:
            dumps(parsed).encode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8 at byte {error.start}."
        raise MalformedJson(message) from error
    except UnicodeEncodeError as error:
        message = "The body has half of a surrogate pair, which is not text."
        raise MalformedJson(message) from error
    except RecursionError as error:
        message = "The body is nested too deeply."
        raise MalformedJson(message) from error
    except json.JSONDecodeError as error:
        message = f"{error.msg}, line {error.lineno} column {error.colno}."
        raise MalformedJson(message) from error
    except ValueError as error:
        message = f"The body is not JSON: {error}."
        raise MalformedJson(message) from error
    return parsed


def dumps(value: object) -> str:
    """Return compact JSON text; `MalformedJson` for a number that JSON can't hold."""
    try:
        return _encode(value)
    except RecursionError as error:
        message = "The body is nested too deeply."
        raise MalformedJson(message) from error
    except ValueError as error:
        message = "The body has a number that JSON cannot hold."
        raise MalformedJson(message) from error


def an_object(parsed: object, pointer: str = "") -> Mapping[str, object]:
    """Return a JSON value if it is an object; else `Invalid`."""
    if not isinstance(parsed, dict):
        detail = "It should be a JSON object."
        raise problems.invalid(detail, at=pointer)
    return parsed


def base64(text: str, limit: int, pointer: str) -> bytes:
    """Decode base64 (RFC 4648 §4); its size is checked before it is decoded."""
    if len(text) // 4 * 3 - text[-2:].count("=") > limit:
        raise problems.too_large(limit, what="The attachment")
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        detail = "It should be base64, with padding and without line breaks."
        raise problems.invalid(detail, at=pointer) from error


_encode: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def _too_slow(seconds: float) -> BodyTooSlow:
    return BodyTooSlow(f"The body did not come within {seconds:g} s.")


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a number in JSON"
    raise ValueError(message)


def _chunk(message: Mapping[str, object]) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body = message.get("body", b"")
    return body if isinstance(body, bytes) else b""


def _form(raw: bytes) -> Body:
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
    return Body(fields, typed=False)


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


async def _multipart(
    receive: Receive, headers: Mapping[bytes, bytes], limits: Limits
) -> Body:
    parser = _Utf8Parser(
        Headers(raw=list(headers.items())),
        _stream(receive, limits.body),
        max_files=1,
        max_fields=_MAX_FIELDS,
        # A part of text may be a message, or an attachment in base64.
        max_part_size=limits.body,
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
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = await _file(value, limits.attachment)
            else:
                _add(fields, name, value)
    finally:
        await form.close()
    return Body(fields, files, typed=False)


async def _file(part: UploadFile, limit: int) -> bytes:
    if part.size is not None and part.size > limit:
        raise problems.too_large(limit, what="The attachment")
    return await part.read()


async def _stream(receive: Receive, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    more = True
    while more:
        message = await receive()
        chunk = _chunk(message)
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise problems.too_large(limit, what="The body")
        yield chunk
    yield b""
