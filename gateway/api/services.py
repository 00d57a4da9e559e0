"""What the HTTP side is given: the use cases it calls, and how it is configured."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fastapi import APIRouter

from gateway.api.bodies import Limits
from gateway.bridge.ports import (
    Clock,
    MessageFilter,
    MessagePage,
    Meter,
    Once,
    Presence,
)
from gateway.bridge.reading import RoomView
from gateway.bridge.sending import Draft, Rehearsal
from gateway.domain.ids import Ids
from gateway.domain.model import Attachment, IncomingMessage, OutgoingMessage


class Sending(Protocol):
    """Saying something in a room."""

    async def accept(
        self, draft: Draft, *, wait_s: float | None, once: Once | None = None
    ) -> OutgoingMessage:
        """Store a message and return it in the state that it reaches within `wait_s`.

        `None` waits as long as makes sense. Raises `Rejected`, `Unavailable` or, if
        `once` was used up before, `AlreadyDone`, and then nothing was stored.
        """
        ...

    async def accept_all(
        self, drafts: Sequence[Draft], *, wait_s: float = 0, once: Once | None = None
    ) -> Sequence[OutgoingMessage]:
        """Store messages of one room, all or none; the rest is as with `accept`.

        A refusal names each bad one, as `/messages/3/to`.
        """
        ...

    async def repeated(
        self, once: Once, *, wait_s: float | None
    ) -> Sequence[OutgoingMessage] | None:
        """Return what used something up, in its states within `wait_s`, or `None`.

        `None` waits as long as makes sense. Answers while the gateway stops, too.
        Raises `KeyReused` if it was another request, `MessageGone` with `message_id`
        if it is no longer held.
        """
        ...

    async def cancel(self, message_id: str) -> OutgoingMessage:
        """Take back what is queued, and return it; `NotFound`, `WrongState`."""
        ...

    async def retry(self, message_id: str) -> OutgoingMessage:
        """Queue again what was not sent, and return it; `NotFound`, `WrongState`.

        `QueueFull` and `ShuttingDown` as with `accept`.
        """
        ...

    def rehearse(self, draft: Draft) -> Rehearsal:
        """Say what `accept` would do, and do nothing."""
        ...

    async def wait(self, message_id: str, wait_s: float) -> None:
        """Return once the message's status is final, or after `wait_s`."""
        ...


class Reading(Protocol):
    """What was said, who is there and how the rooms are."""

    def rooms(self) -> Sequence[RoomView]:
        """Return all rooms."""
        ...

    def room(self, name: str | None) -> RoomView:
        """Return a room, or the only one for `None`; `NotFound`, `Invalid`."""
        ...

    def participants(self, room: str | None) -> tuple[str, Presence]:
        """Return a room's name and who is in it; `NotFound`, `Invalid`."""
        ...

    async def message(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Return a message; `NotFound`."""
        ...

    async def messages(self, query: MessageFilter) -> MessagePage:
        """Return a page of messages; `Invalid` for a cursor that is not ours."""
        ...

    async def attachment(self, message_id: str) -> tuple[Attachment, bytes]:
        """Return what goes with a message; `NotFound`."""
        ...

    async def erase(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Forget a message's content and return what is left; `NotFound`.

        `WrongState` while the message is still to be said.
        """
        ...


class Controls(Protocol):
    """Changing how the gateway is in a room."""

    async def reconnect(self, room: str) -> None:
        """Leave and join again, from any state."""
        ...

    async def enable(self, room: str) -> None:
        """Turn messaging on, and keep it on."""
        ...

    async def disable(self, room: str) -> None:
        """Turn messaging off, and keep it off."""
        ...

    async def set_attributes(self, room: str, changes: Mapping[str, object]) -> None:
        """Change attributes of our own participant."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that `create_app` needs.

    Attributes:
        public_url: Base of every absolute link, without a slash at its end. It may
            have a path, under which a proxy serves us.
        is_writable: Whether the store takes commits now.
        verify_link: Raises `LinkInvalid` unless the query of a path was signed by us.
        verify_reply: Raises it unless the query of a path was signed by us for a
            reply; returns what that reply uses up.
        instance: The gateway's own name, which its deliveries carry.
        draining: Set when the gateway is stopping.
        keys: The keys that may call; `None` for a gateway without keys.
        origins: Further browser origins that may call.
        hosts: Further names that a gateway without keys answers to.
        docs: Who may read `/docs` and `/openapi.json`.
        routers: Further resources: webhooks and deliveries.
    """

    sending: Sending
    reading: Reading
    controls: Controls
    clock: Clock
    meter: Meter
    ids: Ids
    version: str
    public_url: str
    is_writable: Callable[[], Awaitable[bool]]
    verify_link: Callable[[str, str], None]
    verify_reply: Callable[[str, str], str]
    instance: str
    draining: asyncio.Event
    keys: tuple[str, ...] | None = field(repr=False)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    docs: Literal["public", "key", "off"] = "public"
    limits: Limits = field(default_factory=Limits)
    routers: Sequence[APIRouter] = ()
