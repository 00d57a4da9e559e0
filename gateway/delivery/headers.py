"""Headers that a webhook may have of its own.

Source of what a name may be: RFC 9110, section 5.1 (`token`).
"""

import re
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring

MASK = "***"  # Shown in place of a value: all of them are secrets.
HEADERS = 50
NAME_CHARACTERS = 128
ALL_BYTES = 4096  # Of names and values together.
TELLING_CHARACTERS = 8  # A shorter value is anywhere, and no secret worth the name.

REFUSED_NAMES = frozenset(
    {
        "host",
        "transfer-encoding",
        "connection",
        "te",
        "upgrade",
        "expect",
        "traceparent",
    }
)
REFUSED_PREFIXES = ("content-", "webhook-", "gateway-")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def check_headers(headers: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with headers: the name of one, and a sentence about it."""
    if len(headers) > HEADERS:
        yield next(iter(headers)), f"There may be {HEADERS} headers at most."
        return
    size = sum(len(name) + len(str(value)) for name, value in headers.items())
    if size > ALL_BYTES:
        yield next(iter(headers)), f"All together may have {ALL_BYTES} bytes at most."
    seen: dict[str, str] = {}
    for name, value in headers.items():
        other = seen.setdefault(name.lower(), name)
        if other != name:
            yield name, f"It is the same header as {other}."
        detail = _flaw(name, value)
        if detail is not None:
            yield name, detail


def masked(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the values of a webhook's own ones hidden."""
    secret = {name.lower() for name in own}
    return {
        name: MASK if name.lower() in secret else value
        for name, value in headers.items()
    }


def unechoed(text: str, own: Mapping[str, str]) -> str:
    """Return an answer with what it repeats of a webhook's own headers hidden.

    That is their values, or what follows the scheme in one of two words, such as
    `Bearer`; in the spelling of JSON too.
    """
    spoken = {part for value in own.values() for part in (value, value.split(" ")[-1])}
    secret = {
        spelt
        for part in spoken
        if len(part) >= TELLING_CHARACTERS
        for spelt in (part, encode_basestring(part)[1:-1])
    }
    for each in sorted(secret, key=len, reverse=True):
        text = text.replace(each, MASK)
    return text


def _flaw(name: str, value: object) -> str | None:
    if len(name) > NAME_CHARACTERS or not _TOKEN.fullmatch(name):
        return "This is no name of a header."
    lower = name.lower()
    if lower in REFUSED_NAMES or lower.startswith(REFUSED_PREFIXES):
        return "The gateway sets this header itself, or the connection does."
    if not isinstance(value, str) or (value and not _VISIBLE.fullmatch(value)):
        return "A value is a string of visible ASCII, with spaces only inside."
    if value == MASK:
        return "This is the mask that is shown in place of a value, not a value."
    return None
