"""The addresses of sources, as third parties see them."""

from dataclasses import replace

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import OwnResponse, Profile, Verification
from tests.fakes.bridge import Bridge
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, TOKEN, Inbounds, a_source
from tests.fakes.ingest import dialled, sources_of

HERE = f"/in/{TOKEN}"
BEARER = Verification(Profile.BEARER, (SECRET,))
EVIL = {"Origin": "https://evil.example"}


async def a_world(**changes: object) -> Inbounds:
    """Return a world with one source."""
    world = Inbounds()
    await world.add(replace(a_source(), **changes))  # type: ignore[arg-type]  # a builder
    return world


def taken(world: Inbounds) -> list[bytes]:
    """Return the bodies that were stored, in order."""
    return [one.body for one in world.store.inbound_by_id.values()]


async def test_a_request_is_accepted_under_its_id() -> None:
    """202 once it is stored; nothing of it is to be kept by proxies."""
    world = await a_world()

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={"n": 1}, key=None)

    assert answer.status == 202
    assert answer.json["status"] == "accepted"
    assert (await world.inbound(answer.json["id"])).body == b'{"n": 1}'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_repeat_is_a_duplicate_of_the_first() -> None:
    """By the id that its sender gave it: 200, and nothing more is stored."""
    world = await a_world(dedup="n")

    async with sources_of(world) as call:
        first = await call.post(HERE, json={"n": 1}, key=None)
        again = await call.post(HERE, json={"n": 1}, key=None)

    assert (again.status, again.json) == (
        200,
        {"status": "duplicate", "id": first.json["id"]},
    )
    assert len(taken(world)) == 1


async def test_what_tells_its_own_address_is_kept_and_said_without_the_token() -> None:
    """A webhook has its address in its settings; proxies and browsers send it on."""
    world = await a_world()
    told = {"url": f"https://example.com{HERE}"}

    async with sources_of(world) as call:
        answer = await call.post(
            f"{HERE}?from={TOKEN}",
            json=told,
            headers={"Referer": told["url"]},
            key=None,
        )
    await world.speak()

    kept = await world.inbound(answer.json["id"])
    assert kept.query == "from=[redacted]"
    assert kept.headers["referer"] == "https://example.com/in/[redacted]"
    assert world.voice.bodies == [{"url": "https://example.com/in/[redacted]"}]


async def test_headers_are_stored_as_they_came_whatever_bytes_they_are() -> None:
    """Latin-1 is every byte; one that comes twice is one list."""
    world = await a_world()

    async with sources_of(world) as call, dialled(call.url) as wire:
        await wire.send(
            b"POST " + HERE.encode() + b"?q=%00 HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n"
            b"X-Odd: \xff\xfe\xe9\r\nX-Two: a\r\nx-two: b\r\n\r\n{}"
        )
        status, _ = await wire.answer()

    (stored,) = world.store.inbound_by_id.values()
    assert status == 202
    assert stored.headers["x-odd"] == "\xff\xfe\xe9"
    assert stored.headers["x-two"] == "a, b"
    assert stored.query == "q=%00"


async def test_an_unknown_token_is_not_found() -> None:
    """Neither the answer nor the log repeats it."""
    bridge = Bridge()

    async with sources_of(await a_world(), bridge=bridge) as call:
        answer = await call.post("/in/not-a-token", data=b"x" * 5000, key=None)

    assert (answer.status, answer.code) == (404, "not_found")
    assert b"not-a-token" not in answer.content
    assert "not-a-token" not in str(bridge.meter.lines)
    assert bridge.meter.lines[-1][1]["route"] == "/in/{token}"


@pytest.mark.parametrize(
    "path", ["/in/", "/in/%00", "/in/%ff%fe", "/in/%ed%a0%80", "/in/a/b", "/in/%2e%2e"]
)
async def test_an_odd_token_is_not_found(path: str) -> None:
    """Whatever is written there."""
    async with sources_of(await a_world()) as call, dialled(call.url) as wire:
        await wire.send(
            b"POST " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 2\r\n\r\n{}"
        )
        status, _ = await wire.answer()

    assert status == 404


async def test_a_deleted_source_is_gone() -> None:
    """Its sender may stop for good."""
    async with sources_of(await a_world(deleted_at=NOON)) as call:
        answer = await call.post(HERE, json={}, key=None)

    assert (answer.status, answer.code) == (410, "gone")


async def test_an_inactive_source_takes_nothing() -> None:
    """It is there, and says so."""
    world = await a_world(active=False)

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={}, key=None)

    assert (answer.status, answer.code) == (403, "source_disabled")
    assert taken(world) == []


async def test_what_proves_nothing_is_refused_with_a_challenge() -> None:
    """401, and nothing is stored."""
    world = await a_world(verify=BEARER)

    async with sources_of(world) as call:
        answer = await call.post(HERE, data=b"{not json", key=None)
        wrong = await call.post(HERE, json={}, key="wrong")
        right = await call.post(HERE, json={}, key=SECRET)

    assert (answer.status, answer.code) == (401, "not_verified")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (wrong.status, right.status) == (401, 202)
    assert answer.json["instance"] == "/in/{token}"
    assert len(taken(world)) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    """What previews links with GET says nothing in the room; Allow names the others."""
    world = await a_world()

    async with sources_of(world) as call:
        answer = await call(method, HERE, key=None)

    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert taken(world) == []


async def test_a_source_that_takes_get_takes_its_query() -> None:
    """HEAD is no GET: nothing is said of it."""
    world = await a_world(methods=("POST", "GET"))

    async with sources_of(world) as call:
        answer = await call.get(f"{HERE}?n=1", key=None)
        head = await call("HEAD", HERE, key=None)

    (stored,) = world.store.inbound_by_id.values()
    assert (answer.status, head.status) == (202, 405)
    assert (stored.method, stored.query) == ("GET", "n=1")


async def test_a_compressed_body_is_refused() -> None:
    """Nothing is ever unpacked."""
    async with sources_of(await a_world()) as call:
        answer = await call.post(
            HERE, data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, key=None
        )

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"n":NaN}', b"[" * 50_000, b""])
async def test_what_is_no_json_is_refused(body: bytes) -> None:
    """400, whatever it is."""
    async with sources_of(await a_world()) as call:
        answer = await call.post(
            HERE, data=body, headers={"Content-Type": "application/json"}, key=None
        )

    assert (answer.status, answer.code) == (400, "malformed_json")


async def test_a_store_that_is_away_is_503() -> None:
    """Never 429: some senders try again after a 5xx alone."""
    world = await a_world()
    world.store.fail_with(StoreUnavailable("the disk is full"))

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={}, key=None)

    assert (answer.status, answer.code) == (503, "store_unavailable")
    assert "retry-after" in answer.headers


async def test_a_stopping_gateway_takes_nothing_in() -> None:
    """By GET neither."""
    bridge = Bridge()
    bridge.draining.set()
    world = await a_world(methods=("POST", "GET"))

    async with sources_of(world, bridge=bridge) as call:
        answers = [await call(method, HERE, key=None) for method in ("POST", "GET")]

    assert [each.code for each in answers] == ["shutting_down"] * 2
    assert taken(world) == []


async def test_a_source_answers_as_its_maker_wants() -> None:
    """To a repeat too: its sender knows no other word for yes."""
    own = OwnResponse(200, '{"ok":true}', "application/json")
    world = await a_world(response=own, dedup="n")

    async with sources_of(world) as call:
        answers = [await call.post(HERE, json={"n": 1}, key=None) for _ in range(2)]

    for answer in answers:
        assert (answer.status, answer.content) == (200, b'{"ok":true}')
        assert answer.headers["content-type"] == "application/json"
    assert len(taken(world)) == 1


@pytest.mark.parametrize("status", [204, 205])
async def test_an_answer_that_can_have_no_body_has_none(status: int) -> None:
    """Whatever its maker wrote."""
    world = await a_world(response=OwnResponse(status, "thanks"))

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={}, key=None)
        next_one = await call.post(HERE, json={}, key=None)

    assert (answer.status, answer.content) == (status, b"")
    assert next_one.status == status


async def test_our_own_deliveries_do_not_come_back() -> None:
    """422, before anything is read."""
    world = await a_world(methods=("POST", "GET"))

    async with sources_of(world) as call:
        answers = [
            await call(method, HERE, headers={"Gateway-Hop": "gw_one"}, key=None)
            for method in ("POST", "GET")
        ]

    assert [each.code for each in answers] == ["loop_detected"] * 2


async def test_the_headers_of_senders_are_their_own() -> None:
    """GitLab has an Idempotency-Key; a page of any origin may know the address."""
    world = await a_world()
    headers = {**EVIL, "Idempotency-Key": "twice, even"}

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={}, headers=headers, key=None)

    assert answer.status == 202
    assert "access-control-allow-origin" not in answer.headers


async def test_who_has_a_key_may_name_the_source() -> None:
    """Its id is no secret, so that without a key it leads nowhere."""
    world = await a_world()

    async with sources_of(world) as call:
        answer = await call.post("/in/src_1", json={})
        without = await call.post("/in/src_1", json={}, key=None)
        unknown = await call.post("/in/src_2", json={}, key=None)
        absent = await call.post("/in/src_2", json={})

    assert answer.status == 202
    assert [without.code, unknown.code] == ["unauthenticated"] * 2
    assert absent.code == "not_found"


async def test_a_key_is_no_signature() -> None:
    """Who names the source is verified like anybody else."""
    async with sources_of(await a_world(verify=BEARER)) as call:
        answer = await call.post("/in/src_1", json={})

    assert answer.code == "not_verified"


async def test_a_page_of_another_origin_may_not_name_the_source() -> None:
    """Without keys anybody on this machine may, so pages must not."""
    async with sources_of(await a_world(), keys=None) as call:
        local = await call.post("/in/src_1", json={}, key=None)
        page = await call.post("/in/src_1", json={}, headers=EVIL, key=None)

    assert (local.status, page.code) == (202, "origin_not_allowed")
