"""How much sources take in, from how many, and for how long they wait for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO

import pytest

from gateway.inbound.controls import SourceControls
from tests.api.test_ingest import HERE, a_world, taken
from tests.fakes.caller import Caller
from tests.fakes.ingest import dialled, sources_of


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
        await wire.send(
            f"POST {HERE} HTTP/1.1\r\nHost: x\r\n"
            "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n".encode()
        )
        status, _ = await wire.answer()

    assert status == 413


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """408, and nothing is stored."""
    world = await a_world()

    async with (
        sources_of(world, limits=(0.01, 1000)) as call,
        dialled(call.url) as wire,
    ):
        await wire.send(
            f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{{".encode()
        )
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
        await wire.send(
            f"POST {HERE} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 2\r\n\r\n".encode()
        )
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
        sources_of(world, limits=(60, 100)) as call,
        dialled(call.url) as first,
    ):
        await first.send(
            f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n".encode()
            + b" " * 80
        )
        second = await call.post(HERE, data=b" " * 30, key=None)
        await first.send(b" " * 8 + b"{}")
        status, _ = await first.answer()
        third = await call.post(HERE, data=b" " * 88 + b"{}", key=None)

    assert (second.status, second.code) == (503, "queue_full")
    assert int(second.headers["retry-after"]) >= 1
    assert (status, third.status) == (202, 202)


async def test_a_sender_that_hangs_up_leaves_nothing() -> None:
    """What did not come whole is not stored, and takes no room."""
    world = await a_world()

    async with sources_of(world, limits=(60, 100)) as call:
        async with dialled(call.url) as wire:
            head = f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Length: 95\r\n\r\n"
            await wire.send(head.encode() + b" " * 90)
        async with asyncio.timeout(5):
            while (answer := await whole(call)) != 202:
                assert answer == 503

    assert len(taken(world)) == 1


async def whole(call: Caller) -> int:
    """Send a body that takes all the room there is; give the status."""
    return (await call.post(HERE, data=b" " * 98 + b"{}", key=None)).status
