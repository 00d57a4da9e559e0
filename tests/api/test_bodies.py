"""Any bytes become plain values or a named refusal."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256

import pytest
from hypothesis import given, strategies
from starlette.requests import Request
from starlette.types import Message, Receive

from gateway.api import bodies
from gateway.api.bodies import FORM, JSON, Body, Limits
from gateway.domain.errors import (
    BodyTooSlow,
    Invalid,
    MalformedJson,
    PayloadTooLarge,
    Rejected,
    UnsupportedMediaType,
)

SMALL = Limits(body=1000, message=100, attachment=10)


def receiving(*chunks: bytes) -> Receive:
    """Return the server's side of a request whose body comes in these chunks."""
    messages = [
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
        for place, chunk in enumerate(chunks, 1)
    ]
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    return receive


async def read(content_type: str, *chunks: bytes, limits: Limits = SMALL) -> Body:
    """Read a body of that type."""
    headers = {b"content-type": content_type.encode()}
    return await bodies.read(receiving(*chunks), headers, limits)


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """Return one part of a multipart body with the boundary `b`."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


MULTIPART = "multipart/form-data; boundary=b"
END = b"--b--\r\n"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", "application/ld+json"],
)
async def test_json_is_read_as_it_is(content_type: str) -> None:
    """All kinds of JSON give typed fields."""
    body = await read(content_type, b'{"to":"al', b'ice","ttl":5}')

    assert body == Body({"to": "alice", "ttl": 5}, {}, typed=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\uD800x"}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xe9"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\n"}',
    ],
)
async def test_what_is_not_json_in_utf_8_is_malformed(raw: bytes) -> None:
    """Not JSON, not UTF-8, and what JSON cannot hold are all the same refusal."""
    with pytest.raises(MalformedJson):
        await read(JSON, raw, limits=Limits())


async def test_deep_json_is_malformed() -> None:
    """Nesting beyond the interpreter's depth is refused, not suffered."""
    with pytest.raises(MalformedJson):
        await read(JSON, b"[" * 200_000, limits=Limits())


async def test_json_that_is_no_object_is_invalid() -> None:
    """A list or a number has no fields."""
    with pytest.raises(Invalid):
        await read(JSON, b"[]")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/xml", "nonsense", "image/png"]
)
async def test_other_types_are_refused(content_type: str) -> None:
    """What is not read here says so, and a missing type too."""
    with pytest.raises(UnsupportedMediaType):
        await read(content_type, b"{}")


@pytest.mark.parametrize("kind", [JSON, FORM])
async def test_other_charsets_are_refused(kind: str) -> None:
    """Only UTF-8 is read."""
    with pytest.raises(UnsupportedMediaType):
        await read(f"{kind}; charset=iso-8859-1", b"{}")


async def test_a_form_is_text_and_may_repeat_to() -> None:
    """Values are percent-decoded; several `to` make a list."""
    body = await read(FORM, "to=a&to=b&to=c&text=hi+%C3%A9+é".encode())

    assert body == Body({"to": ["a", "b", "c"], "text": "hi é é"}, {}, typed=False)


@pytest.mark.parametrize("raw", [b"text=a&text=b", b"text=%ff", b"text=\xff"])
async def test_a_form_that_cannot_be_read_is_invalid(raw: bytes) -> None:
    """A field given twice, or bytes that are not UTF-8, are refused."""
    with pytest.raises(Invalid):
        await read(FORM, raw)


async def test_json_sent_as_a_form_is_told_about_curl() -> None:
    """`curl -d '{…}'` sends a form; the refusal says what to do instead."""
    with pytest.raises(UnsupportedMediaType, match="curl --json"):
        await read(FORM, b' {"to":"alice"}')


async def test_multipart_gives_fields_and_a_file() -> None:
    """A file's bytes come as they are, whatever they are."""
    raw = part("to", b"alice") + part("attachment", b"\x00\xff", "x.bin") + END

    body = await read(MULTIPART, raw[:70], raw[70:])

    assert body == Body({"to": "alice"}, {"attachment": b"\x00\xff"}, typed=False)


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("multipart/form-data", part("to", b"a") + END),
        (MULTIPART, b"garbage"),
        (MULTIPART, part("to", b"\xff\xfe") + END),
        (MULTIPART, part("a", b"", "x") + part("b", b"", "y") + END),
        (MULTIPART, part("text", b"a") + part("text", b"b") + END),
    ],
)
async def test_multipart_that_cannot_be_read_is_invalid(
    content_type: str, raw: bytes
) -> None:
    """No boundary, no parts, no UTF-8, two files or a field twice."""
    with pytest.raises(Invalid):
        await read(content_type, raw)


@pytest.mark.parametrize(
    ("content_type", "chunks"),
    [
        (JSON, [b"x" * 1001]),
        (JSON, [b"x" * 600, b"x" * 600, b"x" * 600]),
        (JSON, [b"x" * 600, b"x" * 600]),
        (FORM, [b"x" * 600, b"x" * 600]),
        (MULTIPART, [part("text", b"x" * 600), b"x" * 600]),
    ],
)
async def test_a_body_over_the_limit_is_refused(
    content_type: str, chunks: list[bytes]
) -> None:
    """Whether or not its length was announced, and with the limit told."""
    with pytest.raises(PayloadTooLarge) as refused:
        await read(content_type, *chunks)

    assert refused.value.facts == {"limit": 1000}


async def test_a_file_over_the_limit_is_refused() -> None:
    """A part is held to the limit of attachments."""
    raw = part("attachment", b"x" * 11, "x") + END

    with pytest.raises(PayloadTooLarge) as refused:
        await read(MULTIPART, raw)

    assert refused.value.facts == {"limit": 10}


@pytest.mark.parametrize("content_type", [JSON, FORM, MULTIPART])
async def test_a_body_that_does_not_come_is_not_waited_for(content_type: str) -> None:
    """Whoever sends a byte a minute would hold the connection for ever."""

    async def never() -> Message:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # never

    with pytest.raises(BodyTooSlow):
        await bodies.read(
            never, {b"content-type": content_type.encode()}, Limits(seconds=0.01)
        )


async def test_an_object_that_does_not_come_is_not_waited_for() -> None:
    """Nor one that is not needed."""

    async def never() -> Message:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # never

    with pytest.raises(BodyTooSlow):
        await bodies.read_object(
            Request({"type": "http", "headers": []}, never),
            1000,
            is_needed=False,
            seconds=0.01,
        )


@pytest.mark.parametrize(
    "content_type", [None, FORM, MULTIPART, "text/plain", "application/json;charset=x"]
)
async def test_where_json_alone_is_read_nothing_else_is_named(
    content_type: str | None,
) -> None:
    """Whoever sends a form by mistake is told what to send, and how."""
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    request = Request({"type": "http", "headers": headers}, receiving(b'{"a":1}'))

    with pytest.raises(UnsupportedMediaType) as refused:
        await bodies.read_object(request, 1000)

    assert str(refused.value).startswith(f"Send {JSON}, in UTF-8 (curl --json")


async def test_the_body_of_a_type_that_is_not_read_is_taken_in() -> None:
    """Its sender sees the refusal, and not a connection that breaks while it writes."""
    coming = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b", "more_body": False},
    ]

    async def receive() -> Message:
        return coming.pop(0)

    with pytest.raises(UnsupportedMediaType):
        await bodies.read(receive, {b"content-type": b"text/plain"}, SMALL)

    assert coming == []


async def test_a_digest_is_taken_only_if_it_is_asked_for() -> None:
    """It is that of the bytes, and of nothing that was made of them."""
    raw = b'{"to":"alice"}'
    headers = {b"content-type": JSON.encode()}

    plain = await bodies.read(receiving(raw), headers, SMALL)
    digested = await bodies.read(receiving(raw), headers, SMALL, digested=True)

    assert plain.digest is None
    assert digested.digest == sha256(raw).digest()


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [(FORM, b"to=alice&text=hi"), (MULTIPART, part("to", b"alice") + END)],
)
async def test_forms_have_a_digest_too(content_type: str, raw: bytes) -> None:
    """The same form has the same one."""
    headers = {b"content-type": content_type.encode()}

    one = await bodies.read(receiving(raw), headers, SMALL, digested=True)
    again = await bodies.read(
        receiving(raw[:9], raw[9:]), headers, SMALL, digested=True
    )

    assert one.digest is not None
    assert one == again


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("YQ==", 1), ("YWI=", 2), ("YWJj", 3)]
)
def test_base64_is_decoded(text: str, size: int) -> None:
    """A size up to the limit is decoded."""
    decoded = bodies.base64(text, size, "/attachment")

    assert len(decoded) == size


def test_base64_is_measured_before_it_is_decoded() -> None:
    """What is too large need not even be base64 to be refused for its size."""
    with pytest.raises(PayloadTooLarge):
        bodies.base64("!" * 100, 10, "/attachment")


@pytest.mark.parametrize("text", ["YQ", "YQ==\n", "Y-_=", "é===", "YWJj Y"])
def test_what_is_not_base64_is_pointed_at(text: str) -> None:
    """Missing padding, line breaks and the URL alphabet are refused."""
    with pytest.raises(Invalid) as refused:
        bodies.base64(text, 100, "/attachment")

    assert refused.value.errors[0].pointer == "/attachment"


@given(
    strategies.dictionaries(
        strategies.sampled_from([b"content-type", b"content-length"]),
        strategies.binary(max_size=60),
    ),
    strategies.binary(max_size=100),
)
async def test_any_request_gives_a_body_or_a_refusal(
    headers: Mapping[bytes, bytes], raw: bytes
) -> None:
    """No headers and bytes make an exception that is not ours."""
    try:
        body = await bodies.read(receiving(raw), headers, SMALL)
    except Rejected:
        return

    assert isinstance(body, Body)
