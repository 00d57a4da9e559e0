"""What every request passes: who calls, from where, under which id."""

from base64 import b64encode
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.api.bodies import Limits
from gateway.api.service import create_app
from tests.fakes.bridge import KEY, Bridge
from tests.fakes.caller import calling
from tests.fakes.serve import serving

HI = {"to": "alice", "text": "hi"}
EVIL = {"Origin": "https://evil.example"}
APP = "https://app.example"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("GET", "/version"),
        ("GET", "/rooms"),
        ("POST", "/send"),
        ("GET", "/nowhere"),
        ("GET", "/messages/msg_1/attachment"),
    ],
)
async def test_without_a_key_nothing_is_told(method: str, path: str) -> None:
    """401 with a challenge, whether the address exists or not."""
    async with calling(Bridge().services()) as caller:
        answer = await caller(method, path, key=None)

    assert answer.status == 401
    assert answer.code == "unauthenticated"
    assert "Bearer" in answer.headers["www-authenticate"]


async def test_a_wrong_key_opens_nothing() -> None:
    """It is answered as a missing one."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/me", key="wrong")

    assert answer.status == 401


async def test_a_key_in_the_query_opens_nothing() -> None:
    """Addresses end up in logs; keys must not."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(f"/me?key={KEY}&api_key={KEY}", key=None)

    assert answer.status == 401


async def test_curls_user_may_be_the_key() -> None:
    """`curl -u :KEY` works."""
    given = b64encode(f":{KEY}".encode()).decode()

    async with calling(Bridge().services()) as caller:
        answer = await caller.get(
            "/me", key=None, headers={"Authorization": f"Basic {given}"}
        )

    assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/docs", "/openapi.json"])
async def test_a_few_addresses_need_no_key(path: str) -> None:
    """Health and the description are for everybody."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(path, key=None)

    assert answer.status == 200


async def test_a_signed_link_needs_no_key() -> None:
    """An attachment can be had by its link."""
    bridge = Bridge()
    bridge.reading.attachments["msg_1"] = b"abc"

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/messages/msg_1/attachment?signature=good", key=None)

    assert answer.content == b"abc"


async def test_a_bad_link_is_refused() -> None:
    """A wrong or old signature is 403."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/messages/msg_1/attachment?signature=bad", key=None)

    assert answer.status == 403
    assert answer.code == "link_invalid"


async def test_a_good_link_opens_nothing_else() -> None:
    """A signature counts for attachments only."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/messages/msg_1?signature=good", key=None)

    assert answer.status == 401


@pytest.mark.parametrize("keys", [None, (KEY,)])
@pytest.mark.parametrize("path", ["/send", "/healthz", "/"])
async def test_a_page_of_another_origin_gets_nowhere(
    keys: tuple[str, ...] | None, path: str
) -> None:
    """With and without keys, on every address."""
    bridge = Bridge()

    async with calling(bridge.services(keys=keys)) as caller:
        answer = await caller.post(path, json=HI, headers=EVIL)

    assert answer.status == 403
    assert answer.code == "origin_not_allowed"
    assert bridge.sending.accepted == []


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x"])
async def test_a_simple_request_of_a_page_gets_nowhere(kind: str) -> None:
    """What browsers send without asking first is refused by its Origin."""
    bridge = Bridge()

    async with calling(bridge.services(keys=None)) as caller:
        answer = await caller.post(
            "/send", data=b"{}", headers={**EVIL, "Content-Type": kind}
        )

    assert answer.code == "origin_not_allowed"


async def test_an_ingest_address_is_exempt_from_the_rule_of_origins() -> None:
    """Its token is its protection; here it leads nowhere, so it is not found."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.post("/in/token", key=None, headers=EVIL)

    assert answer.status == 404
    assert answer.json["instance"] == "/in/{token}"


async def test_an_allowed_page_may_read_the_answer() -> None:
    """Its origin is named, and the headers that it needs are exposed."""
    async with calling(Bridge().services(origins=(APP,))) as caller:
        answer = await caller.post("/send", json=HI, headers={"Origin": APP})

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


async def test_an_allowed_page_may_read_a_refusal() -> None:
    """A 401 without CORS headers would look like a broken network."""
    async with calling(Bridge().services(origins=(APP,))) as caller:
        answer = await caller.post("/send", key=None, headers={"Origin": APP})

    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == APP


async def test_an_allowed_page_may_ask_first() -> None:
    """A preflight is answered without a key, because browsers send none."""
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}

    async with calling(Bridge().services(origins=(APP,))) as caller:
        answer = await caller("OPTIONS", "/send", key=None, headers=asked)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == APP
    assert "POST" in answer.headers["access-control-allow-methods"]


async def test_a_gateway_without_keys_asks_for_none() -> None:
    """Whoever is on this machine may call."""
    async with calling(Bridge().services(keys=None)) as caller:
        answer = await caller.get("/me", key=None)

    assert (answer.json["auth"], answer.json["key_id"]) == ("none", None)


async def test_a_gateway_without_keys_answers_to_its_own_host_only() -> None:
    """Another Host is 421: a page may have rebound its own name to us."""
    async with calling(Bridge().services(keys=None)) as caller:
        answer = await caller.get("/me", headers={"Host": "evil.example"})

    assert answer.status == 421
    assert answer.code == "host_not_allowed"


async def test_a_gateway_without_keys_is_not_to_be_proxied() -> None:
    """A proxy would publish the room."""
    async with calling(Bridge().services(keys=None)) as caller:
        answer = await caller.get("/me", headers={"X-Forwarded-For": "192.0.2.1"})

    assert answer.status == 403
    assert answer.code == "proxied_without_key"


@pytest.mark.parametrize(
    "headers", [{"Host": "tunnel.example"}, {"X-Forwarded-For": "192.0.2.1"}]
)
async def test_addresses_of_sources_may_be_proxied(headers: dict[str, str]) -> None:
    """Their token is what lets a caller in; a source's id in its place lets nobody."""
    async with calling(Bridge().services(keys=None)) as caller:
        by_token = await caller.post("/in/nobody-knows", json={}, headers=headers)
        by_id = await caller.post("/in/src_1", json={}, headers=headers)

    assert by_token.code == "not_found"
    assert by_id.code in {"host_not_allowed", "proxied_without_key"}


async def test_a_gateway_with_keys_may_be_proxied() -> None:
    """Then the key protects it, under whatever name."""
    headers = {"X-Forwarded-For": "192.0.2.1", "Host": "gw.example"}

    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/me", headers=headers)

    assert answer.status == 200


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("abc-1.2_3", True), ("x" * 128, True), ("x" * 129, False), ("a b", False)],
)
async def test_a_request_keeps_its_id_if_it_has_a_good_one(
    given: str, *, is_kept: bool
) -> None:
    """The id comes back in the header and in the problem."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/nowhere", headers={"X-Request-Id": given})

    request_id = answer.headers["x-request-id"]
    assert (request_id == given) == is_kept
    assert answer.json["request_id"] == request_id


@pytest.mark.parametrize(
    "trace",
    [
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"ff-{'a' * 32}-{'b' * 16}-01",
        "nonsense",
    ],
)
async def test_a_bad_trace_is_not_carried_on(trace: str) -> None:
    """It would be refused, or believed, by others."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller.post("/send", json=HI, headers={"traceparent": trace})

    assert bridge.sending.draft.traceparent is None


async def test_one_line_tells_of_each_request() -> None:
    """With the route, never the path or the query."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/messages/msg_secret?wait=0")

    assert bridge.meter.lines == [
        (
            "request.completed",
            {
                "method": "GET",
                "route": "/messages/{message_id}",
                "status": 404,
                "duration_ms": 0.0,
                "request_id": answer.headers["x-request-id"],
                "key_id": "key_49313f9799df",
            },
        )
    ]


async def test_a_probe_that_finds_all_well_is_not_logged() -> None:
    """Orchestrators ask every few seconds, and it would bury all other lines."""
    bridge = Bridge()
    async with calling(bridge.services()) as caller:
        await caller.get("/healthz", key=None)
        await caller.get("/readyz", key=None)

    assert bridge.meter.lines == []


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/send", "/send"),
        ("GET", "/send", "/send"),
        ("GET", "/in/secret-token", None),
        ("GET", "/secret", None),
        ("GET", "/participants/secret", "/participants/{id_or_name:path}"),
    ],
)
async def test_a_line_names_the_route(
    method: str, path: str, route: str | None
) -> None:
    """An address that is no route of ours is not repeated."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        await caller(method, path)

    assert bridge.meter.lines[0][1]["route"] == route


async def test_a_stopping_gateway_takes_nothing_new() -> None:
    """Writes are 503 `shutting_down`; reading still works."""
    bridge = Bridge()
    bridge.draining.set()

    async with calling(bridge.services()) as caller:
        write = await caller.post("/send", json=HI)
        read = await caller.get("/rooms")

    assert write.status == 503
    assert write.code == "shutting_down"
    assert read.status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/send"), ("PATCH", "/rooms/lobby/attributes"), ("GET", "/rooms")],
)
async def test_a_body_that_announces_too_much_is_refused(
    method: str, path: str
) -> None:
    """413 with the limit, before the body is read; also where none is wanted."""
    async with calling(Bridge().services(limits=Limits(body=1000))) as caller:
        answer = await caller(
            method,
            path,
            data=b"x" * 1001,
            headers={"Content-Type": "application/json"},
        )

    assert answer.status == 413
    assert answer.code == "payload_too_large"
    assert answer.json["limit"] == 1000


@pytest.mark.parametrize("path", ["/send", "/rooms/lobby/attributes"])
async def test_a_body_that_announces_nothing_is_counted(path: str) -> None:
    """Chunks are counted as they come, by the framework's routes and by ours."""
    method = "POST" if path == "/send" else "PATCH"

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    async with calling(Bridge().services(limits=Limits(body=1000))) as caller:
        answer = await caller(
            method,
            path,
            data=chunks(),
            headers={"Content-Type": "application/json"},
        )

    assert answer.status == 413
    assert answer.json["limit"] == 1000


async def test_head_is_get_without_a_body() -> None:
    """Whatever can be read can be asked about."""
    async with calling(Bridge().services()) as caller:
        answer = await caller("HEAD", "/healthz", key=None)

    assert answer.status == 200
    assert answer.content == b""


async def test_a_websocket_of_another_origin_is_refused() -> None:
    """The rule of origins holds before any route is looked for."""
    async with (
        serving(create_app(Bridge().services())) as url,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{url}/ws", headers=EVIL)

    assert refused.value.status == 403


async def test_a_websocket_needs_a_key() -> None:
    """Without one it is 401, as everywhere."""
    async with (
        serving(create_app(Bridge().services())) as url,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{url}/ws")

    assert refused.value.status in {401, 403}
