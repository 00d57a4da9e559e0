"""One request is worded, said once, and told of."""

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.errors import QueueFull, RecipientAmbiguous, StoreUnavailable
from gateway.domain.model import Inbound, InboundState, Source
from gateway.inbound.utterance import ASKED_AGAIN_S, BUG, DELETED, Utterance
from gateway.inbound.wording import Sizes
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.inbound import FakeVoice, a_source
from tests.fakes.meter import FakeMeter
from tests.inbound.test_wording import inbound

REQUEST = inbound({"n": 1})


def utterance(voice: FakeVoice, meter: FakeMeter | None = None) -> Utterance:
    """Return what says requests, a minute after they came."""
    clock = FakeClock(NOON + timedelta(seconds=61))
    return Utterance(voice, clock, meter or FakeMeter(), Sizes())


async def say(
    voice: FakeVoice, source: Source | None, meter: FakeMeter | None = None
) -> Inbound:
    """Word the request and say it; return what has become of it."""
    says = utterance(voice, meter)
    return await says.of(says.worded(source, REQUEST))


async def test_a_request_becomes_a_message_of_its_source() -> None:
    """Its time to live is what is left of it."""
    voice, meter = FakeVoice(), FakeMeter()
    source = a_source(ttl=timedelta(seconds=100), type="order")

    done = await say(voice, source, meter)

    (saying,) = voice.said
    assert (done.state, done.message_id) == (InboundState.SAID, "msg_1")
    assert (saying.room, saying.to, saying.type) == ("lobby", None, "order")
    assert (saying.body, saying.ref) == ('{"n":1}', "inb_1")
    assert saying.ttl == timedelta(seconds=40)
    assert meter.named("inbound.said")[0]["waited_ms"] == 60_000


async def test_one_that_waited_too_long_is_not_said() -> None:
    """It has expired, and can be replayed."""
    voice = FakeVoice()

    done = await say(voice, a_source(ttl=timedelta(seconds=60)))

    assert (done.state, voice.said) == (InboundState.EXPIRED, [])


async def test_one_that_was_said_before_a_stop_was_said() -> None:
    """Whatever would become of it now: it is not to be said again by mistake."""
    voice = FakeVoice()
    await say(voice, a_source())

    late = await say(voice, a_source(ttl=timedelta(seconds=60)))
    deleted = await say(voice, a_source(deleted_at=NOON))
    filtered = await say(voice, a_source(filter="n == `2`"))
    failed = await say(voice, a_source(template='{"n":{{ n | divided_by: 0 }}}'))

    for done in (late, deleted, filtered, failed):
        assert (done.state, done.message_id) == (InboundState.SAID, "msg_1")
        assert done.reason is None


async def test_one_of_a_deleted_source_is_not_said() -> None:
    """Nor one of a source that nobody knows any more."""
    voice = FakeVoice()

    for source in (a_source(deleted_at=NOON), None):
        done = await say(voice, source)

        assert (done.state, done.reason) == (InboundState.REFUSED, DELETED)
    assert voice.said == []


async def test_one_of_an_inactive_source_is_said() -> None:
    """It was accepted."""
    done = await say(FakeVoice(), a_source(active=False))

    assert done.state is InboundState.SAID


async def test_what_the_filter_stops_is_not_said() -> None:
    """The request says so."""
    done = await say(FakeVoice(), a_source(filter="n == `2`"))

    assert done.state is InboundState.FILTERED
    assert done.reason is not None


async def test_what_the_template_cannot_say_is_kept() -> None:
    """A person may want to look."""
    meter = FakeMeter()
    source = a_source(template='{"text":"{{ n | divided_by: 0 }}"}')

    done = await say(FakeVoice(), source, meter)

    assert done.state is InboundState.RENDER_FAILED
    assert ("warning", "inbound.render_failed") in [line[:2] for line in meter.lines]


async def test_what_the_room_will_never_take_is_refused_with_the_reason() -> None:
    """It says what is wrong."""
    voice = FakeVoice()
    voice.errors = [RecipientAmbiguous("several participants fit 'bob'")]

    done = await say(voice, a_source())

    assert done.state is InboundState.REFUSED
    assert done.reason == "several participants fit 'bob'"


async def test_what_was_said_is_known_even_if_it_would_be_refused_now() -> None:
    """However long the store cannot tell: it is not left to be said out of order."""
    voice = FakeVoice()
    await say(voice, a_source())
    known, away = voice.message_of, [StoreUnavailable("away"), StoreUnavailable("away")]

    async def asked(inbound_id: str) -> str | None:
        if away:
            raise away.pop()
        return await known(inbound_id)

    voice.message_of = asked  # type: ignore[method-assign]  # for a while
    voice.errors = [RecipientAmbiguous("several participants fit 'bob'")]
    clock = FakeClock()
    says = Utterance(voice, clock, FakeMeter(), Sizes())
    async with asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(says.of(says.worded(a_source(), REQUEST)))
        await clock.advance(2 * ASKED_AGAIN_S)

    done = saying.result()
    assert (done.state, done.message_id) == (InboundState.SAID, "msg_1")
    assert done.reason is None


async def test_what_is_to_wait_is_raised() -> None:
    """Nothing has become of it."""
    voice = FakeVoice()
    voice.errors = [QueueFull("the outbox is full")]

    with pytest.raises(QueueFull):
        await say(voice, a_source())


async def test_a_bug_of_ours_does_not_stop_the_others() -> None:
    """The request is refused, and the log has the kind of the error."""
    voice, meter = FakeVoice(), FakeMeter()
    voice.errors = [ZeroDivisionError("s3cret")]

    done = await say(voice, a_source(), meter)

    assert (done.state, done.reason) == (InboundState.REFUSED, BUG)
    assert meter.named("inbound.failed")[0]["error"] == "ZeroDivisionError"
    assert "s3cret" not in str(meter.lines)


async def test_a_bug_in_its_wording_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told once, and the request is refused."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.inbound.utterance.worded", broken)
    meter = FakeMeter()

    done = await say(FakeVoice(), a_source(), meter)

    assert (done.state, done.reason) == (InboundState.REFUSED, BUG)
    assert [line[1] for line in meter.lines] == ["inbound.failed"]


async def test_one_that_has_to_wait_is_told() -> None:
    """With the code of what it waits for."""
    meter = FakeMeter()

    utterance(FakeVoice(), meter).hold(REQUEST, QueueFull("full"))

    assert meter.named("inbound.held")[0]["code"] == "queue_full"
