"""What third parties sent to a source, over HTTP."""

from base64 import b64decode

import pytest

from gateway.api.source_request_shapes import (
    RequestDetail,
    RequestList,
    RequestShape,
)
from gateway.domain.model import Profile, Verification
from tests.fakes.inbound import SECRET, Inbounds, a_source
from tests.fakes.ingest import sources_of

BEARER = Verification(Profile.BEARER, (SECRET,))
REQUESTS = "/sources/src_1/requests"


async def test_requests_are_listed_newest_first_a_page_at_a_time() -> None:
    """Those that were refused stand beside the first page alone."""
    world = Inbounds()
    await world.add(a_source(verify=BEARER))

    async with sources_of(world) as call:
        ids = [
            (await call.post("/in/src_1", json={}, headers=signed())).json["id"]
            for _ in range(3)
        ]
        await call.post("/in/src_1", json={})
        first = await call.get(f"{REQUESTS}?limit=2")
        cursor = first.json["next_cursor"]
        rest = await call.get(f"{REQUESTS}?limit=2&cursor={cursor}")

    page = RequestList.model_validate_json(first.content)
    assert [each.id for each in page.requests] == ids[:0:-1]
    assert [(each.verified, each.code) for each in page.refused] == [
        (False, "not_verified")
    ]
    assert [each["id"] for each in rest.json["requests"]] == ids[:1]
    assert (rest.json["refused"], rest.json["next_cursor"]) == ([], None)


def signed() -> dict[str, str]:
    """Return headers with the key for us, and the secret for the source."""
    return {"X-API-Key": "k-1234567890", "Authorization": f"Bearer {SECRET}"}


async def test_requests_can_be_chosen() -> None:
    """By status and by time."""
    world = Inbounds()
    await world.add(a_source())

    async with sources_of(world) as call:
        await call.post("/in/src_1", json={})
        found = [
            len((await call.get(f"{REQUESTS}?{query}")).json["requests"])
            for query in (
                "status=accepted",
                "status=said,expired",
                "since=1m",
                "until=1m",
            )
        ]
        wrong = [
            await call.get(f"{REQUESTS}?{query}")
            for query in ("status=lost", "since=soon", "limit=0", "colour=red")
        ]

    assert found == [1, 0, 1, 0]
    assert [each.status for each in wrong] == [422] * 4


async def test_a_request_is_shown_as_it_came_but_for_its_secrets() -> None:
    """The body as text, and what proves who somebody is redacted."""
    world = Inbounds()
    await world.add(a_source(verify=BEARER))

    async with sources_of(world) as call:
        sent = await call.post(
            "/in/src_1?q=1", data=b'{"n": "\xc3\xa9"}', headers=signed()
        )
        answer = await call.get(f"{REQUESTS}/{sent.json['id']}")

    shown = RequestDetail.model_validate_json(answer.content)
    assert (shown.body, shown.body_base64) == ('{"n": "é"}', None)
    assert (shown.size, shown.query, shown.method) == (11, "q=1", "POST")
    assert shown.headers["authorization"] == "[redacted]"
    assert shown.headers["x-api-key"] == "[redacted]"
    assert SECRET.encode() not in answer.content


async def test_a_body_that_is_no_text_is_shown_in_base64() -> None:
    """Byte for byte."""
    world = Inbounds()
    await world.add(a_source())
    body = b'{"n": "\xe9"}'

    async with sources_of(world) as call:
        sent = await call.post(
            "/in/src_1",
            data=body,
            headers={"Content-Type": "application/json; charset=iso-8859-1"},
        )
        answer = await call.get(f"{REQUESTS}/{sent.json['id']}")

    assert answer.json["body"] is None
    assert b64decode(answer.json["body_base64"]) == body


async def test_a_request_is_said_again_as_a_new_one() -> None:
    """202 with the new one, which says what it repeats."""
    world = Inbounds()
    await world.add(a_source(dedup="n"))

    async with sources_of(world) as call:
        sent = await call.post("/in/src_1", json={"n": 1})
        path = f"{REQUESTS}/{sent.json['id']}"
        answer = await call.post(f"{path}/replay")
        found = await call.get(answer.headers["location"])

    shown = RequestShape.model_validate_json(answer.content)
    assert (answer.status, shown.status) == (202, "accepted")
    assert (shown.replay_of, shown.identity) == (sent.json["id"], None)
    assert found.json["body"] == '{"n": 1}'


@pytest.mark.parametrize("source_id", ["src_2", "src_9"])
async def test_a_request_of_another_source_is_not_found(source_id: str) -> None:
    """Whether or not that source is there."""
    world = Inbounds()
    await world.add(a_source(), a_source("src_2", token_hash="0"))

    async with sources_of(world) as call:
        sent = await call.post("/in/src_1", json={})
        path = f"/sources/{source_id}/requests/{sent.json['id']}"
        answers = [await call.get(path), await call.post(f"{path}/replay")]

    assert [each.code for each in answers] == ["not_found"] * 2
