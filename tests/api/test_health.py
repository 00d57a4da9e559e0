"""What the gateway tells of itself."""

import pytest

from gateway.api.shapes import Me
from gateway.bridge.ports import LinkStatus, Presence
from tests.fakes.bridge import KEY, Bridge
from tests.fakes.caller import calling
from tests.fakes.clock import NOON


@pytest.mark.parametrize(("docs", "shown"), [("public", "/docs"), ("off", None)])
async def test_the_front_door_says_where_to_begin(docs: str, shown: str | None) -> None:
    """It is there for everybody and tells nothing else."""
    async with calling(Bridge().services(docs=docs)) as caller:
        answer = await caller.get("/", key=None)

    assert answer.json == {"ok": True, "docs": shown}


async def test_a_living_process_says_so() -> None:
    """Even while it is stopping."""
    bridge = Bridge()
    bridge.draining.set()

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/healthz", key=None)

    assert answer.status == 200


@pytest.mark.parametrize(
    ("key", "shown"),
    [(None, {"ready": True}), (KEY, {"ready": True, "rooms": {"lobby": "ready"}})],
)
async def test_only_callers_with_a_key_are_told_about_rooms(
    key: str | None, shown: dict[str, object]
) -> None:
    """Whether it is ready is for everybody."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/readyz", key=key)

    assert answer.json == shown


async def test_a_stopping_gateway_is_not_ready() -> None:
    """It takes nothing new."""
    bridge = Bridge()
    bridge.draining.set()

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/readyz")

    assert answer.status == 503
    assert answer.code == "shutting_down"


async def test_a_gateway_that_cannot_store_is_not_ready() -> None:
    """It could accept nothing durably."""
    bridge = Bridge()
    bridge.writable = False

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/readyz")

    assert answer.code == "store_unavailable"


@pytest.mark.parametrize(
    ("query", "key", "status"),
    [("", KEY, 200), ("?rooms=all", KEY, 503), ("?rooms=all", None, 503)],
)
async def test_a_room_that_is_away_counts_only_when_asked_for(
    query: str, key: str | None, status: int
) -> None:
    """Messages are held through an outage of a room."""
    bridge = Bridge()
    bridge.reading.status = LinkStatus("reconnecting", NOON)

    async with calling(bridge.services()) as caller:
        answer = await caller.get(f"/readyz{query}", key=key)

    assert answer.status == status
    assert ("rooms" in answer.json) == (key is not None)


async def test_the_version_is_told() -> None:
    """It is the one of the package."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/version")

    assert answer.json == {"name": "meshagent-gateway", "version": "1.2.3"}


async def test_a_caller_is_told_who_it_is_and_where() -> None:
    """By the id of its key, never the key."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/me")

    Me.model_validate_json(answer.content)
    assert answer.json == {
        "auth": "key",
        "key_id": "key_49313f9799df",
        "scopes": ["*"],
        "may": ["send", "read", "webhooks"],
        "rooms": ["lobby"],
        "participant_name": "gateway",
        "version": "1.2.3",
    }


async def test_a_gateway_that_never_was_in_a_room_has_no_name_yet() -> None:
    """A caller can be told who it is all the same."""
    bridge = Bridge()
    bridge.reading.presence = Presence(False, None, None, ())  # noqa: FBT003  # its first field says what it is

    async with calling(bridge.services()) as caller:
        answer = await caller.get("/me")

    assert (answer.status, answer.json["participant_name"]) == (200, None)
