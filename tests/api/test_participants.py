"""Who is in a room, over HTTP."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from gateway.api.participants import find
from gateway.api.shapes import Participants
from gateway.domain.errors import RecipientAmbiguous, RecipientNotFound
from tests.fakes.bridge import ALICE, BOB, OURSELVES, Bridge, FakeReading
from tests.fakes.caller import calling


async def test_everybody_is_listed() -> None:
    """The list has the contract's shape, ourselves apart."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/participants")

    assert answer.status == 200
    assert TypeAdapter(Participants).validate_json(answer.content).count == 3
    assert answer.json["self"]["name"] == "gateway"
    assert answer.json["participants"][0] == {
        "id": "p-1",
        "name": "alice",
        "role": "user",
        "attributes": {"team": "blue", "level": 3},
        "online": True,
        "since": "2026-03-14T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("name=bob", ["p-2", "p-3"]),
        ("name=bob&role=agent", ["p-2"]),
        ("role=user", ["p-1", "p-3"]),
        ("attr.team=blue", ["p-1"]),
        ("attr.level=3", ["p-1"]),
        ("attr.team=red", []),
        ("room=lobby&name=Bob", []),
    ],
)
async def test_a_list_can_be_narrowed(query: str, ids: list[str]) -> None:
    """Filters are exact and all of them count."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(f"/participants?{query}")

    assert [each["id"] for each in answer.json["participants"]] == ids


async def test_an_unknown_filter_is_refused() -> None:
    """A misspelt filter must not list everybody."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/participants?nmae=bob")

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "?nmae"


async def test_while_the_room_is_away_the_last_list_is_shown() -> None:
    """It says that it is not of now."""
    bridge = Bridge()
    bridge.reading.presence = replace(bridge.reading.presence, connected=False)

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/participants")

    assert answer.json["connected"] is False
    assert answer.json["as_of"] == "2026-03-14T12:00:00.000Z"
    assert answer.json["count"] == 3


@pytest.mark.parametrize("path", ["/participants", "/participants/alice"])
@pytest.mark.parametrize(("connected", "status"), [(True, 200), (False, 503)])
async def test_what_is_fresh_is_of_now_or_not_at_all(
    *, path: str, connected: bool, status: int
) -> None:
    """With `fresh`, what was is 503, of all as of one."""
    bridge = Bridge()
    bridge.reading.presence = replace(bridge.reading.presence, connected=connected)

    async with calling(bridge.services()) as caller:
        answer = await caller.get(f"{path}?fresh=true")

    assert answer.status == status


async def test_one_is_not_asked_for_by_a_parameter_that_is_not_there() -> None:
    """It would be silently ignored."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/participants/alice?role=user")

    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "?role"


async def test_an_unknown_room_is_not_found() -> None:
    """The room is looked for by name."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/participants?room=attic")

    assert answer.status == 404


async def test_one_is_found_by_an_encoded_name() -> None:
    """Names may have slashes and letters of any language."""
    bridge = Bridge()
    zoe = replace(ALICE, name="zoé/1")
    bridge.reading.presence = replace(bridge.reading.presence, participants=(zoe,))

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/participants/zo%C3%A9%2F1")

    assert answer.json["id"] == "p-1"


def test_an_id_goes_before_a_name() -> None:
    """Somebody whose name is another's id does not hide them."""
    reading = FakeReading()
    liar = replace(BOB, name="p-1")
    reading.presence = replace(reading.presence, participants=(liar, ALICE))

    found = find(reading, "p-1", None)

    assert found is ALICE


def test_we_are_a_participant_too() -> None:
    """Our own name finds us."""
    found = find(FakeReading(), "gateway", None)

    assert found is OURSELVES


def test_several_of_one_name_are_told_apart() -> None:
    """The refusal lists the candidates."""
    with pytest.raises(RecipientAmbiguous) as refused:
        find(FakeReading(), "bob", None)

    assert refused.value.facts["candidates"] == [
        {"id": "p-2", "name": "bob", "role": "agent"},
        {"id": "p-3", "name": "bob", "role": "user"},
    ]


def test_near_misses_come_first() -> None:
    """The refusal lists who is there."""
    with pytest.raises(RecipientNotFound) as refused:
        find(FakeReading(), "alicia", None)

    assert refused.value.facts["present"] == ["alice", "bob", "gateway"]
