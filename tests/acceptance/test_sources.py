"""What third parties send to sources, on a whole gateway: said, and once."""

import asyncio
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.emulator import Heard
from tests.acceptance.stage import Json, Stage, a_stage
from tests.acceptance.test_restart import started_again
from tests.fakes.caller import Answer

pytestmark = pytest.mark.timeout(90)

SECRET = "a-secret-of-the-tests"
GITHUB = {"profile": "github", "secret": SECRET}
ANYBODY = {"profile": "none"}
STAR: Json = {
    "action": "created",
    "repository": {"full_name": "octo/lamp"},
    "sender": {"login": "bob"},
}


async def a_source(stage: Stage, verify: Json, **terms: object) -> Json:
    """Make a source that everybody hears of; return it with its address."""
    given: Json = {"name": "third", "broadcast": True, "verify": verify, **terms}
    if "to" in terms:
        del given["broadcast"]
    answer = await stage.call.post("/sources", json=given)
    assert answer.status == 201, answer.content
    made: Json = answer.json
    return made


async def sends(
    stage: Stage, source: Json, body: object, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send JSON to the address of a source, without a key."""
    data = json.dumps(body).encode()
    given = {"Content-Type": "application/json", **(headers or {})}
    return await stage.call.post(source["path"], key=None, data=data, headers=given)


async def github_sends(
    stage: Stage, source: Json, number: int, secret: str = SECRET
) -> Answer:
    """Send as GitHub does, with a delivery of that number."""
    raw = json.dumps(STAR).encode()
    headers = {
        "X-GitHub-Event": "star",
        "X-GitHub-Delivery": f"delivery-{number}",
        "X-Hub-Signature-256": "sha256="
        + hmac.new(secret.encode(), raw, sha256).hexdigest(),
    }
    return await sends(stage, source, STAR, headers)


async def of_request(stage: Stage, source: Json, answer: Answer, wanted: str) -> Json:
    """Wait until that has become of a request; return it."""
    path = f"/sources/{source['id']}/requests/{answer.json['id']}"
    found = await stage.until(path, lambda a: bool(a.json["status"] == wanted))
    shown: Json = found.json
    return shown


def text_of(heard: Heard) -> object:
    """Return what somebody heard in words."""
    assert isinstance(heard.message, dict)
    return heard.message["text"]


@pytest.mark.asyncio(loop_scope="module")
async def test_of_many_deliveries_of_one_event_one_is_said(stage: Stage) -> None:
    """At once or later, however often; the message tells of the source."""
    source = await a_source(stage, GITHUB)
    async with stage.person("alice") as alice:
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(github_sends(stage, source, 1)) for _ in range(20)
            ]
        later = await github_sends(stage, source, 1)
        await github_sends(stage, source, 2)
        heard = await alice.hears(2)
        request = await of_request(stage, source, later, "said")
        message = await stage.ask(f"/messages/{request['message_id']}?wait=10")

    answers = [each.result() for each in asked]
    assert sorted(each.status for each in answers) == [200] * 19 + [202]
    assert {each.json["id"] for each in [*answers, later]} == {later.json["id"]}
    assert later.json["status"] == "duplicate"
    assert len(heard) == 2
    assert "octo/lamp" in str(text_of(heard[0]))
    assert message["status"] == "sent"


@pytest.mark.asyncio(loop_scope="module")
async def test_who_proves_nothing_says_nothing(stage: Stage) -> None:
    """It is refused, that is shown, and the secret is nowhere to be seen."""
    source = await a_source(stage, GITHUB)
    async with stage.person("alice") as alice:
        forged = await github_sends(stage, source, 1, secret="another")
        await github_sends(stage, source, 1)
        heard = await alice.hears(1)
        listed = await stage.ask(f"/sources/{source['id']}/requests")
        shown = await stage.ask(f"/sources/{source['id']}")

    assert (forged.status, forged.code) == (401, "not_verified")
    assert len(heard) == 1
    assert len(listed["requests"]) == len(listed["refused"]) == 1
    log = stage.process.log
    token = source["path"].removeprefix("/in/")
    assert SECRET not in json.dumps([listed, shown]) + log
    assert token not in json.dumps([listed, shown]) + log


async def test_what_is_accepted_while_the_room_is_away_is_said(tmp_path: Path) -> None:
    """In order, once, also if the gateway is killed meanwhile."""
    async with a_stage(tmp_path) as stage, stage.person("alice") as alice:
        source = await a_source(stage, ANYBODY, dedup="n", template="no. {{ n }}")
        await stage.away()
        before = [await sends(stage, source, {"n": str(n)}) for n in range(20)]
        await stage.process.kill()
        async with started_again(stage) as again:
            after = [await sends(again, source, {"n": str(n)}) for n in range(10, 30)]
            await again.back()
            heard = await alice.hears(30)

    assert {each.status for each in before} == {202}
    assert [each.status for each in after] == [200] * 10 + [202] * 10
    assert [text_of(each) for each in heard] == [f"no. {n}" for n in range(30)]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_that_fails_loses_nothing(stage: Stage) -> None:
    """It is mended, the request is replayed, and said in the new words."""
    source = await a_source(stage, ANYBODY, template="{{ total | divided_by: parts }}")
    path = f"/sources/{source['id']}"
    async with stage.person("alice") as alice:
        answer = await sends(stage, source, {"total": 8, "parts": 0})
        failed = await of_request(stage, source, answer, "render_failed")
        mended = await stage.call("PATCH", path, json={"template": "{{ total }}"})
        again = await stage.call.post(f"{path}/requests/{answer.json['id']}/replay")
        heard = await alice.hears(1)

    assert answer.status == 202
    assert failed["reason"]
    assert mended.status == 200
    assert again.status == 202
    assert text_of(heard[0]) == "8"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_filtered_is_kept_and_not_said(stage: Stage) -> None:
    """What passes is said to those it is for."""
    terms = {"filter": "level == 'high'", "template": "{{ what }}", "to": "alice"}
    source = await a_source(stage, ANYBODY, **terms)
    async with stage.person("alice") as alice, stage.person("bob") as bob:
        low = await sends(stage, source, {"level": "low", "what": "a mouse"})
        high = await sends(stage, source, {"level": "high", "what": "a fire"})
        await of_request(stage, source, low, "filtered")
        await of_request(stage, source, high, "said")
        await stage.call.post("/broadcast", json={"text": "last"})
        heard = [text_of(each) for each in await alice.hears(2)]
        told = [text_of(each) for each in await bob.hears(1)]

    assert heard == ["a fire", "last"]
    assert told == ["last"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_new_address_and_a_new_secret_replace_the_old(stage: Stage) -> None:
    """The former secret counts for as long as it is kept; a deleted source is gone."""
    source = await a_source(stage, GITHUB)
    path = f"/sources/{source['id']}"
    fresh = "another-secret-of-the-tests"

    moved = await stage.call.post(f"{path}/rotate-token")
    there = moved.json
    await stage.call.post(f"{path}/rotate-secrets", json={"secret": fresh})
    statuses = [
        (await github_sends(stage, source, 1)).status,
        (await github_sends(stage, there, 1)).status,
        (await github_sends(stage, there, 2, fresh)).status,
    ]
    await stage.call.post(f"{path}/rotate-secrets", json={"secret": fresh, "keep": 0})
    statuses.append((await github_sends(stage, there, 3)).status)
    await stage.call("DELETE", path)
    statuses.append((await github_sends(stage, there, 4, fresh)).status)

    assert statuses == [404, 202, 202, 401, 410]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_too_long_to_say_is_attached(stage: Stage) -> None:
    """A readable text is said, and the whole body goes with it."""
    source = await a_source(stage, ANYBODY)
    body = {"lines": ["x" * 1000] * 300}
    async with stage.person("alice") as alice:
        answer = await sends(stage, source, body)
        heard = (await alice.hears(1))[0]

    assert answer.status == 202
    assert "lines" in str(text_of(heard))
    assert json.loads(heard.attachment) == body
