"""How a caller wants to be answered: how long to wait, or only rehearsed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from gateway.api import problems
from gateway.api.queries import refuse_unknown

MAX_WAIT_S: Final = 30
UNSIGNED: Final = frozenset[str]()
_PREFERENCE: Final = re.compile(r"(?i)^\s*wait\s*=\s*\"?(\d{1,9})\"?\s*$")
_SECONDS: Final = re.compile(r"[0-9]{1,3}")
_QUERY: Final = frozenset({"wait", "dry_run"})
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """How a caller wants to be answered.

    Attributes:
        wait_s: How long to hold the answer for the room; `None` as makes sense.
        is_rehearsal: Whether only to say what would become of the message.
        applied: The header that says which preference was kept to.
    """

    wait_s: int | None
    is_rehearsal: bool
    applied: Mapping[str, str]


def asked_of(
    request: Request, headers: Mapping[bytes, bytes], signed: frozenset[str] = UNSIGNED
) -> Asked:
    """Return what the query and `Prefer` ask for.

    Args:
        request: The request.
        headers: Its headers.
        signed: What may be in the query besides, because it was signed.

    Raises:
        Invalid: The query has something else, or what cannot be.
    """
    wait_s: int | None = None
    preferred = False
    if b"prefer" in headers:
        # A header given twice is one list (RFC 9110 §5.2).
        given = [value for name, value in request.scope["headers"] if name == b"prefer"]
        wait_s = preference(b",".join(given).decode("latin-1"))
        preferred = wait_s is not None
    rehearsal: bool | None = False
    if request.scope["query_string"]:
        query = request.query_params
        refuse_unknown(query, _QUERY | signed)
        if "wait" in query:
            wait_s, preferred = _seconds(query["wait"]), False
        rehearsal = _BOOLEANS.get(query.get("dry_run", "false").lower())
    if rehearsal is None:
        detail = "It should be true or false."
        raise problems.invalid(detail, at="?dry_run")
    applied = {"Preference-Applied": f"wait={wait_s}"} if preferred else {}
    return Asked(wait_s, rehearsal, applied)


def preference(prefer: str) -> int | None:
    """Return the `wait` of a Prefer header (RFC 7240 §4.3), at most 30 s, or `None`."""
    for each in prefer.split(","):
        found = _PREFERENCE.match(each.partition(";")[0])
        if found is not None:
            return min(int(found[1]), MAX_WAIT_S)
    return None


def _seconds(text: str) -> int:
    if _SECONDS.fullmatch(text) and int(text) <= MAX_WAIT_S:
        return int(text)
    detail = f"It should be a whole number from 0 to {MAX_WAIT_S}."
    raise problems.invalid(detail, at="?wait")
