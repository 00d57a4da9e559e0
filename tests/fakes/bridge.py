"""Use cases of the bridge that answer as a test says, and remember what was asked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from gateway.api.services import Services
from gateway.bridge.ports import (
    AlreadyDone,
    Done,
    LinkStatus,
    MessageFilter,
    MessagePage,
    Once,
    Presence,
)
from gateway.bridge.reading import RoomView
from gateway.bridge.sending import Draft, Rehearsal
from gateway.domain.errors import (
    GatewayError,
    Invalid,
    KeyReused,
    LinkInvalid,
    MessageGone,
    NotFound,
)
from gateway.domain.ids import Ids
from gateway.domain.model import (
    Attachment,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Recipient,
)
from gateway.domain.model.messages import ERASED
from gateway.domain.recipients import Present
from tests.fakes.clock import NOON, FakeClock

KEY = "k-1234567890"
ALICE = Present("p-1", "alice", "user", {"team": "blue", "level": 3}, NOON)
BOB = Present("p-2", "bob", "agent", {}, NOON)
OTHER_BOB = Present("p-3", "bob", "user", {}, NOON)
OURSELVES = Present("p-0", "gateway", "agent", {}, NOON)


def sent(draft: Draft) -> OutgoingMessage:
    """Return a draft as a message that the room has acknowledged."""
    return OutgoingMessage(
        id="msg_1",
        room=draft.room or "lobby",
        type=draft.type,
        body=draft.body,
        to=draft.to,
        created_at=NOON,
        ttl=draft.ttl or timedelta(seconds=300),
        expires_at=NOON + timedelta(seconds=300),
        status=MessageStatus.SENT,
        ref=draft.ref,
        recipients=tuple(
            Recipient(place, address.value, f"p-{place}", MessageStatus.SENT, 1)
            for place, address in enumerate(draft.to or ())
        ),
        present=None if draft.to is not None else 2,
        key_id=draft.key_id,
        traceparent=draft.traceparent,
    )


@dataclass
class FakeSending:
    """Accepts everything as sent, unless `error` or `outcome` says otherwise.

    Attributes:
        outcome: Fields in which the message differs from one that was sent.
        accepted: Drafts and waits, in order.
        batches: How many drafts each batch had.
        waited: What `wait` was asked for.
        done: What was used up, and by which messages.
        kept: The present state of each message; one taken out is no longer held.
        repeats: How long each repeat was to wait.
        amended: What was cancelled and retried.
    """

    error: Exception | None = None
    outcome: dict[str, object] = field(default_factory=dict)
    rehearsal: Rehearsal | None = None
    accepted: list[tuple[Draft, float | None]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    waited: list[tuple[str, float]] = field(default_factory=list)
    done: dict[Once, Done] = field(default_factory=dict)
    kept: dict[str, OutgoingMessage] = field(default_factory=dict)
    repeats: list[float | None] = field(default_factory=list)
    amended: list[tuple[str, str]] = field(default_factory=list)

    @property
    def draft(self) -> Draft:
        """The last draft that was accepted."""
        return self.accepted[-1][0]

    async def accept(
        self, draft: Draft, *, wait_s: float | None, once: Once | None = None
    ) -> OutgoingMessage:
        """Remember the draft, unless `once` was used up."""
        return self._accept([draft], wait_s, once)[0]

    async def accept_all(
        self, drafts: Sequence[Draft], *, wait_s: float = 0, once: Once | None = None
    ) -> Sequence[OutgoingMessage]:
        """Remember the drafts as `msg_1`, `msg_2`…, unless `once` was used up."""
        messages = self._accept(drafts, wait_s, once)
        self.batches.append(len(drafts))
        return messages

    def _accept(
        self, drafts: Sequence[Draft], wait_s: float | None, once: Once | None
    ) -> list[OutgoingMessage]:
        if self.error is not None:
            raise self.error
        if once is not None and once in self.done:
            raise AlreadyDone(self.done[once])
        messages: list[OutgoingMessage] = [
            replace(sent(draft), id=f"msg_{number}", **self.outcome)  # type: ignore[arg-type]  # any field
            for number, draft in enumerate(drafts, 1)
        ]
        if once is not None:
            ids = tuple(message.id for message in messages)
            self.done[once] = Done(ids, once.fingerprint)
        self.accepted += [(draft, wait_s) for draft in drafts]
        self.kept |= {message.id: message for message in messages}
        return messages

    async def repeated(
        self, once: Once, *, wait_s: float | None
    ) -> Sequence[OutgoingMessage] | None:
        """Return the messages that used it up, as they are kept; `None` if none did."""
        done = self.done.get(once)
        if done is None:
            return None
        if done.fingerprint != once.fingerprint:
            message = "The key was used for another request."
            raise KeyReused(message)
        self.repeats.append(wait_s)
        for id_ in done.message_ids:
            if id_ not in self.kept:
                message = "The message is no longer held."
                raise MessageGone(message, facts={"message_id": id_})
        return [self.kept[id_] for id_ in done.message_ids]

    async def cancel(self, message_id: str) -> OutgoingMessage:
        """Remember it, and return the message as cancelled."""
        return self._amend("cancel", message_id, MessageStatus.CANCELLED)

    async def retry(self, message_id: str) -> OutgoingMessage:
        """Remember it, and return the message as queued."""
        return self._amend("retry", message_id, MessageStatus.QUEUED)

    def _amend(
        self, what: str, message_id: str, status: MessageStatus
    ) -> OutgoingMessage:
        if self.error is not None:
            raise self.error
        if message_id not in self.kept:
            message = "There is no such message."
            raise NotFound(message, facts={"what": "message"})
        self.amended.append((what, message_id))
        self.kept[message_id] = replace(self.kept[message_id], status=status)
        return self.kept[message_id]

    def rehearse(self, draft: Draft) -> Rehearsal:
        """Return the rehearsal that was set."""
        return self.rehearsal or Rehearsal(draft.room or "lobby", "send", (ALICE,), 1)

    async def wait(self, message_id: str, wait_s: float) -> None:
        """Remember it and return at once."""
        self.waited.append((message_id, wait_s))


@dataclass
class FakeReading:
    """Knows one room, `lobby`, and the messages that it is given."""

    status: LinkStatus = field(
        default_factory=lambda: LinkStatus("ready", NOON, "p-0", messaging_enabled=True)
    )
    presence: Presence = field(
        default_factory=lambda: Presence(
            True,  # noqa: FBT003  # its first field says what it is
            NOON,
            OURSELVES,
            (ALICE, BOB, OTHER_BOB),
        )
    )
    kept: dict[str, OutgoingMessage | IncomingMessage] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    queries: list[MessageFilter] = field(default_factory=list)
    next_cursor: str | None = None
    rooms_error: GatewayError | None = None

    def rooms(self) -> Sequence[RoomView]:
        """Return the one room."""
        count = len(self.presence.participants)
        return [RoomView("lobby", self.status, 2, 1.5, count, ())]

    def room(self, name: str | None) -> RoomView:
        """Return the one room; `NotFound` for others."""
        if self.rooms_error is not None:
            raise self.rooms_error
        if name not in {None, "lobby"}:
            message = "There is no such room."
            raise NotFound(message)
        return self.rooms()[0]

    def participants(self, room: str | None) -> tuple[str, Presence]:
        """Return who is in the one room."""
        return self.room(room).room, self.presence

    async def message(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Return a message that was given."""
        if message_id not in self.kept:
            message = "There is no such message."
            raise NotFound(message)
        return self.kept[message_id]

    async def messages(self, query: MessageFilter) -> MessagePage:
        """Return all messages that were given."""
        self.queries.append(query)
        if query.cursor == "bad":
            message = "The cursor is not one of ours."
            raise Invalid(message)
        return MessagePage(list(self.kept.values()), self.next_cursor)

    async def attachment(self, message_id: str) -> tuple[Attachment, bytes]:
        """Return an attachment that was given."""
        if message_id not in self.attachments:
            message = "It has no attachment."
            raise NotFound(message)
        content = self.attachments[message_id]
        return Attachment(len(content), "5ha"), content

    async def erase(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Forget the content of a message that was given."""
        message = await self.message(message_id)
        self.kept[message_id] = replace(message, body=ERASED, attachment=None)
        return self.kept[message_id]


@dataclass
class FakeControls:
    """Remembers what it was told."""

    told: list[tuple[str, object]] = field(default_factory=list)

    async def reconnect(self, room: str) -> None:
        """Remember it."""
        self.told.append(("reconnect", room))

    async def enable(self, room: str) -> None:
        """Remember it."""
        self.told.append(("enable", room))

    async def disable(self, room: str) -> None:
        """Remember it."""
        self.told.append(("disable", room))

    async def set_attributes(self, room: str, changes: Mapping[str, object]) -> None:
        """Remember it."""
        self.told.append((room, changes))


@dataclass
class LineMeter:
    """Keeps lines of the log."""

    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append((event, facts))

    def warning(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append((event, facts))

    def error(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append((event, facts))


class Bridge:
    """The fakes, and the services made of them."""

    def __init__(self) -> None:
        self.sending = FakeSending()
        self.reading = FakeReading()
        self.controls = FakeControls()
        self.meter = LineMeter()
        self.clock = FakeClock()
        self.draining = asyncio.Event()
        self.writable = True

    def services(self, **changes: object) -> Services:
        """Return services with one key, `KEY`, unless `changes` say otherwise."""
        services = Services(
            sending=self.sending,
            reading=self.reading,
            controls=self.controls,
            clock=self.clock,
            meter=self.meter,
            ids=Ids(self.clock, Random(7)),  # noqa: S311  # a test's ids may be guessed
            version="1.2.3",
            public_url="http://127.0.0.1:8080",
            is_writable=self._is_writable,
            verify_link=verify_link,
            verify_reply=verify_reply,
            instance="gw_one",
            draining=self.draining,
            keys=(KEY,),
        )
        return replace(services, **changes)  # type: ignore[arg-type]  # any field

    async def _is_writable(self) -> bool:
        return self.writable


def verify_link(path: str, query: str) -> None:
    """Take `signature=good` for a signature of any path."""
    if "signature=good" not in query:
        message = f"The link to {path} is wrong or too old."
        raise LinkInvalid(message)


def verify_reply(path: str, query: str) -> str:
    """Take `signature=good` for one too; every link uses up the same."""
    verify_link(path, query)
    return "dlv_1"
