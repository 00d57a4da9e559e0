"""Kinds of settings: how their text is read."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def duration(value: object) -> object:
    """Turn `30` (seconds), `30s`, `15m`, `24h` or `7d` into a timedelta."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", value.strip())
        if found is None:
            message = "should be a duration such as 30s, 15m, 24h or 7d"
            raise ValueError(message)
        return timedelta(seconds=float(found[1]) * _UNITS_S[found[2] or "s"])
    return value


def comma_separated(value: object) -> object:
    """Turn `a, b` into `("a", "b")`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(comma_separated)]
