"""A place in a room that a test plays by hand."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.bridge.ports import (
    Clock,
    LinkStatus,
    NotReady,
    Presence,
)
from gateway.domain.model import Address, AddressKind, OutgoingMessage
from gateway.domain.recipients import Present


@dataclass(frozen=True, slots=True)
class Post:
    """One write to the room, to be acknowledged by the test."""

    to: str | None
    message: OutgoingMessage
    attachment: bytes
    acknowledged: asyncio.Future[None]


class FakeLink:
    """Satisfies the `RoomLink` port; `posts` is what was written, in order.

    It begins away. `acknowledges` makes it answer every write at once.
    """

    def __init__(self, clock: Clock, *, room: str = "lobby") -> None:
        self._room = room
        self._clock = clock
        self._watchers: list[Callable[[], None]] = []
        self._state = "reconnecting"
        self._since = clock.now()
        self.people: list[Present] = []
        self.own: Present | None = None
        self.messaging = True
        self.acknowledges = False
        self.posts: list[Post] = []
        self.asked: list[str] = []
        self.attributes: dict[str, object] = {}
        self.refusal: Exception | None = None

    @property
    def room(self) -> str:
        """The room's name."""
        return self._room

    @property
    def is_ready(self) -> bool:
        """Whether the test has made it ready."""
        return self.status.is_ready

    @property
    def status(self) -> LinkStatus:
        """The state that the test has put it in."""
        return LinkStatus(
            self._state,
            self._since,
            messaging_enabled=self.messaging,
            last_received_at=self._clock.now(),
        )

    @property
    def messaging_enabled(self) -> bool:
        """Whether the test wants messaging."""
        return self.messaging

    @property
    def presence(self) -> Presence:
        """Who the test says is there."""
        now = self._clock.now()
        return Presence(self._state == "ready", now, self.own, list(self.people))

    def reachable(self, to: Sequence[Address] | None) -> Sequence[Present]:
        """Return everybody; while messaging is disabled, ids on trust."""
        if self.messaging or to is None:
            return self.people
        now = self._clock.now()
        return [
            Present(each.value, None, "", {}, now)
            for each in to
            if each.kind is AddressKind.ID
        ]

    def post(
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Note a write."""
        if self._state != "ready":
            raise NotReady
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.posts.append(Post(to, message, attachment, acknowledged))
        if self.acknowledges:
            acknowledged.set_result(None)
        return acknowledged

    async def enable(self) -> None:
        """Turn messaging on, unless the test has a refusal."""
        if self.refusal is not None:
            raise self.refusal
        self.messaging = True

    async def disable(self) -> None:
        """Turn messaging off."""
        self.messaging = False

    async def set_attributes(self, changes: Mapping[str, object]) -> None:
        """Note the changes."""
        self.attributes.update(changes)

    async def reconnect(self) -> None:
        """Note that it was asked for."""
        self.asked.append("reconnect")

    def step_out(self, reason: str) -> None:
        """Note why."""
        self.asked.append(f"step_out: {reason}")

    def watch(self, changed: Callable[[], None]) -> None:
        """Keep a watcher."""
        self._watchers.append(changed)

    def become(self, state: str) -> None:
        """Change the state, and tell the watchers."""
        self._state = state
        self._since = self._clock.now()
        self.changed()

    def arrive(self, name: str, *, id_: str | None = None, role: str = "user") -> None:
        """Let somebody come into the room."""
        one = Present(id_ or f"id-{name}", name, role, {}, self._clock.now())
        self.people.append(one)
        self.changed()

    def depart(self, name: str) -> None:
        """Let everybody of that name go."""
        self.people = [one for one in self.people if one.name != name]
        self.changed()

    def cut(self, error: Exception) -> None:
        """Lose the link: what is not acknowledged fails with that error."""
        self.become("reconnecting")
        for post in self.posts:
            if not post.acknowledged.done():
                post.acknowledged.set_exception(error)

    def changed(self) -> None:
        """Tell the watchers."""
        for watcher in self._watchers:
            watcher()

    @property
    def said(self) -> list[tuple[str | None, str]]:
        """To whom what was written, in order: the recipient's id and the body."""
        return [(post.to, post.message.body) for post in self.posts]
