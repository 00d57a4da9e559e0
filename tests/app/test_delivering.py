"""The parts of the delivery, joined as the gateway joins them."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import SystemRandom

import pytest
from typing_extensions import override

from gateway import settings
from gateway.app.delivering import Delivering, Outside
from gateway.app.links import Links
from gateway.delivery.ports import Due, Request, Said
from gateway.domain.ids import Ids
from gateway.domain.model import Outcome, Webhook
from gateway.settings import BadSettings, Settings
from gateway.storage.store import Store
from tests.conformance.ports import incoming, received
from tests.fakes.clock import FakeClock, settle
from tests.fakes.meter import FakeMeter
from tests.fakes.sender import ScriptedSender
from tests.storage.opening import opened


class CalledSender(ScriptedSender):
    """A sender that a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.called = asyncio.Event()

    @override
    async def send(self, request: Request) -> Outcome:
        self.called.set()
        return await super().send(request)


class Silent:
    """Says nothing in any room."""

    async def say(
        self, webhook: Webhook, due: Due, answer: Mapping[str, object]
    ) -> Said:
        """Skip it."""
        del webhook, due, answer
        return Said(skipped="loop")


PUBLIC = "https://gateway.example.com"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def given(**webhook: object) -> Settings:
    """Return settings that list one webhook."""
    entry = {"name": "pager", "url": "https://example.com/in", "secret": SECRET}
    return settings.load(
        {"GATEWAY_WEBHOOKS": json.dumps([entry | webhook])}, env_file=None
    )


def joined(store: Store, sender: ScriptedSender) -> Delivering:
    """Return the parts on a store and a sender."""
    clock = FakeClock()
    return Delivering(
        Outside(
            store=store,
            sender=sender,
            check_url=lambda _url: None,
            links=Links(bytes(32), PUBLIC, timedelta(days=7), clock),
            replies=Silent(),
            public_url=PUBLIC,
            clock=clock,
            ids=Ids(clock, SystemRandom()),
            meter=FakeMeter(),
        )
    )


async def test_what_is_stored_goes_to_a_webhook_of_the_configuration(
    tmp_path: Path,
) -> None:
    """From the log to the sender, by way of the worker."""
    sender = CalledSender()
    async with opened(tmp_path) as store, asyncio.timeout(10):
        delivering = joined(store, sender)
        await delivering.declare(given())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(delivering.worker.run())
            await settle()
            await store.log.append(received("a"), message=incoming("a"))
            await sender.called.wait()
            await delivering.worker.drain(1.0)

    assert [request.url for request in sender.requests] == ["https://example.com/in"]


async def test_a_webhook_that_breaks_a_rule_is_a_bad_setting(tmp_path: Path) -> None:
    """The place is named, for whoever wrote the configuration."""
    async with opened(tmp_path) as store:
        delivering = joined(store, ScriptedSender())

        with pytest.raises(BadSettings, match="/0/timeout_s"):
            await delivering.declare(given(timeout_s=0))


async def test_webhooks_and_deliveries_can_be_asked_about(tmp_path: Path) -> None:
    """There are routes for each."""
    async with opened(tmp_path) as store:
        routers = joined(store, ScriptedSender()).routers()

    paths = {getattr(route, "path", "") for each in routers for route in each.routes}
    assert {"/webhooks", "/deliveries", "/replays"} <= paths
