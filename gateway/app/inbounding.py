"""The parts that take in what third parties send, joined."""

from dataclasses import dataclass

from fastapi import APIRouter

from gateway.api import ingest as ingest_routes, sources as source_routes
from gateway.app.voice import Reserve, RoomVoice
from gateway.bridge.ports import Clock, Meter
from gateway.bridge.rooms import Registry
from gateway.bridge.sending import Sending
from gateway.domain.ids import Ids
from gateway.inbound.controls import SourceControls
from gateway.inbound.intake import Intake
from gateway.inbound.ports import Inbox, Sources
from gateway.inbound.refusals import Refusals
from gateway.inbound.speaker import Speaker
from gateway.inbound.wording import Sizes
from gateway.system import system_random


@dataclass(frozen=True, slots=True)
class Ground:
    """What sources rest on.

    Attributes:
        sources: Where they are kept.
        inbox: Where their requests are kept.
        sending: Says things in rooms.
        registry: The rooms.
        reserve: What is left free of each room's outbox.
        sizes: How much a room takes.
        public_url: The gateway's own address, without a slash at its end.
    """

    sources: Sources
    inbox: Inbox
    sending: Sending
    registry: Registry
    reserve: Reserve
    sizes: Sizes
    public_url: str
    clock: Clock
    ids: Ids
    meter: Meter


class Inbounding:
    """Sources, what comes in by them, and what callers may do with both.

    Attributes:
        speaker: Says what came in, while it runs.
        intake: Takes requests in.
        controls: What callers do with sources.
    """

    def __init__(self, ground: Ground) -> None:
        self._public_url = ground.public_url
        refusals = Refusals()
        self.speaker = Speaker(
            ground.sources,
            ground.inbox,
            RoomVoice(ground.sending, ground.registry, ground.reserve),
            clock=ground.clock,
            meter=ground.meter,
            sizes=ground.sizes,
        )
        self.intake = Intake(
            sources=ground.sources,
            inbox=ground.inbox,
            refusals=refusals,
            wake=self.speaker.wake,
            clock=ground.clock,
            ids=ground.ids,
            meter=ground.meter,
        )
        self.controls = SourceControls(
            sources=ground.sources,
            inbox=ground.inbox,
            refusals=refusals,
            room_of=lambda name: ground.registry.get(name).name,
            wake=self.speaker.wake,
            clock=ground.clock,
            rng=system_random(),
            ids=ground.ids,
            meter=ground.meter,
            sizes=ground.sizes,
        )

    def routers(self) -> tuple[APIRouter, ...]:
        """Return the routes for sources, and for those who send to them."""
        return (
            source_routes.router(self.controls, self._public_url),
            ingest_routes.router(ingest_routes.Ingest(self.intake)),
        )
