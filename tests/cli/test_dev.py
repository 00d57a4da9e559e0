"""`gateway dev`: everything at once, for this machine alone."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, FormData
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.emulator import Emulator
from tests.acceptance.process import Process, ended
from tests.acceptance.waiting import until
from tests.fakes.caller import Answer, Caller
from tests.fakes.wire_client import present

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

EXPORT = re.compile(r"export (\w+)=(\S+)")
BODY = b'{"to":"echo","text":"from a page"}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dev(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    """A running `gateway dev`, in a shell with a MeshAgent account of its own."""
    home = tmp_path_factory.mktemp("dev")
    account = {
        "MESHAGENT_ROOM": "production",
        "MESHAGENT_TOKEN": "a-token-of-the-account",
        "MESHAGENT_API_URL": "https://api.example.com",
        "GATEWAY_ROOM_PROXY": "http://127.0.0.1:9",
    }
    async with Process.running(home, "dev", **account) as process:
        await process.line("room.connected")
        yield process
        assert await process.stop() == 0, process.log
        assert "Traceback" not in process.log


@pytest_asyncio.fixture(loop_scope="module")
async def call(dev: Process) -> AsyncIterator[Caller]:
    """Somebody at this machine, without a key."""
    async with ClientSession() as http:
        yield Caller(http, dev.url)


async def test_the_banner_says_what_to_type(dev: Process) -> None:
    """Lines of curl for this very address, and what the official clients need."""
    await until(lambda: "meshagent room" in dev.printed, "there is no banner")

    exported = dict(EXPORT.findall(dev.printed))
    assert f"curl -d to=echo -d text=hello {dev.url}/send" in dev.printed
    assert f"curl {dev.url}/participants" in dev.printed
    assert f"text/event-stream' {dev.url}/events" in dev.printed
    assert exported.keys() == {
        "MESHAGENT_API_URL",
        "MESHAGENT_ROOM_URL",
        "MESHAGENT_API_KEY",
        "MESHAGENT_PROJECT_ID",
    }
    assert "production" not in dev.printed
    assert "/faults/" not in dev.printed


async def test_what_the_banner_says_works(call: Caller) -> None:
    """One says something; the echo answers."""
    sent = await call.post("/send", key=None, data={"to": "echo", "text": "hello"})
    listed = await call.get("/messages?direction=in&types=echo", key=None)
    async with asyncio.timeout(10):
        while not listed.json["messages"]:
            listed = await call.get("/messages?direction=in&types=echo", key=None)

    assert (sent.status, sent.json["status"]) == (200, "sent")
    assert listed.json["messages"][0]["message"] == {"text": "hello"}


async def test_what_it_exports_leads_into_the_room(dev: Process, call: Caller) -> None:
    """With the key a token is signed, and whoever has it is seen."""
    await until(lambda: "meshagent room" in dev.printed, "there is no banner")
    exported = dict(EXPORT.findall(dev.printed))
    token = Emulator(api_key=exported["MESHAGENT_API_KEY"]).mint("lobby", "visitor")

    async with (
        asyncio.timeout(10),
        present(exported["MESHAGENT_ROOM_URL"], "lobby", token),
    ):
        while (await call.get("/participants/visitor", key=None)).status != 200:
            continue


def form() -> FormData:
    """Return what a page's form sends without asking."""
    made = FormData({"to": "echo"})
    made.add_field("text", "from a page", content_type="text/plain")
    return made


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Origin": "https://evil.example"}, 403, "origin_not_allowed"),
        ({"Origin": "null"}, 403, "origin_not_allowed"),
        ({"Origin": "http://localhost.evil.example"}, 403, "origin_not_allowed"),
        ({"Host": "evil.example"}, 421, "host_not_allowed"),
        ({"Host": "127.0.0.1.evil.example"}, 421, "host_not_allowed"),
        ({"X-Forwarded-For": "10.0.0.1"}, 403, "proxied_without_key"),
        ({"Forwarded": "for=10.0.0.1"}, 403, "proxied_without_key"),
        ({"Via": "1.1 proxy"}, 403, "proxied_without_key"),
    ],
)
@pytest.mark.parametrize("way", ["text", "json", "form", "multipart", "broadcast"])
async def test_strangers_get_nowhere(
    call: Caller, headers: dict[str, str], status: int, code: str, way: str
) -> None:
    """Another origin, a foreign Host, a proxy: refused, and nothing is said."""
    before = await count(call)

    answer = await stranger(call, way, headers)

    assert (answer.status, answer.code) == (status, code)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert await count(call) == before


async def stranger(call: Caller, way: str, headers: dict[str, str]) -> Answer:
    """POST in one of the ways that a page can."""
    match way:
        case "text":
            headers = {**headers, "Content-Type": "text/plain"}
            return await call.post("/send", key=None, data=BODY, headers=headers)
        case "json":
            headers = {**headers, "Content-Type": "application/json"}
            return await call.post("/send", key=None, data=BODY, headers=headers)
        case "broadcast":
            data = {"text": "from a page"}
            return await call.post("/broadcast", key=None, data=data, headers=headers)
        case "form":
            data = {"to": "echo", "text": "from a page"}
            return await call.post("/send", key=None, data=data, headers=headers)
        case _:
            return await call.post("/send", key=None, data=form(), headers=headers)


async def count(call: Caller) -> int:
    """Return how many messages of pages there are."""
    listed = await call.get("/messages?limit=200", key=None)
    return sum("from a page" in str(each) for each in listed.json["messages"])


@pytest.mark.parametrize("path", ["/participants", "/messages", "/rooms", "/webhooks"])
async def test_strangers_read_nothing(call: Caller, path: str) -> None:
    """A name that was rebound to this machine is not ours."""
    answer = await call.get(path, key=None, headers={"Host": "rebound.example:8080"})

    assert (answer.status, answer.code) == (421, "host_not_allowed")


async def test_pages_do_not_join_the_room(dev: Process) -> None:
    """The room inside lets no page of another origin in, and breaks for nobody."""
    await until(lambda: "meshagent room" in dev.printed, "there is no banner")
    exported = dict(EXPORT.findall(dev.printed))
    token = Emulator(api_key=exported["MESHAGENT_API_KEY"]).mint("lobby", "page")
    url = f"{exported['MESHAGENT_ROOM_URL']}/rooms/lobby?token={token}"

    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers={"Origin": "https://evil.example"}):
            pass
    async with ClientSession() as http:
        faults = f"{exported['MESHAGENT_API_URL']}/faults/lobby"
        answer = await Caller(http, faults).post("", json={"fault": "cut"})

    assert refused.value.response.status_code == 403
    assert answer.status == 404


async def test_loopback_receivers_are_allowed(call: Caller, dev: Process) -> None:
    """In plain HTTP, on any port; but not ourselves, nor the room inside."""
    made = await call.post("/webhooks", key=None, json={"url": "http://127.0.0.1:9/"})
    own = await call.post("/webhooks", key=None, json={"url": f"{dev.url}/send"})
    with suppress(KeyError):
        await call("DELETE", f"/webhooks/{made.json['id']}", key=None)

    assert made.status == 201
    assert (own.status, own.code) == (422, "url_blocked")


async def test_it_does_not_listen_to_others(tmp_path: Path) -> None:
    """Without keys, nobody but this machine: one sentence and exit 2."""
    end = await ended(tmp_path, "dev", GATEWAY_HOST="0.0.0.0")

    assert end.status == 2
    assert end.err.count("\n") == 1


async def test_a_taken_port_of_the_room_is_one_sentence(tmp_path: Path) -> None:
    """It names the setting that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        end = await ended(tmp_path, "dev", GATEWAY_EMULATOR_PORT=port)

    assert end.status == 2
    assert end.err.startswith(f"gateway: The room cannot listen at 127.0.0.1:{port}: ")
    assert "GATEWAY_EMULATOR_PORT" in end.err
    assert end.err.count("\n") == 1


async def test_faults_are_opened_by_a_printed_token(tmp_path: Path) -> None:
    """`--faults` prints the line that breaks the room."""
    async with (
        Process.running(tmp_path, "dev", "--faults") as process,
        ClientSession() as http,
    ):
        await process.line("room.connected")
        await until(lambda: "Break the room" in process.printed, "no line for faults")
        found = re.search(r"Bearer (\S+?)' .* (http\S+)/faults/lobby", process.printed)
        assert found is not None
        key, base = found.groups()
        refused = await Caller(http, base).post(
            "/faults/lobby", key="wrong", json={"fault": "cut"}
        )
        broken = await Caller(http, base).post(
            "/faults/lobby", key=key, json={"fault": "cut"}
        )
        await process.line("room.disconnected")

    assert refused.status in {401, 403}
    assert broken.status < 300


async def test_a_key_is_shown_where_it_is_needed(tmp_path: Path) -> None:
    """With keys, the first line to type fetches one; an IPv6 address has brackets."""
    settings = {"GATEWAY_AUTH": "key", "GATEWAY_HOST": "::1"}
    async with Process.running(tmp_path, "dev", **settings) as process:
        await until(lambda: "meshagent room" in process.printed, "no banner")

    assert 'export KEY="$(cat data/api-key)"' in process.printed
    assert '-H "Authorization: Bearer $KEY" -d to=echo' in process.printed
    assert "http://[::1]:" in process.printed
