"""One gateway: every object built, every task owned, all of it stopped in order."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from fastapi import APIRouter

from gateway import __version__
from gateway.api import events, polling, samples, tracing
from gateway.api.bodies import Limits
from gateway.api.service import create_app
from gateway.api.services import Services
from gateway.app.answers import Answers
from gateway.app.choices import (
    api_keys,
    check_webhooks,
    egress_policy,
    has_token,
    is_unspecified,
    room_credentials,
    room_name,
    room_url,
    store_options,
)
from gateway.app.delivering import Delivering, Outside
from gateway.app.inbounding import Ground, Inbounding
from gateway.app.links import Links
from gateway.app.surroundings import Surroundings
from gateway.app.upkeep import Upkeep
from gateway.app.voice import Reserve
from gateway.bridge.controls import Controls
from gateway.bridge.dispatch import Dispatcher, DispatchOptions
from gateway.bridge.reading import Reading
from gateway.bridge.receiving import INSTANCE_ATTRIBUTE, Receiving
from gateway.bridge.replying import Replying
from gateway.bridge.rooms import Memory, Registry, Room
from gateway.bridge.sending import Sending
from gateway.bridge.streams import StreamOptions, Streams
from gateway.bridge.tracing import Tracing
from gateway.delivery.worker import Worker
from gateway.domain.ids import Ids
from gateway.egress.guard import EgressPolicy, check_url
from gateway.egress.sender import HttpSender
from gateway.inbound.wording import Sizes
from gateway.room import RoomClient, RoomOptions
from gateway.roomlink import ClientLink
from gateway.storage.store import Store, open_store
from gateway.system import SystemClock, system_random


class Replaced(Exception):
    """Another gateway has taken the store over; this one must not write any more."""


async def run(around: Surroundings) -> None:
    """Run a gateway until it is told to stop.

    Raises:
        BadSettings: The configuration makes no sense after all.
        StartRefused: The store can't be opened.
        Replaced: Another gateway has taken over.
    """
    settings, clock = around.settings, SystemClock()
    policy = egress_policy(
        settings,
        own=around.own | {around.address},
        development=around.development,
    )
    room_credentials(settings)
    check_webhooks(settings, policy)
    options = store_options(settings)
    async with AsyncExitStack() as stack:
        opening = open_store(options, clock=clock, meter=around.telemetry)
        store = await _entered(stack, opening, around.stop)
        if store is not None:
            sender = await stack.enter_async_context(HttpSender(policy, clock))
            gateway = Gateway(around, store, sender, policy)
            await gateway.run()
    around.telemetry.info("gateway.stopped")


async def _entered(
    stack: AsyncExitStack,
    opening: AbstractAsyncContextManager[Store],
    stop: asyncio.Event,
) -> Store | None:
    """Open the store; `None` if we were told to stop while it was waited for.

    Another gateway's lock, or a database that is away, may take any time.
    """
    store: Store | None = None
    failed: Exception | None = None
    try:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_cut_short(limit, stop))
            try:
                store = await stack.enter_async_context(opening)
            except Exception as error:  # noqa: BLE001  # It is raised below, unwrapped.
                failed = error
            finally:
                watching.cancel()
    except TimeoutError:
        return None
    if failed is not None:
        raise failed
    return store


async def _cut_short(limit: asyncio.Timeout, stop: asyncio.Event) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time())


class Gateway:
    """One gateway: its parts, joined."""

    def __init__(
        self,
        around: Surroundings,
        store: Store,
        sender: HttpSender,
        policy: EgressPolicy,
    ) -> None:
        self._around = around
        self._settings = around.settings
        self._meter = around.telemetry
        self._store = store
        self._clock = SystemClock()
        self._ids = Ids(self._clock, system_random())
        self._draining = asyncio.Event()
        self._chores: list[asyncio.Task[None]] = []
        self._sender = sender
        self._policy = policy
        self._links = Links(
            store.derive_key("links"),
            around.public_url,
            around.settings.gateway_retention_messages,
            self._clock,
            store.former_keys("links"),
        )
        self._streams = Streams(
            store.history,
            store.messages,
            self._links,
            self._clock,
            self._draining,
            StreamOptions(per_key=self._settings.gateway_streams_per_key),
        )

    async def run(self) -> None:
        """Run until told to stop, then stop in order."""
        room, link = await self._build_room()
        registry = Registry([room])
        sending = Sending(
            registry,
            clock=self._clock,
            ids=self._ids,
            default_ttl=self._settings.gateway_default_ttl,
            messages=self._store.messages,
        )
        delivering = self._join_delivering(sending)
        await delivering.declare(self._settings)
        inbounding = self._join_inbounding(registry, sending)
        routers = (*inbounding.routers(), *delivering.routers())
        app = create_app(self._services(registry, sending, routers))
        receiving = Receiving(
            room,
            self._store.log,
            clock=self._clock,
            meter=self._meter,
            ids=self._ids,
            instance=self._store.instance,
        )
        upkeep = Upkeep(self._store, self._settings, self._clock, self._meter)
        await room.dispatcher.load()
        async with asyncio.TaskGroup() as tasks:
            for chore in (
                room.dispatcher.run(),
                receiving.run(),
                delivering.replayer.run(),
                inbounding.speaker.run(),
                self._streams.run(),
                upkeep.sweep(),
                upkeep.erase(),
                self._watch_store(),
            ):
                self._chores.append(tasks.create_task(chore))
            tasks.create_task(link.run(receiving))
            tasks.create_task(delivering.worker.run())
            serve = self._around.server.serve(app, self._started)
            serving = tasks.create_task(serve)
            await self._around.stop.wait()
            ends_at_s = self._clock.monotonic() + 2 * self._patience_s
            await self._leave(room, link, sending)
            await receiving.stopped()
            await self._finish(delivering.worker, serving, ends_at_s)

    async def _leave(self, room: Room, link: ClientLink, sending: Sending) -> None:
        """Accept nothing more, say what can be said, and leave the room."""
        self._meter.info("gateway.draining", queued=room.dispatcher.queued)
        self._draining.set()
        sending.stop()
        try:
            async with asyncio.timeout(self._patience_s):
                await room.dispatcher.drained()
        except TimeoutError:
            queued = room.dispatcher.queued
            self._meter.warning("gateway.drain_cut_short", queued=queued)
        await link.leave()

    async def _finish(
        self, worker: Worker, serving: asyncio.Task[None], ends_at_s: float
    ) -> None:
        """End the deliveries begun and the answers owed, then everything else."""
        left_s = max(0.0, ends_at_s - self._clock.monotonic())
        cut = await worker.drain(min(self._patience_s, left_s))
        if cut:
            self._meter.warning("gateway.deliveries_cut_short", deliveries=cut)
        self._around.server.stop(ends_at_s - self._clock.monotonic())
        await serving
        for chore in self._chores:
            chore.cancel()

    @property
    def _patience_s(self) -> float:
        """Half of the time that a stop may take: for the room, and for webhooks."""
        return self._settings.gateway_shutdown_timeout.total_seconds() / 2

    def _started(self) -> None:
        self._meter.info(
            "gateway.started",
            address=self._around.url,
            public=self._around.public_url,
            version=__version__,
            room=self._settings.meshagent_room,
            auth=self._settings.gateway_auth,
            room_api_key_configured=self._settings.meshagent_api_key is not None,
            room_token_configured=has_token(self._settings),
            pid=os.getpid(),
        )
        self._warn_of_choices()
        self._around.started()

    def _warn_of_choices(self) -> None:
        """Say what was chosen for want of a better word, and how to choose."""
        settings = self._settings
        if settings.meshagent_api_key is not None and has_token(settings):
            self._meter.warning("room_token.ignored", instead="MESHAGENT_API_KEY")
        if settings.gateway_public_url is None and is_unspecified(self._around.address):
            self._meter.warning(
                "public_url.guessed",
                address=self._around.public_url,
                setting="GATEWAY_PUBLIC_URL",
            )

    async def _watch_store(self) -> None:
        await asyncio.shield(self._store.lost)
        detail = "another gateway has taken this store over"
        raise Replaced(detail)

    async def _build_room(self) -> tuple[Room, ClientLink]:
        settings = self._settings
        name = room_name(settings)
        record = await self._store.rooms.load(name)
        client = RoomClient(
            name,
            url=room_url(settings),
            credentials=room_credentials(settings),
            attributes={
                **(record.attributes or {}),
                INSTANCE_ATTRIBUTE: self._store.instance,
            },
            messaging=record.messaging_enabled,
            options=RoomOptions(proxy=settings.gateway_room_proxy),
            rng=system_random(),
            clock=self._clock,
        )
        link = ClientLink(
            client,
            messaging=record.messaging_enabled,
            clock=self._clock,
            meter=self._meter,
        )
        dispatcher = Dispatcher(
            link,
            self._store.outbox,
            clock=self._clock,
            meter=self._meter,
            ids=self._ids,
            options=DispatchOptions(
                window=settings.gateway_dispatch_window,
                max_messages=settings.gateway_outbox_messages,
                max_bytes=settings.gateway_outbox_bytes,
            ),
        )
        memory = Memory(record, self._store.rooms)
        return Room(link, dispatcher, memory, set()), link

    def _join_delivering(self, sending: Sending) -> Delivering:
        return Delivering(
            Outside(
                store=self._store,
                sender=self._sender,
                check_url=lambda url: check_url(url, self._policy),
                links=self._links,
                replies=Answers(Replying(sending, self._clock), self._limits),
                public_url=self._around.public_url,
                clock=self._clock,
                ids=self._ids,
                meter=self._meter,
            )
        )

    def _join_inbounding(self, registry: Registry, sending: Sending) -> Inbounding:
        settings = self._settings
        return Inbounding(
            Ground(
                sources=self._store.sources,
                inbox=self._store.inbox,
                sending=sending,
                registry=registry,
                # Half is for those who send by themselves: what came in can wait.
                reserve=Reserve(
                    settings.gateway_outbox_messages // 2,
                    settings.gateway_outbox_bytes // 2,
                ),
                sizes=Sizes(
                    settings.gateway_max_message_bytes,
                    settings.gateway_max_attachment_bytes,
                ),
                public_url=self._around.public_url,
                clock=self._clock,
                ids=self._ids,
                meter=self._meter,
            )
        )

    @property
    def _limits(self) -> Limits:
        settings = self._settings
        return Limits(
            body=settings.gateway_max_body_bytes,
            message=settings.gateway_max_message_bytes,
            attachment=settings.gateway_max_attachment_bytes,
        )

    def _services(
        self, registry: Registry, sending: Sending, routers: Sequence[APIRouter]
    ) -> Services:
        settings, clock, ids = self._settings, self._clock, self._ids
        reading = Reading(registry, self._store.messages, clock)
        return Services(
            sending=sending,
            reading=reading,
            controls=Controls(registry, self._store.log, clock=clock, ids=ids),
            clock=clock,
            meter=self._meter,
            ids=ids,
            version=__version__,
            public_url=self._around.public_url,
            is_writable=self._store.is_writable,
            verify_link=self._links.verify_attachment,
            verify_reply=self._links.verify_reply,
            instance=self._store.instance,
            draining=self._draining,
            keys=api_keys(settings, self._meter),
            origins=settings.gateway_cors_origins,
            hosts=settings.gateway_allowed_hosts,
            docs=settings.gateway_docs,
            limits=self._limits,
            routers=(*self._readings(reading), *routers),
        )

    def _readings(self, reading: Reading) -> Sequence[APIRouter]:
        """Return the readings of the log."""
        history, link = self._store.history, self._links.attachment
        return (
            events.router(self._streams, self._clock, self._meter),
            polling.router(history, link),
            samples.router(history, link, ids=self._ids, clock=self._clock),
            tracing.router(Tracing(reading.message, self._store.traces)),
        )
