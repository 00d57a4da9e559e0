"""What the official CLI asks for, over HTTP."""

from collections.abc import Mapping

import pytest

from gateway.emulator import EmulatorServer
from tests.fakes.rest_caller import Answer, call
from tests.fakes.wire_client import joined

PROJECT = "/accounts/projects/any"


class Caller:
    """A holder of the server's API key."""

    def __init__(self, server: EmulatorServer) -> None:
        self._server = server

    async def get(self, path: str) -> Answer:
        key = self._server.emulator.api_key
        return await call(self._server, "GET", path, bearer=key)

    async def post(self, path: str, body: object) -> Answer:
        key = self._server.emulator.api_key
        return await call(self._server, "POST", path, body, bearer=key)


@pytest.fixture
def caller(server: EmulatorServer) -> Caller:
    """Somebody with the API key."""
    return Caller(server)


def card(name: str) -> Mapping[str, object]:
    """A room as the REST part shows it."""
    empty: Mapping[str, object] = {}
    return {
        "id": name,
        "name": name,
        "metadata": empty,
        "annotations": empty,
        "enabled": True,
    }


async def test_health_and_config_need_no_key(server: EmulatorServer) -> None:
    """The CLI asks for the configuration before it has credentials."""
    health = await call(server, "GET", "/health")
    config = await call(server, "GET", "/config")

    assert health == Answer(200, {"ok": True})
    assert config == Answer(200, {"domains": {}, "version": "0.0.0"})


async def test_connecting_gives_a_token_that_joins(
    server: EmulatorServer, caller: Caller
) -> None:
    """The answer has every field that the CLI requires, and its token works."""
    answer = await caller.post(f"{PROJECT}/rooms/lobby/connect", {})

    assert answer.status == 200
    assert set(answer.body) == {"jwt", "room_name", "project_id", "room_url"}
    assert answer.body["room_name"] == "lobby"
    assert answer.body["project_id"] == "any"
    assert answer.body["room_url"] == f"{server.ws_url}/rooms/lobby"
    token = str(answer.body["jwt"])
    async with joined(server.ws_url, "lobby", token) as client:
        assert await client.enable() == []


async def test_a_caller_with_an_address_joins_under_it(
    server: EmulatorServer, caller: Caller
) -> None:
    """The participant is named by the e-mail address that was given."""
    body = {"email": "zoe@example.com"}
    answer = await caller.post(f"{PROJECT}/rooms/lobby/connect", body)

    async with joined(server.ws_url, "lobby", str(answer.body["jwt"])):
        [member] = server.emulator.rooms["lobby"].members

    assert (member.name, member.role) == ("zoe@example.com", "user")


async def test_participant_tokens_are_signed_for_a_role(
    server: EmulatorServer, caller: Caller
) -> None:
    """Name, room and role of the request are in the token."""
    body = {"name": "helper", "room_name": "lobby", "role": "agent"}
    answer = await caller.post(f"{PROJECT}/participant-tokens", body)

    ticket = server.emulator.doorman.admit(str(answer.body["token"]), "lobby")
    assert (ticket.name, ticket.role) == ("helper", "agent")
    assert ticket.rights is not None


async def test_participant_tokens_take_given_grants(
    server: EmulatorServer, caller: Caller
) -> None:
    """Grants of the request are signed as they are."""
    grants = [{"name": "room", "scope": "attic"}]
    body = {"email": "a@example.com", "grants": grants}
    answer = await caller.post(f"{PROJECT}/participant-tokens", body)

    ticket = server.emulator.doorman.admit(str(answer.body["token"]), "attic")
    assert ticket.name == "a@example.com"
    assert ticket.rights is None


async def test_a_token_is_validated_for_anyone(server: EmulatorServer) -> None:
    """Whoever holds a token may read its claims; a forged one is refused."""
    token = server.emulator.mint("lobby", "alice")
    path = "/api/participant-token/validate"

    good = await call(server, "POST", path, {"token": token})
    bad = await call(server, "POST", path, {"token": token[:-4] + "AAAA"})

    assert good.status == 200
    assert good.body["name"] == "alice"
    assert bad.status == 401


async def test_rooms_are_listed_made_and_shown(caller: Caller) -> None:
    """A room that was made is there; making it twice is a conflict unless allowed."""
    missing = await caller.get(f"{PROJECT}/rooms/den")
    made = await caller.post(f"{PROJECT}/rooms", {"name": "den"})
    conflict = await caller.post(f"{PROJECT}/rooms", {"name": "den"})
    again = await caller.post(f"{PROJECT}/rooms", {"name": "den", "if_not_exists": 1})
    shown = await caller.get(f"{PROJECT}/rooms/den")
    listed = await caller.get(f"{PROJECT}/rooms?page_size=100")

    statuses = [each.status for each in (missing, made, conflict, again, shown)]
    assert statuses == [404, 200, 409, 200, 200]
    assert made.body == again.body == shown.body == card("den")
    page = {"rooms": [card("den")], "total": 1, "continuation_token": None}
    assert listed == Answer(200, page)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{PROJECT}/rooms"),
        ("POST", f"{PROJECT}/rooms"),
        ("GET", f"{PROJECT}/rooms/lobby"),
        ("POST", f"{PROJECT}/rooms/lobby/connect"),
        ("POST", f"{PROJECT}/participant-tokens"),
    ],
)
async def test_strangers_are_refused(
    server: EmulatorServer, method: str, path: str
) -> None:
    """Without the API key, or with another, nothing is told."""
    for bearer in (None, "ma-wrong"):
        answer = await call(server, method, path, bearer=bearer)

        assert answer.status == 401
        assert answer.problem == "the bearer is not this server's API key"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{PROJECT}/rooms", {}),
        (f"{PROJECT}/rooms", {"name": "No Room"}),
        (f"{PROJECT}/rooms", b"rubbish"),
        (f"{PROJECT}/rooms", b"[]"),
        (f"{PROJECT}/rooms/No-Room/connect", {}),
        (f"{PROJECT}/participant-tokens", {"room_name": "lobby"}),
        (f"{PROJECT}/participant-tokens", {"name": "a"}),
        (f"{PROJECT}/participant-tokens", {"name": 7, "room_name": "lobby"}),
    ],
)
async def test_nonsense_is_a_bad_request(
    caller: Caller, path: str, body: object
) -> None:
    """The sentence says what is missing."""
    answer = await caller.post(path, body)

    assert answer.status == 400
    assert answer.problem


async def test_what_is_not_there_is_an_error_in_the_same_form(
    server: EmulatorServer,
) -> None:
    """Unknown paths and methods answer in JSON as well."""
    nowhere = await call(server, "GET", "/nowhere")
    wrong_method = await call(server, "POST", "/health")

    assert (nowhere.status, nowhere.problem) == (404, "Not Found")
    assert wrong_method.status == 405
