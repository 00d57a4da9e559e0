"""Forms of third parties: their fields, whatever charset they are in."""

import json

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import Invalid, MalformedJson, Rejected, UnsupportedMediaType
from gateway.domain.forms import (
    MAX_FIELDS,
    MULTIPART as KIND,
    fields_of,
    is_text,
    parted_fields_of,
)
from gateway.domain.json_text import dumps
from tests.domain.arriving import parted

MULTIPART = f"{KIND}; boundary=B"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("name=Zo%EB&charset=windows-1252", ""),
        ("_charset_=ISO-8859-1&name=Zo%EB", ""),
        ("name=Zo%EB", "form; charset=iso-8859-1"),
        ("name=Zo%EB&charset=windows-1252", "form; charset=utf-8"),
        ("name=Zo%C3%AB&charset=windows-1252", "form; charset=iso-8859-1"),
        ("name=Zoë", ""),
    ],
)
def test_a_form_says_its_charset(body: str, content_type: str) -> None:
    """As PayPal and old pages do; what is UTF-8 is that, whatever it says."""
    said = fields_of(body, content_type)

    assert said["name"] == "Zoë"


@pytest.mark.parametrize(
    "body",
    [
        "a=%ff",
        "a=%ff&charset=utf-16",
        "a=%81&charset=windows-1252",
        "a=%81&charset=windows-1252&charset=iso-8859-1",
        "a=1&" * (MAX_FIELDS + 1),
        "a=%ff&" * (MAX_FIELDS + 1),
    ],
)
def test_a_form_that_cannot_be_read_is_invalid(body: str) -> None:
    """Bytes that are no text, and more fields than a form has."""
    with pytest.raises(Invalid):
        fields_of(body)


def test_a_multipart_form_is_an_object() -> None:
    """Files are told by what they are; a part that says that it is JSON is that."""
    body = parted(
        ("name=a", "é".encode()),
        ("name=b\r\nContent-Type: text/plain; charset=ISO-8859-1", b"\xe9"),
        ("name=b", b"2"),
        ('name=up; filename="x.png"\r\nContent-Type: image/png', b"\xff" * 9),
        ("name=c\r\nContent-Type: application/json", b'{"n": [1]}'),
        ("name=d\r\nContent-Type: application/octet-stream", b"\xff\xfe"),
        ("name=e; filename=raw", b""),
    )

    assert parted_fields_of(body, MULTIPART) == {
        "a": "é",
        "b": ["é", "2"],
        "up": {"filename": "x.png", "content_type": "image/png", "size": 9},
        "c": {"n": [1]},
        "d": {"content_type": "application/octet-stream", "size": 2},
        "e": {"filename": "raw", "content_type": "text/plain", "size": 0},
    }


def test_a_form_made_of_mail_has_the_charsets_of_mail() -> None:
    """Its field `charsets` says which; what is said wrongly is overlooked."""
    charsets = b'{"text": "ISO-8859-1", "subject": "KOI8-R", "to": "x-none", "n": 1}'
    body = parted(
        ("name=text", b"Gr\xfc\xdfe"),
        ("name=subject", "привет".encode("koi8-r")),
        ("name=to", "é".encode()),
        ("name=charsets", charsets),
    )

    said = parted_fields_of(body, MULTIPART)

    assert [said["text"], said["subject"], said["to"]] == ["Grüße", "привет", "é"]


def test_a_multipart_form_has_a_usual_charset() -> None:
    """Of fields that have none of their own."""
    body = parted(("name=_charset_", b"iso-8859-1"), ("name=a", b"\xe9"))

    said = parted_fields_of(body, MULTIPART)

    assert said == {"_charset_": "iso-8859-1", "a": "é"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (parted(("name=a", b"\xff")), Invalid),
        (parted(("name=a", b"\xff"), ("name=charsets", b"[1]")), Invalid),
        (parted(("name=a", b""))[:-5], Invalid),
        (parted(*[("name=a", b"")] * (MAX_FIELDS + 1)), Invalid),
        (parted(("name=a\r\nContent-Type: application/json", b"{")), MalformedJson),
        (
            parted(("name=a\r\nContent-Type: application/json", b"[" * 3_000)),
            MalformedJson,
        ),
        (
            parted(("name=a\r\nContent-Type: text/plain; charset=utf-16", b"")),
            UnsupportedMediaType,
        ),
    ],
)
def test_a_multipart_form_that_cannot_be_read_is_refused(
    body: bytes, error: type[Rejected]
) -> None:
    """By what is wrong with it."""
    with pytest.raises(error):
        parted_fields_of(body, MULTIPART)


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "image/svg+xml"])
def test_xml_is_text(kind: str) -> None:
    """People can read it."""
    assert is_text(kind)
    assert not is_text("application/json")


@given(st.text() | st.lists(st.sampled_from("a=&%;+ffE9é\0"), max_size=20).map("".join))
def test_any_query_is_fields_or_invalid(text: str) -> None:
    """Nothing else is raised, and what is read can be written."""
    try:
        said = fields_of(text, "charset=iso-8859-1")
    except Invalid:
        return

    assert json.loads(dumps(said)) == said


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *(
                        "name=a",
                        "name=_charset_",
                        "name=charsets",
                        "name=f; filename=x",
                    ),
                    "name=a\r\nContent-Type: application/json",
                    "name=a\r\nContent-Type: text/x; charset=iso-2022-jp",
                    "name=a\r\nContent-Type: image/png",
                ]
            ),
            st.binary(max_size=20)
            | st.sampled_from([b"big5", b'{"a":"big5"}', b"[1]", b"\x1b$B"]),
        ),
        max_size=6,
    )
)
def test_any_parts_are_fields_or_refused(parts: list[tuple[str, bytes]]) -> None:
    """Nothing else is raised, and what is read can be written."""
    try:
        said = parted_fields_of(parted(*parts), MULTIPART)
    except Rejected:
        return

    assert json.loads(dumps(said)) == said
