"""The saying of one request: worded, said once, and told of."""

from dataclasses import dataclass, replace
from typing import assert_never

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import Rejected, Unavailable
from gateway.domain.model import Inbound, InboundState, Source
from gateway.inbound.ports import Saying, Voice
from gateway.inbound.wording import Filtered, Said, Sizes, Unsayable, Wording, worded

DELETED = "the source was deleted before this was said"
TOO_OLD = "it could not be said for as long as the source lets it wait"
BUG = "the gateway failed; its log tells why"


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

    async def of(self, source: Source | None, inbound: Inbound) -> Inbound:
        """Say a request, and return it with what has become of it.

        Given again, it is not said again.

        Args:
            source: Whose it is; `None` if that is not known any more. What an inactive
                source has accepted is said all the same.
            inbound: The request.

        Raises:
            Unavailable: Not now.
        """
        try:
            done = await self._done(source, inbound)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # Or it stops us at every start.
            self.meter.error(
                "inbound.failed",
                source_id=inbound.source_id,
                inbound_id=inbound.id,
                error=type(error).__name__,
            )
            return replace(inbound, state=InboundState.REFUSED, reason=BUG)
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

    async def _done(self, source: Source | None, inbound: Inbound) -> Inbound:
        if source is None or source.deleted_at is not None:
            return await self._given_up(inbound, InboundState.REFUSED, DELETED)
        left = inbound.received_at + source.ttl - self.clock.now()
        if left.total_seconds() <= 0:
            return await self._given_up(inbound, InboundState.EXPIRED, TOO_OLD)
        wording: Wording = worded(source, inbound, self.sizes)
        match wording:
            case Filtered(reason):
                return _ended(inbound, InboundState.FILTERED, reason)
            case Unsayable(reason):
                return _ended(inbound, InboundState.RENDER_FAILED, reason)
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
                return await self._said(inbound, saying)
            case _:
                assert_never(wording)

    async def _given_up(
        self, inbound: Inbound, state: InboundState, reason: str
    ) -> Inbound:
        """Return a request that came too late, unless it was said before a stop."""
        message_id = await self.voice.message_of(inbound.id)
        if message_id is None:
            return _ended(inbound, state, reason)
        return replace(inbound, state=InboundState.SAID, message_id=message_id)

    async def _said(self, inbound: Inbound, saying: Saying) -> Inbound:
        try:
            message_id = await self.voice.say(saying, inbound.id)
        except Rejected as error:
            return _ended(inbound, InboundState.REFUSED, error.detail)
        return replace(inbound, state=InboundState.SAID, message_id=message_id)

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
                self.meter.warning("inbound.render_failed", **facts)
            case InboundState.EXPIRED:
                self.meter.warning("inbound.expired", **facts)
            case _:
                self.meter.warning("inbound.refused", **facts)


def _ended(inbound: Inbound, state: InboundState, reason: str) -> Inbound:
    return replace(inbound, state=state, reason=reason)
