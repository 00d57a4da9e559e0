"""The intake: a request is verified, read, told apart and stored, or refused."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from hashlib import sha256

from gateway.bridge.ports import Clock, Meter
from gateway.domain.arrivals import Arrival
from gateway.domain.errors import (
    Gone,
    MethodNotAllowed,
    NotFound,
    Rejected,
    SourceDisabled,
)
from gateway.domain.handshakes import Answer, handshake
from gateway.domain.identities import identity_of
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Inbound, Source
from gateway.domain.payloads import payload_of
from gateway.domain.verification import verify
from gateway.inbound.ports import Inbox, Sources, Taken
from gateway.inbound.redaction import redacted, without_token
from gateway.inbound.refusals import Refusals

# Has what waits of a source said.
Wake = Callable[[str], None]

OPTIONS = "OPTIONS"


class Outcome(StrEnum):
    """What became of a request.

    `HANDSHAKE` is one that asks whether we are there: it is answered, and neither
    stored nor said.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    HANDSHAKE = "handshake"


@dataclass(frozen=True, slots=True)
class Taking:
    """What became of a request that was not refused.

    Attributes:
        inbound_id: The request; of a duplicate that which came first.
        answer: What a handshake is answered.
    """

    outcome: Outcome
    inbound_id: str | None = None
    answer: Answer | None = None


def token_hash(token: str) -> str:
    """Return what is stored of the token in a source's address."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes requests of third parties in.

    Attributes:
        sources: Whom they are made to.
        inbox: Where they are stored.
        refusals: Told of those that are not.
        wake: Told of a source that something was stored for.
        clock: The time.
        ids: Mints their ids.
        meter: Told of each.
    """

    sources: Sources
    inbox: Inbox
    refusals: Refusals
    wake: Wake
    clock: Clock
    ids: Ids
    meter: Meter

    def addressed(self, token: str) -> Source:
        """Return the source whose address has a token.

        Raises:
            NotFound: There is none.
            Gone: It was deleted.
        """
        return _held(self.sources.by_token(token_hash(token)))

    def identified(self, source_id: str) -> Source:
        """Return a source by its id; raises what `addressed` does."""
        return _held(self.sources.get(source_id))

    async def take(
        self, source: Source, arrival: Arrival, *, traceparent: str | None = None
    ) -> Taking:
        """Verify a request, and store it unless it came before.

        Args:
            source: Whom it was made to.
            arrival: The request, of a size that the source takes.
            traceparent: The trace that it belongs to.

        Raises:
            NotVerified: It is not from whom it should be.
            Rejected: It cannot be taken: there is nothing in it to be said, or the
                source does not take it.
            StoreUnavailable: It was not stored.
        """
        try:
            taking = await self._take(source, arrival, traceparent)
        except Rejected as error:
            self.refuse(source, arrival, error)
            raise
        self.refusals.end_row(source.id)
        return taking

    def refuse(self, source: Source, arrival: Arrival, error: Rejected) -> None:
        """Remember, and tell, that a request was not taken.

        Args:
            source: Whom it was made to.
            arrival: The request; without a body if that did not come whole.
            error: Why.
        """
        is_news = self.refusals.add(source, arrival, error, self.clock.now())
        self.meter.info(
            "source.refused",
            source_id=source.id,
            code=error.code,
            bytes=len(arrival.body),
        )
        if is_news:
            self.meter.warning("source.refusing", source_id=source.id, code=error.code)

    async def _take(
        self, source: Source, arrival: Arrival, traceparent: str | None
    ) -> Taking:
        now = self.clock.now()
        _check_open(source)
        if arrival.method == OPTIONS:
            return _greeted(source, arrival)
        if arrival.method not in source.methods:
            raise _not_taken(source)
        verify(source.verify, arrival, now)
        # The bytes that were signed; from here on nobody needs the token.
        arrival = without_token(arrival)
        payload = payload_of(arrival, source.preset)
        answer = handshake(source, arrival, payload)
        if answer is not None:
            self.meter.info("source.greeted", source_id=source.id)
            return Taking(Outcome.HANDSHAKE, answer=answer)
        identity = identity_of(source, arrival, payload)
        inbound = Inbound(
            id=self.ids.new(Kind.INBOUND),
            source_id=source.id,
            received_at=now,
            method=arrival.method,
            query=arrival.query,
            headers=redacted(arrival.headers, source.verify),
            body=arrival.body,
            identity=None if identity is None else identity.value,
            traceparent=traceparent,
        )
        since = None if identity is None else now - identity.window
        return await self._store(inbound, self.inbox.add(inbound, unique_since=since))

    async def _store(self, inbound: Inbound, stored: asyncio.Future[None]) -> Taking:
        # It is to be said even if they hang up before it is stored.
        stored.add_done_callback(partial(self._stored, inbound.source_id))
        facts = {"source_id": inbound.source_id, "bytes": len(inbound.body)}
        try:
            await asyncio.shield(stored)
        except Taken as taken:
            first = taken.inbound_id
            self.meter.info("source.duplicate", inbound_id=first, **facts)
            return Taking(Outcome.DUPLICATE, first)
        self.meter.info("source.accepted", inbound_id=inbound.id, **facts)
        return Taking(Outcome.ACCEPTED, inbound.id)

    def _stored(self, source_id: str, stored: asyncio.Future[None]) -> None:
        if not stored.cancelled() and stored.exception() is None:
            self.wake(source_id)


def _held(source: Source | None) -> Source:
    if source is None:
        detail = "There is no source at this address."
        raise NotFound(detail, facts={"what": "source"})
    if source.deleted_at is not None:
        raise _gone()
    return source


def _check_open(source: Source) -> None:
    if source.deleted_at is not None:
        raise _gone()
    if not source.active:
        detail = "This source is not active, and takes nothing at present."
        raise SourceDisabled(detail)


def _greeted(source: Source, arrival: Arrival) -> Taking:
    """Answer whoever asks, unsigned, whether they may send here."""
    answer = handshake(source, arrival, None)
    if answer is None:
        raise _not_taken(source)
    return Taking(Outcome.HANDSHAKE, answer=answer)


def _gone() -> Gone:
    return Gone("This source was deleted.", facts={"what": "source"})


def _not_taken(source: Source) -> MethodNotAllowed:
    allow = ", ".join(source.methods)
    return MethodNotAllowed(f"This source takes {allow}.", facts={"allow": allow})
