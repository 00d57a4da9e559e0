"""The parts that get events to webhooks, joined."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from gateway.api import (
    deliveries as delivery_routes,
    replays as replay_routes,
    webhooks as webhook_routes,
)
from gateway.app.choices import bad_webhooks
from gateway.bridge.ports import Clock, Meter
from gateway.delivery.attempts import Attempts
from gateway.delivery.cap import Cap
from gateway.delivery.declared import Declared
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Replies, Sender
from gateway.delivery.redelivery import DeliveryControls
from gateway.delivery.replayer import Replayer
from gateway.delivery.replays import ReplayControls
from gateway.delivery.requests import Links, Requests
from gateway.delivery.roster import Roster
from gateway.delivery.trial import Trial
from gateway.delivery.webhooks import WebhookControls
from gateway.delivery.worker import Worker
from gateway.delivery.works import Works
from gateway.domain.errors import GatewayError
from gateway.domain.ids import Ids
from gateway.settings import Settings
from gateway.storage.store import Store
from gateway.system import system_random


@dataclass(frozen=True, slots=True)
class Outside:
    """What the delivery of events rests on.

    Attributes:
        store: Where webhooks and deliveries are kept.
        sender: HTTP to strangers.
        check_url: Raises `UrlBlocked` for a URL that may not be called.
        links: Makes the links that bodies carry.
        replies: Says in the room what receivers return.
        public_url: The gateway's own address, without a slash at its end.
    """

    store: Store
    sender: Sender
    check_url: Callable[[str], None]
    links: Links
    replies: Replies
    public_url: str
    clock: Clock
    ids: Ids
    meter: Meter


class Delivering:
    """Webhooks, their worker, and what callers may do with both.

    Attributes:
        worker: Delivers, while it runs.
        replayer: Works off replays, while it runs.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._roster = Roster(outside.store.webhooks)
        self._requests = Requests(
            outside.store.instance, outside.links, source=outside.public_url
        )
        self._patience = Patience(outside.clock, system_random(), outside.meter)
        self.worker = self._build_worker()
        self.replayer = Replayer(
            outside.store.replays,
            self._roster,
            self._patience,
            outside.clock,
            outside.meter,
        )

    async def declare(self, settings: Settings) -> None:
        """Bring the webhooks of the configuration into the store.

        Raises:
            BadSettings: One of them breaks a rule.
        """
        outside = self._outside
        declared = Declared(
            self._roster, outside.check_url, outside.clock, outside.meter
        )
        try:
            await declared.declare(settings.gateway_webhooks)
        except GatewayError as error:
            raise bad_webhooks(error) from error

    def routers(self) -> tuple[APIRouter, ...]:
        """Return the routes for webhooks, their deliveries and replays of them."""
        outside = self._outside
        webhooks = WebhookControls(
            roster=self._roster,
            deliveries=outside.store.deliveries,
            check_url=outside.check_url,
            wake=self.worker.wake,
            clock=outside.clock,
            rng=system_random(),
            ids=outside.ids,
            meter=outside.meter,
            circuit=self.worker.circuit,
            standing=self.worker.standing,
            restart=self.worker.restart,
        )
        deliveries = DeliveryControls(
            deliveries=outside.store.deliveries,
            roster=self._roster,
            wake=self.worker.wake,
            meter=outside.meter,
        )
        replays = ReplayControls(
            replays=outside.store.replays,
            roster=self._roster,
            check_url=outside.check_url,
            wake=self.replayer.wake,
            clock=outside.clock,
            ids=outside.ids,
            meter=outside.meter,
        )
        trial = Trial(
            self._roster,
            self._requests,
            outside.sender,
            outside.clock,
            outside.ids,
        )
        return (
            webhook_routes.router(webhooks, trial),
            delivery_routes.router(deliveries, outside.clock),
            replay_routes.router(replays),
        )

    def _build_worker(self) -> Worker:
        outside = self._outside
        attempts = Attempts(
            requests=self._requests,
            sender=outside.sender,
            roster=self._roster,
            clock=outside.clock,
            rng=system_random(),
            ids=outside.ids,
            meter=outside.meter,
        )
        return Worker(
            Works(
                deliveries=outside.store.deliveries,
                roster=self._roster,
                attempting=attempts,
                cap=Cap(),
                patience=self._patience,
                clock=outside.clock,
                replies=outside.replies,
            )
        )
