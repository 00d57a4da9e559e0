"""Forms in parts: whatever came, they are parts or a named refusal."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import Invalid
from gateway.domain.multipart import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_PADDING,
    Part,
    parts_of,
)

FORM = "multipart/form-data; boundary=b"
MOST = 5
END = b"--b--\r\n"


def part(disposition: str, content: bytes = b"", *headers: str) -> bytes:
    """Return a part as it is sent, and the boundary before it."""
    first = f"Content-Disposition: form-data; {disposition}"
    lines = "\r\n".join(["--b", first, *headers, "", ""])
    return lines.encode() + content + b"\r\n"


def read(*parts: bytes, content_type: str = FORM) -> list[Part]:
    """Return the parts of a form that ends well."""
    return parts_of(b"".join(parts) + END, content_type, MOST)


def test_parts_come_in_their_order() -> None:
    """A field has its bytes; a file is known by its size alone."""
    told = read(
        part('name="a"', b"1\r\n2"),
        part('name="up"; filename="x.png"', b"\x89PNG", "content-type: image/PNG"),
        part('name="a"', b""),
    )

    assert told == [
        Part("a", "", None, b"1\r\n2", 4),
        Part("up", "image/png", "x.png", b"", 4),
        Part("a", "", None, b"", 0),
    ]


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        ('name="é 😀"', "é 😀", None),
        ("name=bare", "bare", None),
        ('name=""', "", None),
        ('name="a\\"b; c"', 'a"b; c', None),
        ('name="a"; filename=""', "a", ""),
        ('filename="größer.txt"; name="a"', "a", "größer.txt"),
        ("name=\"a\"; filename*=utf-8''gr%C3%B6%C3%9Fer.txt", "a", "größer.txt"),
        ('name="a"; filename="x"; filename*=UTF-8\'en\'y', "a", "x"),
        ("name*=utf-8''gr%C3%BCn", "grün", None),
        ('name="a%22"; filename="%22b%22 %41"', 'a"', '"b" %41'),
        ('name="a"; filename="C:\\dir\\x.txt"', "a", "x.txt"),
    ],
)
def test_names_are_read_as_senders_write_them(
    disposition: str, name: str, filename: str | None
) -> None:
    """In UTF-8, quoted or not, and beyond ASCII as mail has them."""
    (told,) = read(part(disposition))

    assert (told.name, told.filename) == (name, filename)


@pytest.mark.parametrize(
    "content_type",
    ['multipart/form-data; boundary="b"', "Multipart/Form-Data; charset=x;boundary=b"],
)
def test_the_boundary_may_be_quoted(content_type: str) -> None:
    """And stand among other parameters."""
    assert read(part('name="a"'), content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        END,
        b"\r\n" + part('name="a"') + b"--b--",
        part('name="a"') + END + b"whatever comes then",
    ],
)
def test_what_surrounds_the_parts_is_nothing(body: bytes) -> None:
    """Empty lines before them, and anything after them; there may be none."""
    assert len(parts_of(body, FORM, MOST)) <= 1


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "b" * 300,
        "multipart/form-data; boundary=c",
        "multipart/form-data; boundary=b, multipart/form-data",
        "multipart/form-data; boundary=€",
    ],
)
def test_without_its_boundary_a_form_is_invalid(content_type: str) -> None:
    """None, an endless one, or another."""
    with pytest.raises(Invalid):
        read(part('name="a"'), content_type=content_type)


@pytest.mark.parametrize("cut", range(1, len(part('name="a"', b"1")) + 5))
def test_a_form_that_ends_too_early_is_invalid(cut: int) -> None:
    """Wherever it was cut; half of a message is none."""
    whole = part('name="a"', b"1") + b"--b--"

    with pytest.raises(Invalid):
        parts_of(whole[:-cut], FORM, MOST)


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary",
        b"preamble\r\n" + part('name="a"'),
        part('filename="x"'),
        part('name="\xff"').replace("\xff".encode(), b"\xff"),
        part('name="a"; filename="\xff"').replace("\xff".encode(), b"\xff"),
        b"--b\r\n\r\n\r\n",
        b"--b\r\nno header\r\n\r\n\r\n",
        b"--b\r\n: x\r\n\r\n\r\n",
        b"--b\r\nA: b\rc\r\n\r\n",
        part('name="a"') * (MOST + 1),
        part('name="a"', b"\r\n--bX" * (MOST + 1)),
        part('name="a"', b"", *["A: b"] * MAX_HEADERS),
        part('name="a"', b"", "A: " + "b" * MAX_HEADER_BYTES),
        part(f'name="{"a" * MAX_HEADER_BYTES}"'),
        part('name="a"', b"\r\n--b" + b" " * MAX_PADDING),
        part('name="a"', b"\r\n--b " + b"x"),
    ],
)
def test_what_is_no_form_is_invalid(body: bytes) -> None:
    """No name, no header, too much of anything."""
    with pytest.raises(Invalid):
        parts_of(body + END, FORM, MOST)


def test_a_refusal_shows_nothing_of_the_form() -> None:
    """It may be told to others than whom it is from."""
    with pytest.raises(Invalid) as caught:
        parts_of(b"--b\r\nsecret header\r\n\r\n", FORM, MOST)

    assert "secret" not in caught.value.detail


PIECES = st.lists(
    st.sampled_from(
        [
            *(b"--b", b"--", b"\r\n", b"\r", b"\n", b" ", b"\t", b"b", b":", b"\xff"),
            *(b"--b--", b"\r\n--b", b"\r\n\r\n", b"A: b\r\n", b'"', b";", b"\\"),
            b'Content-Disposition: form-data; name="a"\r\n',
            b"Content-Disposition: form-data; name=a; filename=b\r\n",
            part('name="a"', b"1"),
        ]
    )
    | st.binary(max_size=8),
    max_size=20,
).map(b"".join)


@given(PIECES, st.just(FORM) | st.text(max_size=40).map(lambda text: FORM + text))
def test_any_bytes_are_parts_or_invalid(body: bytes, content_type: str) -> None:
    """Nothing else is raised, whatever strangers send."""
    try:
        told = parts_of(body, content_type, MOST)
    except Invalid:
        return

    assert len(told) <= MOST
    assert all(one.name.encode() is not None for one in told)


@given(st.dictionaries(st.text("abé😀 ;", min_size=1), st.binary(), max_size=MOST))
def test_any_fields_come_back(fields: dict[str, bytes]) -> None:
    """Whatever bytes they hold, but for the boundary."""
    given = {name: value.replace(b"--b", b"") for name, value in fields.items()}

    told = read(*(part(f'name="{name}"', value) for name, value in given.items()))

    assert {one.name: one.content for one in told} == given
