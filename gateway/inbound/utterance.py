"""The saying of one request: worded, said once, and told of."""

from dataclasses import dataclass, replace
from typing import Final, assert_never

from gateway.bridge.ports import Clock, Meter
from gateway.domain.bugs import where
from gateway.domain.errors import Rejected, Unavailable
from gateway.domain.model import Inbound, InboundState, Source
from gateway.inbound.ports import Saying, Voice
from gateway.inbound.wording import Filtered, Said, Sizes, Unsayable, Wording, worded

DELETED = "the source was deleted before this was said"
TOO_OLD = "it could not be said for as long as the source lets it wait"
BUG = "the gateway failed; its log tells why"
ASKED_AGAIN_S: Final = 1.0  # after a store that could not be read


@dataclass(frozen=True, slots=True)
class Worded:
    """A request, and what is to be done with it.

    Attributes:
        inbound: The request, in the state it ends in if there is nothing to be said.
        saying: What is to be said of it.
    """

    inbound: Inbound
    saying: Saying | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Says requests of sources.

    Attributes:
        voice: Says it in the room.
        clock: The time.
        meter: Told what became of each.
        sizes: How much a room takes.
    """

    voice: Voice
    clock: Clock
    meter: Meter
    sizes: Sizes

    def worded(self, source: Source | None, inbound: Inbound) -> Worded:
        """Return what is to be said of a request; nothing is raised.

        Args:
            source: Whose it is; `None` if that is not known any more. What an inactive
                source has accepted is said all the same.
            inbound: The request.
        """
        try:
            return self._worded(source, inbound)
        except Exception as error:  # noqa: BLE001  # Or it stops us at every start.
            return Worded(self._failed(inbound, error))

    async def of(self, worded: Worded) -> Inbound:
        """Say a request, and return it with what has become of it.

        Given again, it is not said again. What can be said is handed over before the
        first suspension, or found to have to wait.

        Raises:
            Unavailable: Not now.
        """
        try:
            done = await self._done(worded)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # Or it stops us at every start.
            return self._failed(worded.inbound, error)
        if done.reason != BUG:  # That is told already.
            self._tell(done)
        return done

    def hold(self, inbound: Inbound, error: Unavailable) -> None:
        """Tell that a request, and what is behind it, has to wait."""
        self.meter.warning(
            "inbound.held",
            source_id=inbound.source_id,
            inbound_id=inbound.id,
            code=error.code,
        )

    def _worded(self, source: Source | None, inbound: Inbound) -> Worded:
        if source is None or source.deleted_at is not None:
            return Worded(_ended(inbound, InboundState.REFUSED, DELETED))
        left = inbound.received_at + source.ttl - self.clock.now()
        if left.total_seconds() <= 0:
            return Worded(_ended(inbound, InboundState.EXPIRED, TOO_OLD))
        wording: Wording = worded(source, inbound, self.sizes)
        match wording:
            case Filtered(reason):
                return Worded(_ended(inbound, InboundState.FILTERED, reason))
            case Unsayable(reason):
                return Worded(_ended(inbound, InboundState.RENDER_FAILED, reason))
            case Said(body, attachment):
                saying = Saying(
                    source_id=source.id,
                    room=source.room,
                    to=source.to,
                    match=source.match,
                    type=source.type,
                    body=body,
                    attachment=attachment,
                    ttl=left,
                    ref=inbound.id,
                    traceparent=inbound.traceparent,
                )
                return Worded(inbound, saying)
            case _:
                assert_never(wording)

    async def _done(self, worded: Worded) -> Inbound:
        inbound = worded.inbound
        if worded.saying is None:
            return await self._unless_said(inbound)
        try:
            message_id = await self.voice.say(worded.saying, inbound.id)
        except Rejected as error:
            refused = _ended(inbound, InboundState.REFUSED, error.detail)
            return await self._unless_said(refused)
        return replace(inbound, state=InboundState.SAID, message_id=message_id)

    async def _unless_said(self, ended: Inbound) -> Inbound:
        """Return a request that is not to be said, unless it was before a stop.

        Then the source had other terms: its filter may have changed since. It is asked
        for as long as it takes: what is behind it goes ahead meanwhile, and this may
        not be said after that.
        """
        while True:
            try:
                message_id = await self.voice.message_of(ended.id)
            except Unavailable:
                await self.clock.sleep(ASKED_AGAIN_S)
                continue
            if message_id is None:
                return ended
            said = InboundState.SAID
            return replace(ended, state=said, reason=None, message_id=message_id)

    def _failed(self, inbound: Inbound, error: Exception) -> Inbound:
        self.meter.error(
            "inbound.failed",
            source_id=inbound.source_id,
            inbound_id=inbound.id,
            error=type(error).__name__,
            where=where(error),
        )
        return _ended(inbound, InboundState.REFUSED, BUG)

    def _tell(self, done: Inbound) -> None:
        waited = self.clock.now() - done.received_at
        facts = {
            "source_id": done.source_id,
            "inbound_id": done.id,
            "waited_ms": int(waited.total_seconds() * 1000),
        }
        match done.state:
            case InboundState.SAID:
                self.meter.info("inbound.said", message_id=done.message_id, **facts)
            case InboundState.FILTERED:
                self.meter.info("inbound.filtered", **facts)
            case InboundState.RENDER_FAILED:
                reason = done.reason
                self.meter.warning("inbound.render_failed", reason=reason, **facts)
            case InboundState.EXPIRED:
                self.meter.warning("inbound.expired", **facts)
            case _:
                self.meter.warning("inbound.refused", reason=done.reason, **facts)


def _ended(inbound: Inbound, state: InboundState, reason: str) -> Inbound:
    return replace(inbound, state=state, reason=reason)
