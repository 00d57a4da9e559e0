"""A lane answers failures as the framework does, without it."""

import json

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Scope

from gateway.api.lanes import Endpoint, lane
from gateway.domain.errors import NotFound


def raising(error: Exception) -> Endpoint:
    """Return an endpoint that fails like this."""

    async def endpoint(_request: Request) -> Response:
        raise error

    return endpoint


async def run(endpoint: Endpoint) -> list[Message]:
    """Run a lane and return what it sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "path": "/send", "headers": [], "state": {}}
    try:
        await lane(endpoint)(scope, receive, send)
    except RuntimeError:
        sent.append({"type": "raised"})
    return sent


async def test_an_answer_is_sent() -> None:
    """What the endpoint returns goes out."""

    async def endpoint(_request: Request) -> Response:
        return Response(b"hello", 201)

    sent = await run(endpoint)

    assert sent[0]["status"] == 201
    assert sent[1]["body"] == b"hello"


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("Nothing."), 404), (ClientDisconnect(), 499)],
)
async def test_a_failure_has_its_status(error: Exception, status: int) -> None:
    """A refusal is its problem; somebody gone is answered for the log only."""
    sent = await run(raising(error))

    assert sent[0]["status"] == status


async def test_a_bug_is_answered_and_then_raised() -> None:
    """The caller gets a problem, the server's log the exception."""
    sent = await run(raising(RuntimeError("the secret")))

    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["code"] == "internal"
    assert sent[-1] == {"type": "raised"}
