"""Whatever a room, a store and a stop do, and in whatever order, promises are kept."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gateway.bridge.dispatch import DispatchOptions
from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused
from gateway.bridge.sending import Draft
from gateway.domain.errors import GatewayError, StoreUnavailable
from gateway.domain.model import (
    EventType,
    Match,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    StepKind,
)
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import settle
from tests.fakes.link import FakeLink, Post

NAMES = ("alice", "bob")
TTL = timedelta(seconds=90)
# By an acknowledgement that comes late, and by nothing else.
CORRECTIONS = {
    ("unknown", "sent"),
    ("unknown", "partial"),
    ("partial", "sent"),
}
OPEN = ("queued", "sending")
UNSENT = ("partial", "failed", "expired", "unknown")
# What may be written once more after it was written with that result …
REPEATABLE = {"not written", "not found"}
# … and what if it was retried.
RETRIABLE = {*REPEATABLE, "unknown", "refused"}


def key_of(to: str | None, message: OutgoingMessage) -> tuple[str, str | None]:
    """Return what is to be said once: a message to somebody, by whatever id."""
    if to is None or message.match is Match.ALL:
        return message.id, to
    return message.id, to.partition("-")[0]


class Witness(FakeLink):
    """A room that looks, at each write, whether it was in order."""

    scene: Scene
    fates: dict[tuple[str, str | None], str]
    cancelled: set[str]

    def post(  # type: ignore[explicit-override]  # typing.override needs 3.12
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Note a write, and who had it before."""
        told = super().post(to, message, attachment)
        key = key_of(to, message)
        fate = self.fates.get(key)
        again = fate == "unknown" and message.on_unknown is OnUnknown.RETRY
        retried = any(step.kind is StepKind.RETRIED for step in message.steps)
        may = RETRIABLE if retried else REPEATABLE
        assert fate is None or fate in may or again, fate
        assert message.id not in self.cancelled
        self.fates[key] = "open"
        self._was_noted(message)
        self._is_in_order(message)
        return told

    def _was_noted(self, message: OutgoingMessage) -> None:
        stored = self.scene.store.messages_by_id[message.id]
        assert isinstance(stored, OutgoingMessage)
        assert stored.status is MessageStatus.SENDING

    def _is_in_order(self, message: OutgoingMessage) -> None:
        dispatcher = self.scene.dispatcher
        entry, head = dispatcher.find(message.id), dispatcher._line.head
        assert entry is not None
        assert head is None or head.order > entry.order


class DispatchMachine(RuleBasedStateMachine):
    """A dispatcher between a room and a store that do as they like."""

    @initialize(window=st.sampled_from([1, 2, 64]))
    def start(self, window: int) -> None:
        """Begin in a room that is away."""
        self.runner = asyncio.Runner(debug=False)
        self.complaints: list[object] = []
        self.lates: list[tuple[asyncio.Future[None], tuple[str, str | None], bool]] = []
        self.seen: dict[str, str] = {}
        self.arrived = 0
        self.fails = False
        self.runner.run(self._start(window))

    async def _start(self, window: int) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, what: self.complaints.append(what))
        self.scene = Scene(options=DispatchOptions(window=window))
        self.link = self._witness()
        self.running = loop.create_task(self.scene.dispatcher.run())
        await settle()

    def _witness(self) -> Witness:
        link = self.scene.link
        link.__class__ = Witness
        assert isinstance(link, Witness)
        link.scene, link.fates, link.cancelled = self.scene, {}, set()
        return link

    @rule(
        names=st.sampled_from([None, *((name,) for name in NAMES), NAMES]),
        await_recipient=st.booleans(),
        retry=st.booleans(),
        match=st.sampled_from(Match),
        attachment=st.sampled_from([b"", b"bytes"]),
    )
    def accept(
        self,
        names: tuple[str, ...] | None,
        match: Match,
        attachment: bytes,
        *,
        await_recipient: bool,
        retry: bool,
    ) -> None:
        """Send something."""
        draft = replace(
            a_draft(),
            to=None if names is None else to(*names),
            await_recipient=await_recipient and names is not None,
            on_unknown=OnUnknown.RETRY if retry else OnUnknown.REPORT,
            match=match,
            attachment=attachment,
            ttl=TTL,
        )
        self.runner.run(self._accept(draft))

    async def _accept(self, draft: Draft) -> None:
        try:
            message = await self.scene.accept(draft)
        except GatewayError:
            await settle()
        else:
            self.seen[message.id] = "queued"

    def _that_are(self, *statuses: str) -> list[str]:
        return [id_ for id_, status in self.seen.items() if status in statuses]

    @precondition(lambda self: self._that_are(*OPEN))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Take something back."""
        id_ = data.draw(st.sampled_from(self._that_are(*OPEN)))
        self.runner.run(self._cancel(id_))

    async def _cancel(self, id_: str) -> None:
        try:
            message = await self.scene.sending.cancel(id_)
        except GatewayError:
            pass
        else:
            assert message.status.is_final
            if message.status is MessageStatus.CANCELLED:
                self.link.cancelled.add(id_)
        await settle()

    @precondition(lambda self: self._that_are(*UNSENT))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Have something said after all."""
        id_ = data.draw(st.sampled_from(self._that_are(*UNSENT)))
        self.runner.run(self._retry(id_))

    async def _retry(self, id_: str) -> None:
        try:
            await self.scene.sending.retry(id_)
        except GatewayError:
            await settle()
        else:
            self.seen[id_] = "queued"
            await settle()

    @property
    def _unanswered(self) -> list[Post]:
        return [post for post in self.link.posts if not post.acknowledged.done()]

    def _key(self, post: Post) -> tuple[str, str | None]:
        return key_of(post.to, post.message)

    @precondition(lambda self: self._unanswered)
    @rule(data=st.data(), answer=st.sampled_from(["ok", 1003, 1001, "late"]))
    def answer(self, data: st.DataObject, answer: object) -> None:
        """Let the room answer one write, in any order."""
        post = data.draw(st.sampled_from(self._unanswered))
        self.runner.run(self._answer(post, answer))

    async def _answer(self, post: Post, answer: object) -> None:
        key, told = self._key(post), post.acknowledged
        if answer == "ok":
            self.link.fates[key] = "sent"
            told.set_result(None)
        elif answer == "late":
            self.link.fates[key] = "unknown"
            late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            entry = self.scene.dispatcher.find(post.message.id)
            assert entry is not None
            once = post.message.on_unknown is OnUnknown.REPORT and not entry.resent
            self.lates.append((late, key, once))
            told.set_exception(OutcomeUnknown("not in time", late))
        else:
            self.link.fates[key] = "not found" if answer == 1003 else "refused"
            told.set_exception(Refused(int(str(answer)), "no"))
        await settle()

    @precondition(lambda self: self.lates)
    @rule(data=st.data())
    def acknowledge_late(self, data: st.DataObject) -> None:
        """Let an answer come after all."""
        place = data.draw(st.integers(0, len(self.lates) - 1))
        late, key, once = self.lates.pop(place)
        if once and self.link.fates[key] == "unknown":
            self.link.fates[key] = "sent"  # So it need not be said by a retry.
        self.runner.run(self._resolve(late))

    async def _resolve(self, late: asyncio.Future[None]) -> None:
        late.set_result(None)
        await settle()

    @rule(written=st.integers(0, 3))
    def lose(self, written: int) -> None:
        """Lose the link; what was not on the wire is known not to be."""
        self.runner.run(self._lose(written))

    async def _lose(self, written: int) -> None:
        self.link.become("reconnecting")
        for place, post in enumerate(self._unanswered):
            unknown = place < written
            self.link.fates[self._key(post)] = "unknown" if unknown else "not written"
            post.acknowledged.set_exception(
                OutcomeUnknown("lost") if unknown else NotReady()
            )
        for late, *_ in self.lates:
            late.cancel()
        self.lates.clear()
        await settle()

    @precondition(lambda self: not self.link.status.is_ready)
    @rule()
    def join(self) -> None:
        """Come back."""
        self.runner.run(self._tell(lambda: self.link.become("ready")))

    @rule(name=st.sampled_from(NAMES))
    def arrive(self, name: str) -> None:
        """Let somebody in, under an id of its own."""
        self.arrived += 1
        id_ = f"{name}-{self.arrived}"
        self.runner.run(self._tell(lambda: self.link.arrive(name, id_=id_)))

    @rule(name=st.sampled_from(NAMES))
    def depart(self, name: str) -> None:
        """Let everybody of a name go."""
        self.runner.run(self._tell(lambda: self.link.depart(name)))

    async def _tell(self, change: Callable[[], None]) -> None:
        change()
        await settle()

    @rule(seconds=st.sampled_from([1, 5, 31]))
    def pass_time(self, seconds: int) -> None:
        """Let time go by."""
        self.runner.run(self.scene.clock.advance(seconds))

    @rule(fails=st.booleans())
    def break_or_mend(self, *, fails: bool) -> None:
        """Have the store fail, or take what comes."""
        self.fails = fails
        error = StoreUnavailable("disk full") if fails else None
        self.scene.store.fail_with(error)

    @rule()
    def restart(self) -> None:
        """Kill the process, and begin anew with what is stored."""
        self.runner.run(self._restart())

    async def _restart(self) -> None:
        self.running.cancel()
        await settle()
        self.fails = False
        self.scene.store.fail_with(None)
        self.link._watchers.clear()
        self.link.become("reconnecting")
        for post in self.link.posts:
            stored = self.scene.store.messages_by_id[post.message.id]
            assert isinstance(stored, OutgoingMessage)
            if stored.status is MessageStatus.SENDING:
                # Whatever the room answered, nobody knows of it any more.
                self.link.fates[self._key(post)] = "unknown"
        self.link.posts.clear()
        self.lates.clear()
        self.scene.begin()
        await self.scene.dispatcher.load()
        loop = asyncio.get_running_loop()
        self.running = loop.create_task(self.scene.dispatcher.run())
        await settle()

    @invariant()
    def goes_on(self) -> None:
        """Nothing ends the dispatcher, and no exception is lost."""
        if not self.running.done() and not self.complaints:
            return
        assert not self.complaints, self.complaints
        pytest.fail(repr(self.running))

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        """Each message has a final status or is still open, and final is final."""
        for id_, before in self.seen.items():
            stored = self.scene.store.messages_by_id[id_]
            assert isinstance(stored, OutgoingMessage)
            status = stored.status.value
            was_final = MessageStatus(before).is_final
            assert not was_final or before == status or (before, status) in CORRECTIONS
            is_open = self.scene.dispatcher.find(id_) is not None
            assert stored.status.is_final or is_open
            self.seen[id_] = status

    @invariant()
    def nothing_is_told_twice(self) -> None:
        """What was taken back is told of once."""
        told = [
            event.message_id
            for event in self.scene.store.events
            if event.type is EventType.MESSAGE_CANCELLED
        ]
        assert len(told) == len(set(told))

    @invariant()
    def counts_are_right(self) -> None:
        """What is counted is what is there."""
        dispatcher = self.scene.dispatcher
        assert dispatcher._posting.count == len(self._unanswered)
        entries = dispatcher._held._entries.values()
        assert dispatcher._held.bytes == sum(entry.size for entry in entries)

    def teardown(self) -> None:  # type: ignore[explicit-override]  # needs 3.12
        """Mend everything: each message comes to its end, and nothing is left."""
        if not hasattr(self, "scene"):
            return
        try:
            self.runner.run(self._end())
            self.goes_on()
            self.nothing_accepted_is_lost()
            dispatcher = self.scene.dispatcher
            assert dispatcher.queued == 0
            assert (dispatcher._held.bytes, dispatcher._posting.bytes) == (0, 0)
            assert not dispatcher._line._holds
            assert not dispatcher._line._held
        finally:
            self.runner.close()

    async def _end(self) -> None:
        self.scene.store.fail_with(None)
        self.link.acknowledges = True
        for post in self._unanswered:
            post.acknowledged.set_result(None)
        self.link.become("ready")
        await self.scene.clock.advance(TTL.total_seconds() + 2)


TestDispatch = pytest.mark.timeout(120)(DispatchMachine.TestCase)
TestDispatch.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
