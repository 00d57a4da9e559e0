"""Reading a request's body: JSON, multipart or form, within limits, as plain values."""

import asyncio
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message as EmailMessage
from functools import lru_cache
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.types import Receive

from gateway.api import forms, problems
from gateway.api.intake import in_time, read_bytes, spend
from gateway.domain import errors
from gateway.domain.errors import BodyTooSlow, UnsupportedMediaType
from gateway.domain.json_text import loads

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
# Why a body in JSON may not be read.
UNREAD: Final = (
    errors.MalformedJson,
    errors.BodyTooSlow,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.Invalid,
)
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_SECONDS: Final = 60.0  # In which a body has to come.


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
        digest: SHA-256 of what was sent; `None` if it was not asked for.
    """

    fields: Mapping[str, object]
    files: Mapping[str, bytes] = field(default_factory=dict)
    typed: bool = True
    digest: bytes | None = None


async def read(
    receive: Receive,
    headers: Mapping[bytes, bytes],
    limits: Limits,
    *,
    digested: bool = False,
) -> Body:
    """Read a body by its Content-Type.

    Args:
        receive: Where it comes from.
        headers: Those of the request.
        limits: The largest that is read, and the longest that is waited for it.
        digested: Whether to take its digest.

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
            sizes = (limits.body, limits.attachment)
            async with asyncio.timeout(limits.seconds):
                form = await forms.multipart(receive, headers, sizes, digested=digested)
            return Body(form.fields, form.files, typed=False, digest=form.digest)
        raw = await in_time(read_bytes(receive, limits.body), limits.seconds)
    except TimeoutError as error:
        raise _too_slow(limits.seconds) from error
    digest = sha256(raw).digest() if digested else None
    if kind == JSON:
        return Body(an_object(loads(raw)), digest=digest)
    return Body(forms.urlencoded(raw).fields, typed=False, digest=digest)


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
    raw = await read_json(request, limit, is_needed=is_needed, seconds=seconds)
    return an_object(loads(raw)) if raw or is_needed else {}


async def read_json(
    request: Request, limit: int, *, is_needed: bool = True, seconds: float = _SECONDS
) -> bytes:
    """Read a body that is JSON by its Content-Type, and do not parse it.

    The rest is as with `read_object`.
    """
    try:
        raw = await in_time(read_bytes(request.receive, limit), seconds)
    except TimeoutError as error:
        raise _too_slow(seconds) from error
    if (raw or is_needed) and not _is_json(request.headers.get("content-type", "")):
        message = f"Send {JSON}, in UTF-8 (curl --json does)."
        raise UnsupportedMediaType(message)
    return raw


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


def _too_slow(seconds: float) -> BodyTooSlow:
    return BodyTooSlow(f"The body did not come within {seconds:g} s.")
