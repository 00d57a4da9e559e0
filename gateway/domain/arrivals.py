"""A request of a third party, as it arrived."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, with nothing in it believed yet.

    Attributes:
        query: As it came, without `?`.
        headers: Names in lower case; values decoded as Latin-1, whatever bytes they
            are. One that came several times is joined by `, ` (RFC 9110 §5.3).
        body: As it came, not decompressed.
        token: The one in the address that it came to; empty if that had none.
    """

    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    token: str = field(default="", repr=False)
