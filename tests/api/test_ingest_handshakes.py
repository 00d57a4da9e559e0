"""Sources that speak the words of Slack, GitHub and CloudEvents."""

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Preset, Profile, Verification
from tests.api.test_ingest import HERE, a_world, taken
from tests.fakes.clock import NOON
from tests.fakes.ingest import sources_of


@pytest.mark.parametrize("is_form", [True, False])
async def test_whatever_posts_to_slack_can_post_here(is_form: bool) -> None:  # noqa: FBT001  # pytest gives it by name
    """JSON or a form with `payload`: 200 `ok`."""
    world = await a_world(preset=Preset.SLACK)
    sent = (
        {"data": {"payload": '{"text":"hi"}'}} if is_form else {"json": {"text": "hi"}}
    )

    async with sources_of(world) as call:
        answer = await call.post(HERE, key=None, **sent)

    assert (answer.status, answer.content) == (200, b"ok")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(taken(world)) == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [(b"{", b"invalid_payload"), (b"[]", b"invalid_payload"), (b"{}", b"no_text")],
)
async def test_what_slack_refuses_is_refused_in_its_words(
    body: bytes, word: bytes
) -> None:
    """400 with one word."""
    world = await a_world(preset=Preset.SLACK)

    async with sources_of(world) as call:
        answer = await call.post(HERE, data=body, key=None)

    assert (answer.status, answer.content) == (400, word)
    assert taken(world) == []


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"active": False}, 403, b"action_prohibited"),
        ({"deleted_at": NOON}, 410, b"channel_is_archived"),
        ({"max_bytes": 1}, 413, b"invalid_payload"),
    ],
)
async def test_a_source_that_takes_nothing_says_so_in_slacks_words(
    changes: dict[str, object], status: int, word: bytes
) -> None:
    """With the statuses that Slack has for it."""
    world = await a_world(preset=Preset.SLACK, **changes)

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={"text": "hi"}, key=None)

    assert (answer.status, answer.content) == (status, word)


async def test_a_store_that_is_away_may_be_tried_again() -> None:
    """503 says when."""
    world = await a_world(preset=Preset.SLACK)
    world.store.fail_with(StoreUnavailable("the disk is full"))

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={"text": "hi"}, key=None)

    assert (answer.status, answer.content) == (503, b"rollup_error")
    assert "retry-after" in answer.headers


async def test_only_what_verifies_nothing_speaks_so() -> None:
    """Slack itself, which signs, is answered as everybody."""
    verify = Verification(Profile.SLACK, ("8f742231b10e8888abcd99yyyzzz85a5",))
    world = await a_world(preset=Preset.SLACK, verify=verify)

    async with sources_of(world) as call:
        answer = await call.post(HERE, json={"text": "hi"}, key=None)

    assert answer.code == "not_verified"


async def test_slacks_challenge_is_given_back() -> None:
    """As plain text, and nothing is said of it."""
    world = await a_world(preset=Preset.SLACK)
    asked = {"type": "url_verification", "challenge": "3eZbrw1aB", "text": "x"}

    async with sources_of(world) as call:
        answer = await call.post(HERE, json=asked, key=None)

    assert (answer.status, answer.content) == (200, b"3eZbrw1aB")
    assert answer.headers["content-type"].startswith("text/plain")
    assert taken(world) == []


async def test_githubs_ping_is_answered() -> None:
    """200, and nothing is said of it."""
    world = await a_world(preset=Preset.GITHUB)

    async with sources_of(world) as call:
        answer = await call.post(
            HERE, json={"zen": "x"}, headers={"X-GitHub-Event": "ping"}, key=None
        )

    assert answer.status == 200
    assert taken(world) == []


async def test_a_sender_of_cloudevents_asks_first() -> None:
    """OPTIONS with its origin: it may send, as often as it likes."""
    world = await a_world(preset=Preset.CLOUDEVENTS)
    headers = {"WebHook-Request-Origin": "eventemitter.example.com"}

    async with sources_of(world) as call:
        answer = await call("OPTIONS", HERE, headers=headers, key=None)

    assert answer.status == 200
    assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
    assert answer.headers["webhook-allowed-rate"] == "*"
