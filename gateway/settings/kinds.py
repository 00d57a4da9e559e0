"""Kinds of settings: how their text is read."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_DAYS: Final = 3650  # Ten years: no calendar ends before it.


def duration(value: object) -> object:
    """Turn `30` (seconds), `30s`, `15m`, `24h` or `7d` into a timedelta."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", value.strip())
        if found is None:
            message = "should be a duration such as 30s, 15m, 24h or 7d"
            raise ValueError(message)
        seconds = float(found[1]) * _UNITS_S[found[2] or "s"]
        if seconds > _LONGEST_DAYS * _UNITS_S["d"]:
            message = f"should be at most {_LONGEST_DAYS}d"
            raise ValueError(message)
        return timedelta(seconds=seconds)
    return value


def comma_separated(value: object) -> object:
    """Turn `a, b` into `("a", "b")`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def json_list(text: str) -> tuple[Mapping[str, object], ...]:
    """Return the objects of a JSON list of webhooks.

    Raises:
        ValueError: It is something else.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"should be a JSON list of webhooks ({error})"
        raise ValueError(message) from error
    if not isinstance(parsed, list) or not all(isinstance(x, dict) for x in parsed):
        message = "should be a JSON list of objects"
        raise ValueError(message)
    return tuple(parsed)


def base_url(value: str) -> str:
    """Return the address of a web server, to which paths are added.

    Raises:
        ValueError: It is not `http` or `https` with a host, or has more than a path.
    """
    parts = _parts(value)
    if parts is None or parts.scheme not in {"http", "https"}:
        message = "should be an address such as https://gateway.example.com"
        raise ValueError(message)
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = "should have no user, no query and no fragment"
        raise ValueError(message)
    return value


def origin(value: str) -> str:
    """Return the origin of a page: scheme, host and perhaps a port.

    Raises:
        ValueError: It is something else. `*` is, too: any page could call then.
    """
    parts = _parts(value)
    if parts is None or value.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
        message = "should be origins such as https://app.example.com"
        raise ValueError(message)
    return value


def proxy(value: str) -> str:
    """Return the address of a proxy.

    Raises:
        ValueError: It is not `http` or `https` with a host and no more.
    """
    parts = _parts(value)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or value.rstrip("/") != f"{parts.scheme}://{parts.netloc}"
        or (parts.username is None) != (parts.password is None)
    ):
        message = "should be a proxy such as http://proxy:3128"
        raise ValueError(message)
    return value


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address with a host, or `None`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and parts.scheme else None


Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(comma_separated)]
BaseUrl = Annotated[str, AfterValidator(base_url)]
Origin = Annotated[str, AfterValidator(origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(comma_separated)]
Proxy = Annotated[str, AfterValidator(proxy)]
