"""How much sources take in, from how many, and for how long they wait for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO

import pytest

from gateway.inbound.controls import SourceControls
from gateway.inbound.intake import token_hash
from gateway.inbound.terms import MAX_BODY
from tests.api.test_ingest import HERE, a_world, taken
from tests.fakes.caller import Caller
from tests.fakes.clock import NOON
from tests.fakes.inbound import a_source
from tests.fakes.ingest import dialled, sources_of

CHUNKED = (
    f"POST {HERE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
)


def head(size: int, further: bytes = b"", path: str = HERE) -> bytes:
    """Return the head of a request whose body has so many bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n".encode()
        + further
        + b"\r\n"
    )


async def test_a_source_has_its_own_limit() -> None:
    """413 with the limit, however small or large that of the rest is."""
    world = await a_world(max_bytes=1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    async with sources_of(world) as call:
        announced = await call.post(HERE, data=b" " * 1001, key=None)
        counted = await call.post(HERE, data=chunks(), key=None)
        fits = await call.post(HERE, data=b" " * 998 + b"{}", key=None)

    assert (announced.status, announced.code) == (413, "payload_too_large")
    assert (counted.status, counted.json["limit"]) == (413, 1000)
    assert fits.status == 202
    assert [each.code for each in world.refusals.of("src_1")] == [
        "payload_too_large",
        "payload_too_large",
    ]


async def test_a_source_may_take_more_than_the_rest() -> None:
    """The limit of other bodies is not that of its own."""
    world = await a_world(max_bytes=25 * 1024**2)
    body = json.dumps({"text": "x" * 11 * 1024**2}).encode()

    async with sources_of(world) as call:
        announced = await call.post(HERE, data=BytesIO(body), key=None)
        counted = await call.post(HERE, data=parts_of(body), key=None)

    assert (announced.status, counted.status) == (202, 202)
    assert taken(world) == [body, body]


async def parts_of(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in parts, so that its length is not announced."""
    for start in range(0, len(body), 1024**2):
        yield body[start : start + 1024**2]


async def test_more_than_the_limit_is_refused_before_it_has_all_come() -> None:
    """The rest need not be sent."""
    world = await a_world(max_bytes=10)

    async with sources_of(world) as call, dialled(call.url) as wire:
        await wire.send(CHUNKED + b"b\r\n01234567890\r\n")
        status, _ = await wire.answer()

    assert status == 413


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """408, and nothing is stored."""
    world = await a_world()

    async with (
        sources_of(world, limits=(0.01, 1000)) as call,
        dialled(call.url) as wire,
    ):
        await wire.send(head(10) + b"{")
        status, _ = await wire.answer()

    assert status == 408
    assert taken(world) == []
    (refusal,) = world.refusals.of("src_1")
    assert (refusal.code, refusal.is_verified) == ("request_timeout", False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [(SourceControls.delete, 410), (SourceControls.rotate_token, 404)],
)
async def test_an_address_that_ends_while_a_body_comes_takes_it_no_more(
    change: Callable[[SourceControls, str], Awaitable[object]], expected: int
) -> None:
    """What counts is how it is once all is here."""
    world = await a_world()

    async with sources_of(world) as call, dialled(call.url) as wire:
        await wire.send(head(2, b"Expect: 100-continue\r\n"))
        asked, _ = await wire.answer()
        await change(world.controls, "src_1")
        await wire.send(b"{}")
        status, _ = await wire.answer()

    assert (asked, status) == (100, expected)
    assert taken(world) == []


async def test_a_crowd_of_bodies_does_not_fill_the_memory() -> None:
    """503 for what there is no room for; what is here already is taken."""
    world = await a_world()

    async with (
        sources_of(world, limits=(60, 200)) as call,
        dialled(call.url) as first,
    ):
        await first.send(head(90) + b" " * 80)
        second = await call.post(HERE, data=b" " * 30, key=None)
        await first.send(b" " * 8 + b"{}")
        status, _ = await first.answer()
        third = await call.post(HERE, data=b" " * 88 + b"{}", key=None)

    assert (second.status, second.code) == (503, "queue_full")
    assert int(second.headers["retry-after"]) >= 1
    assert (status, third.status) == (202, 202)


async def test_a_source_that_is_sent_all_there_is_leaves_room_for_others() -> None:
    """It has half at most; who sends to another is taken in."""
    world = await a_world()
    other = a_source("src_2", token_hash=token_hash("another"))
    await world.add(other)

    async with (
        sources_of(world, limits=(60, 200)) as call,
        dialled(call.url) as greedy,
    ):
        await greedy.send(head(100) + b" " * 99)
        same = await call.post(HERE, data=b" " * 8 + b"{}", key=None)
        others = await call.post("/in/another", data=b" " * 40 + b"{}", key=None)

    assert (same.status, others.status) == (503, 202)


async def test_what_stalls_makes_room_for_what_comes() -> None:
    """503 for it; else a few that stall would keep out all others for a minute."""
    world = await a_world()

    async with (
        sources_of(world, limits=(60, 200)) as call,
        dialled(call.url) as stalled,
    ):
        await stalled.send(head(100) + b" " * 99)
        before = await call.post(HERE, data=b" " * 8 + b"{}", key=None)
        await world.clock.advance(6)
        after = await call.post(HERE, data=b" " * 8 + b"{}", key=None)
        status, body = await stalled.answer()

    assert (before.status, after.status) == (503, 202)
    assert (status, json.loads(body)["code"]) == (503, "queue_full")
    assert len(taken(world)) == 1


async def test_what_is_announced_and_has_no_room_is_refused_unheld() -> None:
    """Its sender need not send a byte; one who asked first is not told to go on."""
    world = await a_world()

    async with (
        sources_of(world, limits=(60, 200)) as call,
        dialled(call.url) as wire,
    ):
        await wire.send(head(101, b"Expect: 100-continue\r\n"))
        status, _ = await wire.answer()

    assert status == 503
    facts = {"source_id": "src_1", "code": "queue_full", "bytes": 0}
    assert world.meter.named("source.refused") == [facts]


@pytest.mark.parametrize("size", [1_000_000, 8_000_000])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_who_sends_first_and_looks_then_sees_the_refusal(
    size: int, *, is_announced: bool
) -> None:
    """All is taken in, and forgotten, though the connection is not to be kept."""
    world = await a_world(max_bytes=MAX_BODY)

    async with (
        sources_of(world, limits=(60, 1_000_000)) as call,
        dialled(call.url) as wire,
    ):
        if is_announced:
            await wire.send(head(size, b"Connection: close\r\n") + b" " * size)
        else:
            await wire.send(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (size, b" " * size))
        status, body = await wire.answer()

    assert (status, json.loads(body)["code"]) == (503, "queue_full")


@pytest.mark.parametrize(
    ("path", "expected"), [(HERE, 413), ("/in/nobody", 404), ("/in/gone", 410)]
)
async def test_whatever_a_source_never_takes_is_taken_in_to_be_refused(
    path: str, expected: int
) -> None:
    """As much as the largest that any source takes."""
    world = await a_world()
    await world.add(a_source("src_2", token_hash=token_hash("gone"), deleted_at=NOON))

    async with sources_of(world) as call, dialled(call.url) as wire:
        size = MAX_BODY - 1
        await wire.send(head(size, b"Connection: close\r\n", path) + b" " * size)
        status, _ = await wire.answer()
        ended = await wire.ended()

    assert (status, ended) == (expected, True)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_refusal_of_what_has_no_body_leaves_the_connection(method: str) -> None:
    """There is nothing on its way that would be taken for the next request."""
    async with sources_of(await a_world()) as call, dialled(call.url) as wire:
        found = []
        for _ in range(2):
            await wire.send(f"{method} /in/nobody HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            found.append((await wire.answer())[0])

    assert found == [404, 404]


async def test_a_sender_that_hangs_up_leaves_nothing() -> None:
    """What did not come whole is not stored, and takes no room."""
    world = await a_world()

    async with sources_of(world, limits=(60, 200)) as call:
        async with dialled(call.url) as wire:
            await wire.send(head(95) + b" " * 90)
        async with asyncio.timeout(5):
            while (answer := await whole(call)) != 202:
                assert answer == 503

    assert len(taken(world)) == 1


async def whole(call: Caller) -> int:
    """Send a body that takes all the room there is; give the status."""
    return (await call.post(HERE, data=b" " * 98 + b"{}", key=None)).status
