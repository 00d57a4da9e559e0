"""Sources in memory, and a voice that says what a test lets it say."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.ids import Ids
from gateway.domain.model import Inbound, Profile, Source, Verification
from gateway.inbound.controls import SourceControls
from gateway.inbound.intake import Intake, Taking, token_hash
from gateway.inbound.ports import InOutbox, Saying
from gateway.inbound.refusals import Refusals
from gateway.inbound.speaker import Speaker
from tests.fakes.clock import NOON, FakeClock, settle
from tests.fakes.memory_store import MemoryStore
from tests.fakes.meter import FakeMeter

TOKEN = "a-token"  # of `a_source`
SECRET = "a-bearer"


def a_source(id_: str = "src_1", **changes: Any) -> Source:  # noqa: ANN401  # a builder
    """Return a source that takes whatever comes, but for the changes."""
    source = Source(
        id=id_,
        name="shop",
        room="lobby",
        token_hash=token_hash(TOKEN),
        verify=Verification(Profile.NONE),
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(source, **changes)


def an_arrival(
    body: object = None, headers: Mapping[str, str] | None = None, **changes: object
) -> Arrival:
    """Return a POST of JSON, or of bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {"n": 1}).encode()
    named = {"content-type": "application/json", **(headers or {})}
    arrival = Arrival("POST", "", named, raw)
    return replace(arrival, **changes)  # type: ignore[arg-type]  # a builder


class FakeVoice:
    """Says everything as `msg_1`, `msg_2`…, once for each request.

    Attributes:
        said: What was said, in order.
        errors: What is raised in its stead, one at a time.
        silent: Raised for as long as it is set.
        left: What a former process left in the outbox.
    """

    def __init__(self) -> None:
        self.said: list[Saying] = []
        self.errors: list[Exception] = []
        self.silent: GatewayError | None = None
        self.left: list[InOutbox] = []
        self._ids: dict[str, str] = {}
        self._changed: Callable[[], None] = lambda: None

    async def say(self, saying: Saying, inbound_id: str) -> str:
        """Say it, unless it was said before."""
        if self.silent is not None:
            raise self.silent
        if self.errors:
            raise self.errors.pop(0)
        if inbound_id not in self._ids:
            self.said.append(saying)
            self._ids[inbound_id] = f"msg_{len(self._ids) + 1}"
        await settle(1)  # As long as a commit takes.
        return self._ids[inbound_id]

    async def message_of(self, inbound_id: str) -> str | None:
        """Return what was said of a request."""
        return self._ids.get(inbound_id)

    def take_up(self, left: InOutbox) -> None:
        """Keep what is left."""
        self.left.append(left)

    def watch(self, changed: Callable[[], None]) -> None:
        """Keep whom to tell."""
        self._changed = changed

    def change(self) -> None:
        """Tell that it may be worth trying again."""
        self._changed()

    @property
    def bodies(self) -> list[object]:
        """The message objects that were said, in order."""
        return [json.loads(saying.body) for saying in self.said]


@dataclass
class Inbounds:
    """The use cases of sources, on a store in memory."""

    clock: FakeClock = field(default_factory=FakeClock)
    meter: FakeMeter = field(default_factory=FakeMeter)
    voice: FakeVoice = field(default_factory=FakeVoice)

    def __post_init__(self) -> None:
        """Build what has not been given."""
        self.rng = Random(1)  # noqa: S311  # the same tokens each time
        self.ids = Ids(self.clock, self.rng)
        self.store = MemoryStore(self.clock)
        self.refusals = Refusals()
        self.begin()

    def begin(self) -> None:
        """Build the use cases, as at the start of a process."""
        self.speaker = Speaker(
            self.store.sources,
            self.store.inbox,
            self.voice,
            clock=self.clock,
            meter=self.meter,
        )
        self.intake = Intake(
            sources=self.store.sources,
            inbox=self.store.inbox,
            refusals=self.refusals,
            wake=self.speaker.wake,
            clock=self.clock,
            ids=self.ids,
            meter=self.meter,
        )
        self.controls = SourceControls(
            sources=self.store.sources,
            inbox=self.store.inbox,
            refusals=self.refusals,
            room_of=room_of,
            wake=self.speaker.wake,
            clock=self.clock,
            rng=self.rng,
            ids=self.ids,
            meter=self.meter,
        )

    async def add(self, *sources: Source) -> None:
        """Store sources."""
        for source in sources:
            await self.store.sources.put(source)

    async def take(self, source: Source, *arrivals: Arrival) -> list[Taking]:
        """Take requests in, one after another."""
        return [await self.intake.take(source, arrival) for arrival in arrivals]

    async def inbound(self, inbound_id: str | None) -> Inbound:
        """Return a request as it is stored."""
        found = await self.store.inbox.get(inbound_id or "")
        assert found is not None
        return found

    async def speak(self) -> None:
        """Say what can be said, and stop as a process does."""
        task = asyncio.get_running_loop().create_task(self.speaker.run())
        await settle()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return


def room_of(name: str | None) -> str:
    """Know one room, `lobby`."""
    if name not in (None, "lobby"):
        detail = f"this gateway is not in a room {name!r}; its rooms: lobby"
        raise NotFound(detail)
    return "lobby"
