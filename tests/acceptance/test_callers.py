"""Who may call a whole gateway, and who may not."""

import base64

import pytest

from tests.acceptance.stage import Stage
from tests.fakes.bridge import KEY

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


def basic(user: str, password: str) -> str:
    """Return an `Authorization` header as curl -u makes it."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-API-Key": KEY},
        {"Authorization": basic("", KEY)},
        {"Authorization": basic(KEY, "")},
        {"Authorization": basic("anybody", KEY)},
    ],
)
async def test_a_key_opens_in_every_form(stage: Stage, headers: dict[str, str]) -> None:
    """Bearer, X-API-Key, and Basic as user or password."""
    answer = await stage.call.get("/me", key=None, headers=headers)

    assert answer.status == 200
    assert KEY not in answer.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong-key"},
        {"Authorization": KEY},
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1]},
        {"Authorization": basic("", "")},
        {"Authorization": "Basic %%%"},
    ],
)
async def test_without_a_key_nothing_opens(
    stage: Stage, headers: dict[str, str]
) -> None:
    """401 says how to send one."""
    for path in ("/rooms", "/participants", "/messages", "/webhooks", "/me"):
        answer = await stage.call.get(path, key=None, headers=headers)

        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert "Bearer" in answer.headers["WWW-Authenticate"]
        assert "Basic" in answer.headers["WWW-Authenticate"]


async def test_a_key_in_the_address_opens_nothing(stage: Stage) -> None:
    """Addresses end up in logs."""
    answer = await stage.call.get(f"/rooms?api_key={KEY}&key={KEY}", key=None)

    assert answer.status == 401


async def test_what_needs_no_key_tells_nothing(stage: Stage) -> None:
    """That we are here, alive and ready; details are for those with a key."""
    front = await stage.call.get("/", key=None)
    alive = await stage.call.get("/healthz", key=None)
    ready = await stage.call.get("/readyz", key=None)
    known = await stage.call.get("/readyz")
    docs = await stage.call.get("/docs", key=None)
    described = await stage.call.get("/openapi.json", key=None)

    answers = (front, alive, ready, known, docs, described)
    assert {answer.status for answer in answers} == {200}
    assert front.json == {"ok": True, "docs": "/docs"}
    assert b"lobby" not in ready.content
    assert b"lobby" in known.content
    assert described.json["info"]["title"]


async def test_the_docs_page_needs_nobody_else(stage: Stage) -> None:
    """Its scripts and styles come from here."""
    page = await stage.call.get("/docs", key=None)
    script = await stage.call.get("/docs/swagger-ui-bundle.js", key=None)

    assert "https://" not in page.content.decode()
    assert script.status == 200


@pytest.mark.parametrize("type_", ["text/plain", "application/json", "form"])
async def test_a_page_of_another_origin_gets_nowhere(stage: Stage, type_: str) -> None:
    """Even with the key, which a browser may have kept."""
    origin = {"Origin": "https://evil.example"}
    async with stage.person("alice") as alice:
        if type_ == "form":
            answer = await stage.call.post(
                "/send", data={"to": "alice", "text": "x"}, headers=origin
            )
        else:
            answer = await stage.call.post(
                "/send",
                data=b'{"to":"alice","text":"x"}',
                headers={**origin, "Content-Type": type_},
            )

    assert (answer.status, answer.code) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert alice.heard == []


async def test_a_gateway_with_keys_may_stand_behind_a_proxy(stage: Stage) -> None:
    """Under any name, and over any number of hops; links do not follow the Host."""
    headers = {"Host": "gateway.example.com", "X-Forwarded-For": "10.0.0.1"}

    answer = await stage.call.get("/nothing", headers=headers)

    assert answer.status == 404
    assert answer.json["type"].startswith(stage.url)


async def test_the_version_is_told_to_key_holders(stage: Stage) -> None:
    """And to nobody else."""
    known = await stage.call.get("/version")
    stranger = await stage.call.get("/version", key=None)

    assert known.json["version"]
    assert stranger.status == 401
