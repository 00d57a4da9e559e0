"""The sources: made, changed and deleted, and what came in looked at and repeated."""

import asyncio
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import NamedTuple

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import Gone, NotFound
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Inbound, InboundState, Profile, Source, Verification
from gateway.domain.once import AlreadyDone, Once, kept_answer
from gateway.inbound import terms
from gateway.inbound.amending import amend, rotated
from gateway.inbound.intake import Wake, token_hash
from gateway.inbound.ports import InboundFilter, InboundPage, Inbox, Sources
from gateway.inbound.refusals import Refusal, Refusals
from gateway.inbound.simulating import Simulation, named, rehearsed, simulated
from gateway.inbound.wording import Sizes

TOKEN_BYTES = 20  # 160 bits: 32 characters

# Says what is answered to whoever asked for a source, given its token.
Answer = Callable[[Source, str], str]


class Minted(NamedTuple):
    """A source, and the token of its address, which is never shown again."""

    source: Source
    token: str


@dataclass(frozen=True, slots=True)
class SourceControls:
    """What callers do with sources.

    Attributes:
        sources: The sources.
        inbox: What came in.
        refusals: What was refused lately.
        room_of: Says which room is meant by a name.
        wake: Has what waits of a source said.
        clock: The time.
        rng: Where tokens come from; `random.SystemRandom()` outside of tests.
        ids: Mints ids.
        meter: Told of every change.
        sizes: How much a room takes.
    """

    sources: Sources
    inbox: Inbox
    refusals: Refusals
    room_of: terms.RoomOf
    wake: Wake
    clock: Clock
    rng: Random
    ids: Ids
    meter: Meter
    sizes: Sizes = field(default_factory=Sizes)
    # A change is seen once its commit is done: two at once would undo each other.
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def create(
        self,
        body: Mapping[str, object],
        *,
        key_id: str | None = None,
        once: Once | None = None,
        answer: Answer | None = None,
    ) -> Minted:
        """Store a new source, and return it with its token.

        Args:
            body: What is wanted of it.
            key_id: The key of whoever wants it.
            once: What is used up by it.
            answer: Says what is answered; it is kept for those who repeat `once`.

        Raises:
            Invalid: The body breaks a rule; each place is named.
            StoreUnavailable: Nothing was stored.
            AlreadyDone: `once` was used up before; nothing was stored.
        """
        wanted = terms.parse(body, self.room_of)
        now, token = self.clock.now(), self._token()
        source = wanted.applied_to(
            Source(
                id=self.ids.new(Kind.SOURCE),
                name=wanted.name,
                room=wanted.room,
                token_hash=token_hash(token),
                verify=wanted.verify,
                created_at=now,
                updated_at=now,
                key_id=key_id,
            )
        )
        told = None if answer is None else answer(source, token)
        async with self._changing:
            # A commit that finds it used up is made anew, and others wait for that.
            done = None if once is None else await self.sources.done(once)
            if done is not None:
                raise AlreadyDone(done)
            await self.sources.put(source, once=once, answer=told)
        self._changed("source.created", source)
        return Minted(source, token)

    async def repeated(self, once: Once) -> str | None:
        """Return what was answered when something was used up; `None` if it was not.

        Raises:
            KeyReused: It was used up by another request.
            MessageGone: The answer is not to be had any more.
        """
        return kept_answer(once, await self.sources.done(once), "source")

    def get(self, source_id: str) -> Source:
        """Return a source; `NotFound`, or `Gone` for one that was deleted."""
        source = self.sources.get(source_id)
        if source is None:
            detail = f"There is no source {source_id}."
            raise NotFound(detail, facts={"what": "source"})
        if source.deleted_at is not None:
            detail = f"The source {source_id} was deleted."
            raise Gone(detail, facts={"what": "source"})
        return source

    def list(self) -> Sequence[Source]:
        """Return all sources, oldest first."""
        return self.sources.all()

    async def patch(self, source_id: str, patch: Mapping[str, object]) -> Source:
        """Apply a merge patch (RFC 7396) and return the source as it is then.

        What waits to be said is said on the new terms.

        Raises:
            NotFound: There is none of that id.
            Gone: It was deleted.
            Invalid: The patch breaks a rule; each place is named.
        """

        def edit(source: Source) -> Source:
            return amend(source, patch, self.room_of).applied_to(source)

        return await self._change("source.updated", source_id, edit)

    async def rotate_token(self, source_id: str) -> Minted:
        """Give a source a new token, and return both; the old one is no good at once.

        Raises:
            NotFound: There is none of that id.
            Gone: It was deleted.
        """
        token = self._token()

        def edit(source: Source) -> Source:
            return replace(source, token_hash=token_hash(token))

        changed = await self._change("source.token_rotated", source_id, edit)
        return Minted(changed, token)

    async def rotate_secrets(
        self, source_id: str, body: Mapping[str, object]
    ) -> Source:
        """Take a new secret first, and former ones as long as `body` says.

        Raises:
            NotFound: There is none of that id.
            Gone: It was deleted.
            Invalid: The body breaks a rule, or the source has no secrets.
        """

        def edit(source: Source) -> Source:
            return rotated(source, body)

        return await self._change("source.secret_rotated", source_id, edit)

    async def delete(self, source_id: str) -> None:
        """Delete a source; what waits of it is not said any more.

        Raises:
            NotFound: There is none of that id.
            Gone: It was deleted before.
        """

        def edit(source: Source) -> Source:
            return replace(
                source,
                active=False,
                verify=Verification(Profile.NONE),  # Its secrets are not needed.
                deleted_at=self.clock.now(),
            )

        await self._change("source.deleted", source_id, edit)
        self.refusals.forget(source_id)

    async def simulate(self, source_id: str, body: Mapping[str, object]) -> Simulation:
        """Say what would be said of a sample; nothing is stored or said.

        Args:
            source_id: The source.
            body: Either `request`, the id of one that it took in; or the sample:
                `body`, any JSON, and `headers`, `query` and `method` if they matter.

        Raises:
            NotFound: There is none of that id, or no such request.
            Gone: It was deleted, or what the request said is not held.
            Invalid: The sample breaks a rule.
        """
        source = self.get(source_id)
        request = named(body)
        if request is not None:
            inbound = _whole(await self.request(source_id, request))
            return rehearsed(source, inbound, self.sizes)
        return simulated(source, body, self.clock.now(), self.sizes)

    async def requests(self, source_id: str, query: InboundFilter) -> InboundPage:
        """Return a page of what a source took in; `NotFound`, `Gone`."""
        return await self.inbox.list(self.get(source_id).id, query)

    async def counts(self, source_id: str) -> Mapping[InboundState, int]:
        """Return how many requests of a source are in each state."""
        return await self.inbox.counts(source_id)

    async def waiting_since(self, source_id: str) -> datetime | None:
        """Return when the first of those that wait to be said came in, if any does."""
        return await self.inbox.waiting_since(source_id)

    def refused(self, source_id: str) -> Sequence[Refusal]:
        """Return what a source refused lately, newest first; `NotFound`, `Gone`."""
        return self.refusals.of(self.get(source_id).id)

    async def request(self, source_id: str, inbound_id: str) -> Inbound:
        """Return a request of a source, with its body.

        Raises:
            NotFound: The source has none of that id, or it is not held any more.
            Gone: The source was deleted.
        """
        source = self.get(source_id)
        inbound = await self.inbox.get(inbound_id)
        if inbound is None or inbound.source_id != source.id:
            detail = f"No request {inbound_id} of this source is held."
            raise NotFound(detail, facts={"what": "request"})
        return inbound

    async def replay(
        self, source_id: str, inbound_id: str, *, key_id: str | None = None
    ) -> Inbound:
        """Have a request said again, as the source words it now.

        It is a new request, which waits like any other, and never a duplicate.

        Raises:
            NotFound: The source has none of that id, or it is not held any more.
            Gone: The source was deleted, or what the request said is not held.
            StoreUnavailable: Nothing was stored.
        """
        before = _whole(await self.request(source_id, inbound_id))
        inbound = replace(
            before,
            id=self.ids.new(Kind.INBOUND),
            received_at=self.clock.now(),
            identity=None,
            state=InboundState.ACCEPTED,
            message_id=None,
            reason=None,
            replay_of=before.id,
            key_id=key_id,
            position=0,
        )
        await asyncio.shield(self.inbox.add(inbound))
        self.meter.info(
            "source.replayed",
            source_id=source_id,
            inbound_id=inbound.id,
            replay_of=before.id,
        )
        self.wake(source_id)
        return inbound

    async def _change(
        self, event: str, source_id: str, edit: Callable[[Source], Source]
    ) -> Source:
        async with self._changing:
            before = self.get(source_id)
            after = edit(before)
            if after == before:
                return before
            after = replace(after, updated_at=self.clock.now())
            await self.sources.put(after)
        self._changed(event, after)
        return after

    def _changed(self, event: str, source: Source) -> None:
        self.meter.info(event, source_id=source.id, active=source.active)
        self.wake(source.id)

    def _token(self) -> str:
        return b32encode(self.rng.randbytes(TOKEN_BYTES)).decode("ascii").lower()


def _whole(inbound: Inbound) -> Inbound:
    """Return a request if its body is held; otherwise `Gone`."""
    # Every request has headers, and not every one a body: they go together.
    if not inbound.headers or (inbound.size and not inbound.body):
        detail = f"What {inbound.id} said is not held any more."
        raise Gone(detail, facts={"what": "request"})
    return inbound
