"""Forms become fields and files, and have a digest that says which form it was."""

import pytest
from starlette.types import Message, Receive

from gateway.api import forms
from gateway.api.forms import Form
from gateway.domain.errors import Invalid

LIMITS = (10_000, 1000)


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """Return one part of a multipart body, from its headers on."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


async def sent(*parts: bytes, boundary: str = "b") -> Form:
    """Read a multipart body made of these parts, with its digest."""
    line = b"--" + boundary.encode()
    raw = b"".join(line + b"\r\n" + each for each in parts) + line + b"--\r\n"
    headers = {b"content-type": f"multipart/form-data; boundary={boundary}".encode()}
    return await forms.multipart(receiving(raw), headers, LIMITS, digested=True)


def receiving(raw: bytes) -> Receive:
    """Return the server's side of a request with this body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


TO, TEXT = part("to", b"alice"), part("text", b"hi")
FILE = part("attachment", b"\x00\xff", "x.bin")


async def test_a_form_sent_again_has_the_same_digest() -> None:
    """Its boundary and the order of its parts are its sender's library's affair."""
    one = await sent(TO, TEXT, FILE)
    again = await sent(FILE, TEXT, TO, boundary="another")

    assert one.digest is not None
    assert one.digest == again.digest


@pytest.mark.parametrize(
    "parts",
    [
        (TO, TEXT),
        (TO, part("text", b"ho"), FILE),
        (part("TO", b"alice"), TEXT, FILE),
        (TO, TEXT, part("attachment", b"\x00\xfe", "x.bin")),
        (TO, TEXT, part("attachment", b"\x00\xff", "y.bin")),
        (TO, TO, TEXT, FILE),
    ],
)
async def test_another_form_has_another_digest(parts: tuple[bytes, ...]) -> None:
    """Every name, every value, every file and its name count."""
    one = await sent(TO, TEXT, FILE)
    other = await sent(*parts)

    assert one.digest != other.digest


async def test_without_asking_there_is_no_digest() -> None:
    """It costs time that nobody needs."""
    headers = {b"content-type": b"multipart/form-data; boundary=b"}
    raw = b"--b\r\n" + TO + b"--b--\r\n"

    form = await forms.multipart(receiving(raw), headers, LIMITS)

    assert form == Form({"to": "alice"}, {})


def test_a_form_has_at_most_as_many_fields_as_make_sense() -> None:
    """Each costs memory."""
    with pytest.raises(Invalid):
        forms.urlencoded(b"&".join([b"to=a"] * 200))
