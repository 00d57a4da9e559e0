"""`gateway serve`: what keeps it from starting is one sentence."""

import base64
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.emulator import Emulator
from tests.acceptance.process import Ended, Process, ended, serving

pytestmark = pytest.mark.timeout(60)

MASTER = "1:" + base64.b64encode(bytes(32)).decode()
OTHER = "2:" + base64.b64encode(bytes(range(32))).decode()
ROOM = serving("ws://127.0.0.1:9", Emulator().api_key)


def webhooks(**changes: object) -> str:
    """Return a list of one webhook for `GATEWAY_WEBHOOKS`."""
    secret = "whsec_" + base64.b64encode(bytes(24)).decode()
    webhook = {"name": "crm", "url": "https://example.com/", "secret": secret}
    return json.dumps([webhook | changes])


def assert_one_sentence(end: Ended, sentence: str) -> None:
    """Assert that it ended with 2, and with no more than a sentence about why."""
    assert end.status == 2
    assert end.err.startswith("gateway: ")
    assert sentence in end.err
    assert end.err.count("\n") == 1
    assert end.out == ""


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"MESHAGENT_ROOM": ""}, "MESHAGENT_ROOM is not set"),
        ({"MESHAGENT_API_KEY": "ma-nonsense"}, "MESHAGENT_API_KEY: "),
        ({"GATEWAY_EGRESS_ALLOW_PORTS": "http"}, "GATEWAY_EGRESS_ALLOW_PORTS"),
        ({"GATEWAY_WEBHOOKS": webhooks(secret="x")}, "GATEWAY_WEBHOOKS: /0/secret: "),
        ({"GATEWAY_WEBHOOKS": webhooks(evnets=[])}, "GATEWAY_WEBHOOKS: /0/evnets: "),
        ({"GATEWAY_PROT": "1"}, "Did you mean GATEWAY_PORT?"),
        ({"GATEWAY_AUTH": "none", "GATEWAY_HOST": "0.0.0.0"}, "publishes the room"),
        ({"GATEWAY_HOST": "192.0.2.1"}, "Cannot listen on 192.0.2.1:0: "),
        ({"GATEWAY_MASTER_KEYS": "k1:short"}, "master keys cannot be used"),
        ({"GATEWAY_DATA_DIR": "/dev/null/data"}, "The store cannot be opened: "),
    ],
)
async def test_what_makes_no_sense_is_one_sentence(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    """Exit 2, the variable by name, and no traceback."""
    end = await ended(tmp_path, "serve", **(ROOM | settings))

    assert_one_sentence(end, sentence)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_taken_port_is_one_sentence(tmp_path: Path, taken: int) -> None:
    """It says which, and what to set."""
    end = await ended(tmp_path, "serve", **ROOM, GATEWAY_PORT=str(taken))

    assert_one_sentence(end, f"Cannot listen on 127.0.0.1:{taken}: Address already in")


async def test_another_master_key_is_one_sentence(tmp_path: Path) -> None:
    """It would find secrets that it cannot open; the data is left as it is."""
    async with Process.running(tmp_path, "serve", **ROOM, GATEWAY_MASTER_KEYS=MASTER):
        pass

    end = await ended(tmp_path, "serve", **ROOM, GATEWAY_MASTER_KEYS=OTHER)

    assert_one_sentence(end, "None of the master keys")


async def test_a_newer_schema_is_one_sentence(tmp_path: Path) -> None:
    """Whoever took an update back is told what to restore."""
    (tmp_path / "data").mkdir()
    store = sqlite3.connect(tmp_path / "data" / "gateway.db")
    store.execute("CREATE TABLE alembic_version (version_num TEXT)")
    store.execute("INSERT INTO alembic_version VALUES ('9999')")
    store.commit()
    store.close()

    end = await ended(tmp_path, "serve", **ROOM)

    assert_one_sentence(end, "schema 9999, newer than")


async def test_it_says_where_it_listens_once_it_answers(tmp_path: Path) -> None:
    """`gateway.started` has the address; a stop is exit 0, with the room away too."""
    async with Process.running(tmp_path, "serve", **ROOM) as process:
        started = process.lines("gateway.started")[0]
        host, _, port = started["address"].removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))):
            status = await process.stop()

    assert started["pid"] == process.pid
    assert started["room"] == "lobby"
    assert started["auth"] == "key"
    assert status == 0
    assert process.printed == ""
