"""Requests that were refused: the last of each source, in memory alone.

Strangers get no disk: what cannot prove where it comes from is forgotten at a restart.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import (
    BodyTooSlow,
    Gone,
    MethodNotAllowed,
    NotVerified,
    PayloadTooLarge,
    Rejected,
    SourceDisabled,
)
from gateway.domain.model import Profile, Source
from gateway.inbound.redaction import REDACTED

MOST_REFUSALS: Final = 100  # of each source
MOST_CHARACTERS: Final = 200  # of what is kept of one header, or of the reason
MANY_IN_A_ROW: Final = 10
TOLD_FOR: Final = timedelta(hours=1)  # a stranger with the address fills no log

_UNVERIFIED = (
    NotVerified,
    SourceDisabled,
    MethodNotAllowed,
    Gone,
    BodyTooSlow,
    PayloadTooLarge,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that a source did not take.

    Attributes:
        size: Bytes of its body.
        code: The problem's code, such as `not_verified`.
        reason: The problem's sentence.
        is_verified: Whether it had proved where it came from, and was refused for
            something else.
    """

    received_at: datetime
    method: str
    size: int
    content_type: str | None
    user_agent: str | None
    code: str
    reason: str
    is_verified: bool


@dataclass(slots=True)
class _Row:
    """How many a source has refused since it took one, and when that was told."""

    refused: int = 0
    told_at: datetime | None = None


class Refusals:
    """The last requests that each source refused."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[Refusal]] = {}
        self._rows: defaultdict[str, _Row] = defaultdict(_Row)

    def add(
        self, source: Source, arrival: Arrival, error: Rejected, now: datetime
    ) -> bool:
        """Remember that a source refused a request.

        Returns:
            Whether somebody should hear of it: it is the tenth in a row or later, and
            they heard of none within the hour.
        """
        kept = self._kept.setdefault(source.id, deque(maxlen=MOST_REFUSALS))
        is_proven = source.verify.profile is not Profile.NONE
        refusal = Refusal(
            received_at=now,
            method=arrival.method,
            size=len(arrival.body),
            content_type=_header(arrival, "content-type"),
            user_agent=_header(arrival, "user-agent"),
            code=error.code,
            reason=error.detail[:MOST_CHARACTERS],
            is_verified=is_proven and not isinstance(error, _UNVERIFIED),
        )
        kept.append(refusal)
        row = self._rows[source.id]
        row.refused += 1
        is_told = row.told_at is not None and now - row.told_at < TOLD_FOR
        if row.refused < MANY_IN_A_ROW or is_told:
            return False
        row.told_at = now
        return True

    def end_row(self, source_id: str) -> None:
        """Remember that a source took a request."""
        if source_id in self._rows:
            self._rows[source_id].refused = 0

    def of(self, source_id: str) -> Sequence[Refusal]:
        """Return those of a source that are remembered, newest first."""
        return list(reversed(self._kept.get(source_id, ())))

    def forget(self, source_id: str) -> None:
        """Forget those of a source."""
        self._kept.pop(source_id, None)
        self._rows.pop(source_id, None)


def _header(arrival: Arrival, name: str) -> str | None:
    value = arrival.headers.get(name)
    if value is None:
        return None
    if arrival.token:  # Some tell the address that they send to.
        value = value.replace(arrival.token, REDACTED)
    return value[:MOST_CHARACTERS]
