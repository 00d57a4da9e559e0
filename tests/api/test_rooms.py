"""Rooms over HTTP: how they are, and what can be done to them."""

import pytest
from pydantic import TypeAdapter

from gateway.api.shapes import Room
from gateway.domain import errors
from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling


async def test_a_room_is_shown_whole() -> None:
    """Each member of the contract is there, absent ones as null."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/rooms/lobby")

    assert answer.status == 200
    assert TypeAdapter(Room).validate_json(answer.content).state == "ready"
    assert answer.json["outbox"] == {"queued": 2, "oldest_s": 1.5}


async def test_all_rooms_are_listed() -> None:
    """The list holds the same as each room alone."""
    async with calling(Bridge().services()) as caller:
        listed = await caller.get("/rooms")
        alone = await caller.get("/rooms/lobby")

    assert listed.json == {"rooms": [alone.json]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rooms/attic"),
        ("POST", "/rooms/attic/reconnect"),
        ("POST", "/rooms/attic/messaging/enable"),
    ],
)
async def test_an_unknown_room_is_not_found(method: str, path: str) -> None:
    """Nothing is done to a room that is not configured."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller(method, path)

    assert answer.status == 404
    assert bridge.controls.told == []


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("reconnect", 202, ("reconnect", "lobby")),
        ("messaging/enable", 200, ("enable", "lobby")),
        ("messaging/disable", 200, ("disable", "lobby")),
    ],
)
async def test_a_room_does_as_it_is_told(
    path: str, status: int, told: tuple[str, str]
) -> None:
    """The answer shows how the room is then."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post(f"/rooms/lobby/{path}")

    assert answer.status == status
    assert answer.json["room"] == "lobby"
    assert bridge.controls.told == [told]


async def test_attributes_are_set() -> None:
    """They reach the room as they are, and our participant is shown."""
    bridge = Bridge()
    changes = {"status": "on duty", "old": None}

    async with calling(bridge.services()) as caller:
        answer = await caller("PATCH", "/rooms/lobby/attributes", json=changes)

    assert answer.status == 200
    assert answer.json["self"]["name"] == "gateway"
    assert bridge.controls.told == [("lobby", changes)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"gateway.instance": "x"}, "/gateway.instance"),
        ({"name": "bob"}, "/name"),
        ({}, ""),
        ([], ""),
    ],
)
async def test_attributes_of_our_own_are_not_to_be_set(
    changes: object, pointer: str
) -> None:
    """Gateways know each other by them; and nothing is no change."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller("PATCH", "/rooms/lobby/attributes", json=changes)

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == pointer
    assert bridge.controls.told == []


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"load":NaN}', 400),
        ("application/json", b'{"load":1e999}', 400),
        ("application/json", b'{"mood":"\\ud800"}', 400),
        ("application/json", b'{"mood":"\xff"}', 400),
        ("application/json", b"", 400),
        ("application/json; charset=latin-1", b'{"mood":"good"}', 415),
        ("text/plain", b'{"mood":"good"}', 415),
        ("application/x-www-form-urlencoded", b"mood=good", 415),
    ],
)
async def test_attributes_that_cannot_be_told_to_the_room_are_not_kept(
    content_type: str, body: bytes, status: int
) -> None:
    """Kept, they would be told at every join, and none would succeed again."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller(
            "PATCH",
            "/rooms/lobby/attributes",
            data=body,
            headers={"Content-Type": content_type},
        )

    assert (answer.status, bridge.controls.told) == (status, [])


async def test_with_several_rooms_one_must_be_named() -> None:
    """The use case's refusal is answered by the table."""
    bridge = Bridge()
    bridge.reading.rooms_error = errors.Invalid("Which room?")

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/participants")

    assert answer.status == 422


async def test_a_method_that_a_path_does_not_take_is_told_which_it_does() -> None:
    """Allow names all methods of the path."""
    async with calling(Bridge().services()) as caller:
        answer = await caller("DELETE", "/rooms/lobby")

    assert answer.status == 405
    assert answer.code == "method_not_allowed"
    assert answer.headers["allow"] == "GET, HEAD"


async def test_attributes_nested_to_the_brink_are_not_kept() -> None:
    """What can just be written here could not be written inside what goes out.

    Where the brink is differs between Pythons.
    """
    bridge = Bridge()
    async with calling(bridge.services()) as caller:
        statuses = []
        for depth in (*range(900, 1000), 100_000):
            body = '{"a":' + "[" * depth + "]" * depth + "}"
            answer = await caller(
                "PATCH",
                "/rooms/lobby/attributes",
                headers={"Content-Type": "application/json"},
                data=body.encode(),
            )
            statuses.append(answer.status)

    assert set(statuses) <= {200, 400}
    assert statuses[-1] == 400
