"""The charsets in which third parties still write."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.errors import UnsupportedMediaType

_STATED: Final = re.compile(r'charset\s*=\s*"?([\w.:-]{1,40})', re.ASCII)


def stated(content_type: str) -> str:
    """Return the charset that a Content-Type in lower case names, or ""."""
    found = _STATED.search(content_type)
    return found[1] if found else ""


def codec_of(charset: str) -> str | None:
    """Return Python's codec for a charset, or `None` for one that is not read.

    Those are left out that are not ASCII where they could be.
    """
    return _CODECS.get(charset.strip().lower())


def decoded(body: bytes, content_type: str) -> str:
    """Return text in the charset that its Content-Type names, UTF-8 if it names none.

    Raises:
        UnsupportedMediaType: The charset is not read.
        UnicodeDecodeError: It is not text in its charset.
    """
    codec = codec_of(stated(content_type) or "utf-8")
    if codec is None:
        message = "This charset is not read here; send the body in UTF-8."
        raise UnsupportedMediaType(message)
    return body.decode(codec)


_CODECS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "ascii": "utf-8-sig",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    # Of mail, which is made into forms.
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-kr": "euc_kr",
}
