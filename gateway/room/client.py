"""A client that stays in one room: joins, tells what happens, sends, comes back."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Self

from websockets.asyncio.client import ClientConnection

from gateway.room.backoff import Backoff
from gateway.room.connection import (
    CANCELLED,
    Clock,
    EventBuffer,
    Link,
    LinkEnd,
    SystemClock,
)
from gateway.room.errors import (
    NotReady,
    NotWritten,
    OutcomeUnknown,
    Refused,
    ReservedType,
    RoomError,
)
from gateway.room.protocol.company import Company
from gateway.room.protocol.envelope import to_json
from gateway.room.protocol.events import (
    Lost,
    Participant,
    Retrying,
    RoomEvent,
    RoomState,
    RoomStatus,
    StateChanged,
)
from gateway.room.protocol.messages import RESERVED_TYPES, Utterance
from gateway.room.protocol.options import DEFAULT_OPTIONS, RoomOptions
from gateway.room.protocol.session import Live, Session, SessionEvent
from gateway.room.protocol.standing import Life, Pace, Setback, Standing
from gateway.room.tokens import Credentials, read_claims
from gateway.room.transport import Interruptible, dial


class RoomClient:
    """Stays in a room until closed, whatever happens to the link.

    Run `run()` in a task of your own and iterate over the client for its events; a
    consumer that stops iterating stops the reading of the socket, and so the room.
    Everything else may be called from the same event loop at any time.

    Args:
        room: The room's name.
        url: Its WebSocket URL, see `room_address`.
        credentials: Where each attempt to join gets its token.
        attributes: What we tell about ourselves after each join.
        messaging: Whether to take part in messaging from the start.
        options: Limits and time-outs.
        rng: Source of the jitter between attempts.
        clock: Time.
    """

    def __init__(  # noqa: PLR0913 - by keyword, and each is somebody else's choice
        self,
        room: str,
        *,
        url: str,
        credentials: Credentials,
        rng: Random,
        attributes: Mapping[str, object] | None = None,
        messaging: bool = True,
        options: RoomOptions = DEFAULT_OPTIONS,
        clock: Clock | None = None,
    ) -> None:
        self.room = room
        self._url = url
        self._credentials = credentials
        self._attributes: dict[str, object] = dict(attributes or {})
        self._messaging = messaging
        self._options = options
        self._clock = clock or SystemClock()
        self._backoff = Backoff(rng, options)
        self._buffer = EventBuffer(options.buffer_events)
        self._company = Company()
        self._standing = Standing(self._clock.now())
        self._token_expires_at: datetime | None = None
        self._link: Link | None = None
        self._life = Life()
        self._ready_since_s: float | None = None
        self._closing = False
        self._away: str | None = None
        self._at_once = False
        self._joining = False
        self._waiting = Interruptible()
        self._stopped = asyncio.Event()
        self._stopped.set()

    async def run(self) -> None:
        """Stay in the room until `close()`; cancelling it leaves the room too.

        When it ends the state is `STOPPED`, no future is pending, and iterating
        ends after the events that are left.
        """
        self._stopped.clear()
        try:
            while not self._closing:
                await self._rest(await self._visit())
        finally:
            self._enter(RoomState.STOPPED)
            self._buffer.end()
            self._stopped.set()

    async def close(self) -> None:
        """Leave for good with close code 1000; returns when `run()` has ended."""
        self._closing = True
        self._drop("closed by us")
        await self._stopped.wait()

    def reconnect(self) -> None:
        """Join again now, from any state but stopped; a working link is dropped.

        Returns at once: the events tell how it goes.
        """
        self._away = None
        if self._joining:
            return  # nothing could be sooner
        self._at_once = True
        self._drop("reconnecting on request")

    def step_out(self, reason: str) -> None:
        """Leave the room until `reconnect()`, as when nothing can be stored.

        The state is `RECONNECTING` with `reason` as its error and no time for the
        next attempt. Events received before stay in order for the consumer.
        """
        self._away = reason
        self._at_once = False
        self._drop(reason)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RoomEvent:
        """Give the next event; the iteration ends when `run()` has ended."""
        event = await self._buffer.next()
        if event is None:
            raise StopAsyncIteration
        return event

    @property
    def state(self) -> RoomState:
        """The state alone of `status`, for whoever asks at every message."""
        return self._standing.state

    @property
    def status(self) -> RoomStatus:
        """Where we stand right now."""
        return self._standing.status(
            session=self._link.session if self._link else None,
            life=self._life,
            token_expires_at=self._token_expires_at,
        )

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody else by id, as last known; nobody while messaging is disabled."""
        return self._company.roster.participants

    @property
    def self_participant(self) -> Participant | None:
        """Ourselves, as the room knows us; `None` before the first join."""
        us = self._company.us
        return us and replace(us, attributes={**us.attributes, **self._attributes})

    def named(self, name: str) -> tuple[Participant, ...]:
        """Everybody else of exactly this name."""
        return self._company.roster.named(name)

    def post(
        self,
        to: str | None,
        type_: str,
        message_json: str,
        attachment: bytes = b"",
        otel: Mapping[str, str] | None = None,
    ) -> asyncio.Future[None]:
        """Queue a message; messages are written in the order of these calls.

        Args:
            to: Participant id; `None` broadcasts.
            type_: Message type.
            message_json: A JSON object as text; it is not checked.
            attachment: Raw bytes.
            otel: Fields of trace propagation.

        Returns:
            A future: done when the room has acknowledged, or failed with `Refused`,
            `NotWritten` or `OutcomeUnknown`.

        Raises:
            ReservedType: The type belongs to the protocol.
            NotReady: We are not in the room; nothing was or will be written.
        """
        if type_ in RESERVED_TYPES:
            raise ReservedType(type_)
        link = self._ready_link
        if link is None:
            state = self._standing.state  # of a link that just ended: ready
            raise NotReady(
                RoomState.RECONNECTING if state is RoomState.READY else state
            )
        return link.say(Utterance(to, type_, message_json, attachment, otel))

    async def send(
        self,
        to: str,
        type_: str,
        message: Mapping[str, object],
        attachment: bytes = b"",
    ) -> None:
        """Send a message to one participant id; see `post` for what is raised."""
        await self.post(to, type_, to_json(dict(message)), attachment)

    async def broadcast(
        self, type_: str, message: Mapping[str, object], attachment: bytes = b""
    ) -> None:
        """Send a message to everybody who takes part; see `post` for errors."""
        await self.post(None, type_, to_json(dict(message)), attachment)

    async def enable(self) -> None:
        """Take part in messaging, now and after each join.

        Raises:
            Refused: The room said no; it is not asked again at the next join.
        """
        self._want(messaging=True)
        link = self._ready_link
        if link is None or link.session.messaging:
            return  # the join asks, or nothing is left to ask
        try:
            await link.enable()
        except Refused:
            self._want(messaging=False)
            raise
        except (NotWritten, OutcomeUnknown):
            pass  # the next join asks again

    async def disable(self) -> None:
        """Take part in messaging no longer: nothing is received, nobody is known.

        Raises:
            Refused: The room said no.
        """
        self._want(messaging=False)
        link = self._ready_link
        if link is not None and link.session.messaging:
            with contextlib.suppress(NotWritten, OutcomeUnknown):  # the next join
                await link.disable()

    async def set_attributes(self, changes: Mapping[str, object]) -> None:
        """Tell something about ourselves, now and after each join.

        Args:
            changes: New values; `None` clears one.

        Raises:
            ValueError: A value is NaN or infinite; nothing is changed.
            TypeError: A value is of a kind that JSON has not; nothing is changed.
        """
        to_json(dict(changes))
        self._attributes.update(changes)
        link = self._welcomed_link
        if link is not None:
            link.tell_attributes(changes)

    def _want(self, *, messaging: bool) -> None:
        self._messaging = messaging
        if self._link is not None:
            self._link.session.want(messaging=messaging)

    @property
    def _ready_link(self) -> Link | None:
        ready = self._standing.state is RoomState.READY
        return self._welcomed_link if ready else None

    @property
    def _welcomed_link(self) -> Link | None:
        link = self._link
        return link if link and link.session.welcomed and not link.ended else None

    async def _visit(self) -> Setback:
        """Join once and stay; give why it ended."""
        if self._away is not None:
            return Setback(RoomState.RECONNECTING, self._away, Pace.ON_REQUEST)
        self._standing.attempt += 1
        self._joining = True
        try:
            link = await self._join()
        except RoomError as error:
            return self._standing.judge(error, can_renew=self._credentials.can_renew)
        finally:
            self._joining = False
        if link is None:  # cut short, to leave
            return Setback(RoomState.RECONNECTING, "cut short")
        self._link, self._life = link, link.life
        end = CANCELLED
        try:
            end = await link.run()
        finally:
            setback = self._depart(link, end)
            if not self._closing:
                self._enter(setback.state, error=setback.error)
            await link.hang_up(end)
        return setback

    async def _join(self) -> Link | None:
        token = self._credentials.token(self.room, now=self._clock.now())
        claims = read_claims(token)
        self._token_expires_at = claims.expires_at
        async with self._waiting:
            await self._buffer.room()
            socket = await dial(self._url, token, self._options)
            self._standing.admitted()
            self._company.begin(name=claims.name, role=claims.role)
            return self._link_over(socket)
        return None

    def _link_over(self, socket: ClientConnection) -> Link:
        session = Session(
            now=self._clock.monotonic(),
            attributes=self._attributes,
            messaging=self._messaging,
            options=self._options,
        )
        return Link(
            socket,
            session,
            hear=self._hear,
            room=self._buffer.room,
            clock=self._clock,
            options=self._options,
        )

    def _hear(self, event: SessionEvent) -> None:
        if isinstance(event, Live):
            self._ready_since_s = self._clock.monotonic()
            self._enter(RoomState.READY)
        for told in self._company.hear(event, self._clock.now()):
            self._buffer.add(told)

    def _depart(self, link: Link, end: LinkEnd) -> Setback:
        """Take leave of a link; give what follows."""
        self._link = None
        if self._ready_since_s is not None:
            self._backoff.was_ready(self._clock.monotonic() - self._ready_since_s)
            self._ready_since_s = None
            now = self._clock.now()
            self._buffer.add(
                Lost(end.reason, end.code, link.life.last_alive_at or now, now)
            )
        if end.dismissed:
            return Setback(RoomState.DISMISSED, end.reason, Pace.ON_REQUEST)
        if self._away is not None:
            return Setback(RoomState.RECONNECTING, self._away, Pace.ON_REQUEST)
        if end.error is not None:
            return self._standing.judge(end.error, can_renew=False)
        return Setback(RoomState.RECONNECTING, end.reason)

    async def _rest(self, setback: Setback) -> None:
        """Wait as the setback says, unless somebody wants it otherwise."""
        if self._at_once or self._closing:
            self._at_once = False
            return
        wait_s = self._backoff.after(setback)
        if wait_s is not None:
            next_retry_at = self._clock.now() + timedelta(seconds=wait_s)
            self._standing.next_retry_at = next_retry_at
        self._enter(setback.state, error=setback.error)
        self._buffer.add(Retrying(self.status))
        async with self._waiting:
            if wait_s is None:
                await asyncio.Event().wait()
            else:
                await self._clock.sleep(wait_s)
        self._at_once = False
        self._standing.next_retry_at = None

    def _enter(self, state: RoomState, *, error: str | None = None) -> None:
        if self._standing.enter(state, self._clock.now(), error=error):
            self._buffer.add(StateChanged(self.status))

    def _drop(self, reason: str) -> None:
        if self._link is not None:
            self._link.leave(reason)
        self._waiting.cut()
