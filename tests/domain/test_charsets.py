"""Charsets: text in those that are still written."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.charsets import codec_of, decoded, stated
from gateway.domain.errors import UnsupportedMediaType


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("", ""),
        ("text/plain", ""),
        ("text/plain; charset=utf-8", "utf-8"),
        ('text/plain;charset = "iso-8859-1"; x=y', "iso-8859-1"),
        ("text/plain; charset=", ""),
    ],
)
def test_a_content_type_names_a_charset(content_type: str, charset: str) -> None:
    """Or none."""
    assert stated(content_type) == charset


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Grüße 🦊", "utf-8"),
        ("Grüße", "iso-8859-1"),
        ("10 €", "windows-1252"),
        ("10 €", "iso-8859-15"),
        ("Łódź", "iso-8859-2"),
        ("привет", "koi8-r"),
        ("привет", "windows-1251"),
        ("こんにちは", "shift_jis"),
        ("こんにちは", "iso-2022-jp"),
        ("你好", "gb2312"),
        ("你好", "big5"),
        ("안녕", "euc-kr"),
    ],
)
def test_text_is_read_in_its_charset(text: str, charset: str) -> None:
    """Those of mail among them."""
    raw = text.encode(charset)

    assert decoded(raw, f"text/plain; charset={charset}") == text


def test_text_is_utf_8_if_nothing_is_said() -> None:
    """A mark at its beginning is no text."""
    assert decoded(b"\xef\xbb\xbfhi", "text/plain") == "hi"


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-7", "rot13", "zlib", "idna", "unicode_escape", "x", ""]
)
def test_other_charsets_are_not_read(charset: str) -> None:
    """Those that are no ASCII, that nobody writes, or that are none."""
    assert codec_of(charset) is None
    if charset:
        with pytest.raises(UnsupportedMediaType):
            decoded(b"hi", f"text/plain; charset={charset}")


@given(st.binary(), st.text())
def test_any_bytes_are_text_or_none(body: bytes, content_type: str) -> None:
    """Nothing else is raised."""
    try:
        assert isinstance(decoded(body, content_type), str)
    except (UnicodeDecodeError, UnsupportedMediaType):
        return
