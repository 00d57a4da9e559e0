"""Requests are verified, read, told apart and stored, or refused."""

import asyncio
import hmac
import json
from contextlib import suppress
from datetime import timedelta

import pytest

from gateway.domain.errors import (
    Gone,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    NotVerified,
    Rejected,
    SourceDisabled,
    StoreUnavailable,
)
from gateway.domain.model import InboundState, Preset, Profile, Verification
from gateway.inbound.intake import Outcome
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, TOKEN, Inbounds, a_source, an_arrival

GUARDED = Verification(Profile.BEARER, (SECRET,))
BY_ID = "header:x-id"


async def test_a_verified_request_is_stored_and_waits() -> None:
    """It is kept as it came, less the value that proves who sent it."""
    world = Inbounds()
    source = a_source(verify=GUARDED)
    arrival = an_arrival({"n": 1}, {"authorization": f"Bearer {SECRET}"})

    (taking,) = await world.take(source, arrival)

    kept = await world.inbound(taking.inbound_id)
    assert (taking.outcome, kept.state) == (Outcome.ACCEPTED, InboundState.ACCEPTED)
    assert (kept.body, kept.headers["authorization"]) == (arrival.body, "[redacted]")


async def test_nothing_is_stored_of_what_is_not_verified() -> None:
    """It is remembered as refused, and its id does not become known."""
    world = Inbounds()
    source = a_source(verify=GUARDED, dedup=BY_ID)
    forged = an_arrival({"n": 1}, {"x-id": "1", "authorization": "Bearer wrong"})
    genuine = an_arrival({"n": 1}, {"x-id": "1", "authorization": f"Bearer {SECRET}"})

    with pytest.raises(NotVerified):
        await world.take(source, forged)
    (taking,) = await world.take(source, genuine)

    assert taking.outcome is Outcome.ACCEPTED
    assert len(world.store.inbound_by_id) == 1
    assert [each.code for each in world.refusals.of(source.id)] == ["not_verified"]


async def test_somebody_hears_of_a_source_that_refuses_all() -> None:
    """At the tenth in a row; one that is taken ends the row."""
    world = Inbounds()
    source = a_source(verify=GUARDED)
    forged = an_arrival({"n": 1}, {"authorization": "Bearer wrong"})
    genuine = an_arrival({"n": 1}, {"authorization": f"Bearer {SECRET}"})

    for arrival in [*[forged] * 9, genuine, *[forged] * 10]:
        with suppress(NotVerified):
            await world.take(source, arrival)

    told = [facts for level, event, facts in world.meter.lines if level == "warning"]
    assert told == [{"source_id": source.id, "code": "not_verified"}]
    assert world.meter.lines[-1][1] == "source.refusing"


async def test_verification_comes_before_reading() -> None:
    """What is neither signed nor JSON is not verified, and no more is said of it."""
    world = Inbounds()

    with pytest.raises(NotVerified):
        await world.take(a_source(verify=GUARDED), an_arrival(b"{"))


async def test_a_signed_body_is_kept_without_the_token_in_it() -> None:
    """It is verified as it came: GitHub signs a body that tells its address."""
    world = Inbounds()
    body = json.dumps({"hook": {"config": {"url": f"/in/{TOKEN}"}}}).encode()
    signature = hmac.digest(b"s3cret", body, "sha256").hex()
    source = a_source(verify=Verification(Profile.GITHUB, ("s3cret",)))
    headers = {"x-hub-signature-256": f"sha256={signature}", "x-github-event": "meta"}

    (taking,) = await world.take(source, an_arrival(body, headers, token=TOKEN))

    kept = await world.inbound(taking.inbound_id)
    assert kept.body == body.replace(TOKEN.encode(), b"[redacted]")


async def test_what_cannot_be_read_is_refused() -> None:
    """A sender's mistake is told to the sender."""
    world = Inbounds()

    with pytest.raises(MalformedJson):
        await world.take(a_source(), an_arrival(b"{"))

    assert world.store.inbound_by_id == {}


async def test_a_repeat_is_a_duplicate_of_the_first() -> None:
    """It names the first, and is not stored."""
    world = Inbounds()
    source = a_source(dedup=BY_ID)

    first, second = await world.take(
        source, *[an_arrival({"n": n}, {"x-id": "7"}) for n in (1, 2)]
    )

    assert second.outcome is Outcome.DUPLICATE
    assert second.inbound_id == first.inbound_id
    assert len(world.store.inbound_by_id) == 1


async def test_a_repeat_is_known_for_72_hours() -> None:
    """After that it is a request like any other."""
    world = Inbounds()
    source = a_source(dedup=BY_ID)
    arrival = an_arrival({"n": 1}, {"x-id": "7"})
    await world.take(source, arrival)

    world.clock.jump(timedelta(hours=71).total_seconds())
    (before,) = await world.take(source, arrival)
    world.clock.jump(timedelta(hours=2).total_seconds())
    (after,) = await world.take(source, arrival)

    assert before.outcome is Outcome.DUPLICATE
    assert after.outcome is Outcome.ACCEPTED


async def test_an_inactive_source_takes_nothing() -> None:
    """And says so, to genuine senders and to others."""
    world = Inbounds()

    with pytest.raises(SourceDisabled):
        await world.take(a_source(active=False), an_arrival())

    assert not world.refusals.of("src_1")[0].is_verified


async def test_a_deleted_source_is_gone() -> None:
    """By its token, by its id, and for a request that was on its way."""
    world = Inbounds()
    source = a_source(deleted_at=NOON)
    await world.add(source)

    with pytest.raises(Gone):
        world.intake.addressed(TOKEN)
    with pytest.raises(Gone):
        world.intake.identified(source.id)
    with pytest.raises(Gone):
        await world.take(source, an_arrival())


async def test_sources_are_found_by_token_and_by_id() -> None:
    """A token that is none, whatever is in it, is not found."""
    world = Inbounds()
    source = a_source()
    await world.add(source)

    assert world.intake.addressed(TOKEN) is source
    assert world.intake.identified("src_1") is source
    for token in ("", "src_1", "\ud800", "x" * 100_000):
        with pytest.raises(NotFound):
            world.intake.addressed(token)


async def test_a_method_that_a_source_does_not_take_is_refused() -> None:
    """The refusal names those that it takes."""
    world = Inbounds()

    with pytest.raises(MethodNotAllowed) as caught:
        await world.take(a_source(), an_arrival(b"", method="GET"))

    assert caught.value.facts == {"allow": "POST"}


async def test_get_is_taken_from_whoever_opted_in() -> None:
    """Its query is what it says."""
    world = Inbounds()
    source = a_source(methods=("POST", "GET"))
    await world.add(source)

    (taking,) = await world.take(source, an_arrival(b"", method="GET", query="a=1"))
    await world.speak()

    assert (await world.inbound(taking.inbound_id)).state is InboundState.SAID


async def test_a_handshake_is_answered_and_not_stored() -> None:
    """Slack's address check gets its challenge back."""
    world = Inbounds()
    source = a_source(preset=Preset.SLACK)
    check = {"type": "url_verification", "challenge": "c4a11e"}

    (taking,) = await world.take(source, an_arrival(check))

    assert taking.answer is not None
    assert (taking.outcome, taking.answer.body) == (Outcome.HANDSHAKE, "c4a11e")
    assert world.store.inbound_by_id == {}


async def test_options_is_answered_unsigned_and_only_for_cloudevents() -> None:
    """A sender asks before it has anything to sign."""
    world = Inbounds()
    asked = an_arrival(
        b"", {"webhook-request-origin": "events.example"}, method="OPTIONS"
    )
    events = a_source(verify=GUARDED, preset=Preset.CLOUDEVENTS)

    (taking,) = await world.take(events, asked)

    assert taking.outcome is Outcome.HANDSHAKE
    with pytest.raises(MethodNotAllowed):
        await world.take(a_source(), asked)


async def test_a_store_that_is_away_is_told() -> None:
    """Nothing was accepted; that is no refusal of the sender's."""
    world = Inbounds()
    world.store.fail_with(StoreUnavailable("the disk is full"))

    with pytest.raises(StoreUnavailable):
        await world.take(a_source(), an_arrival())

    assert world.refusals.of("src_1") == []


async def test_what_is_stored_is_said_even_if_the_sender_hung_up() -> None:
    """The commit decides, not the connection."""
    world = Inbounds()
    source = a_source()
    await world.add(source)
    loop = asyncio.get_running_loop()
    committed: asyncio.Future[None] = loop.create_future()
    kept = world.intake.inbox.add

    def slow_add(*given: object, **named: object) -> asyncio.Future[None]:
        kept(*given, **named)  # type: ignore[arg-type, unused-awaitable]  # as given
        return committed

    world.store.inbox.add = slow_add  # type: ignore[method-assign]  # a slow disk
    taking = loop.create_task(world.intake.take(source, an_arrival()))
    await world.clock.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    committed.set_result(None)
    await world.speak()

    assert len(world.voice.said) == 1


async def test_the_log_has_ids_and_sizes_and_no_token() -> None:
    """Accepted, duplicate and refused requests are a line each."""
    world = Inbounds()
    source = a_source(dedup=BY_ID)
    arrival = an_arrival({"n": 1}, {"x-id": "7"})

    await world.take(source, arrival, arrival)
    with pytest.raises(Rejected):
        await world.take(source, an_arrival(b"{"))

    events = [event for _, event, _ in world.meter.lines]
    assert events == ["source.accepted", "source.duplicate", "source.refused"]
    assert TOKEN not in str(world.meter.lines)
