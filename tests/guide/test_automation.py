"""What the pages of automation tools have people copy is good, and is understood."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
import yaml

from tests.acceptance.stage import Person, Stage
from tests.fakes.bridge import KEY
from tests.fakes.receiver import Received, Receiver
from tests.guide.pages import Shell, blocks

Json = dict[str, Any]
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")
WORD = "a-long-random-word"

pytestmark = pytest.mark.timeout(90)


@pytest_asyncio.fixture(loop_scope="module")
async def tool() -> AsyncIterator[Receiver]:
    """The tool that the gateway is to tell."""
    async with Receiver(200) as tool:
        yield tool


def aimed_at(tool: Receiver, command: str) -> str:
    """Return a command with the tool's address and a secret filled in."""
    aimed = re.sub(r'"url":"[^"]*"', f'"url":"{tool.url}"', command)
    return aimed.replace("…", WORD)


async def told(tool: Receiver, number: int = 1) -> tuple[Received, Json]:
    """Wait for a request to the tool, by number; return it and its body."""
    received = (await tool.received(number))[number - 1]
    body: Json = json.loads(received.body)
    return received, body


@pytest.mark.asyncio(loop_scope="module")
async def test_n8n_is_told_with_its_secret(
    shell: Shell, alice: Person, tool: Receiver
) -> None:
    """The webhook of the page sends flat items, with the header that n8n checks."""
    (webhook,) = blocks("n8n.md", "The workflow")

    await shell.run(aimed_at(tool, webhook))
    alice.says({"text": "hello"})
    received, event = await told(tool)

    assert received.headers["x-gateway-secret"] == WORD
    assert (event["text"], event["from_name"]) == ("hello", "alice")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_n8n_asks_is_understood(
    stage: Stage, shell: Shell, alice: Person, tool: Receiver
) -> None:
    """The workflow's request, with its fields filled in, is a reply."""
    nodes = {node["name"]: node for node in workflow()["nodes"]}
    request = nodes["Reply"]["parameters"]
    (webhook,) = blocks("n8n.md", "The workflow")
    await shell.run(aimed_at(tool, webhook))
    alice.says({"text": "hello"})
    _, event = await told(tool)

    path = filled_in(request["url"], event).removeprefix("https://gateway.example.com")
    (header,) = request["headerParameters"]["parameters"]
    headers = {header["name"]: filled_in(header["value"], event)}
    first = await stage.call.post(path, json={"text": "hi"}, headers=headers)
    again = await stage.call.post(path, json={"text": "hi"}, headers=headers)
    heard = await alice.hears(1)

    assert (first.status, again.json["id"]) == (200, first.json["id"])
    assert [each.message for each in heard] == [{"text": "hi"}]


def test_the_workflow_is_one_that_n8n_imports() -> None:
    """Its nodes are n8n's own, and each connection joins two of them."""
    given = workflow()

    types = [node["type"] for node in given["nodes"]]
    names = {node["name"] for node in given["nodes"]}
    joined = {
        (start, end["node"])
        for start, ends in given["connections"].items()
        for group in ends["main"]
        for end in group
    }

    assert types == [
        "n8n-nodes-base.webhook",
        "n8n-nodes-base.httpRequest",
        "n8n-nodes-base.respondToWebhook",
    ]
    assert joined == {("Told", "Reply"), ("Reply", "Done, or again")}
    assert {name for pair in joined for name in pair} == names


def workflow() -> Json:
    """Return the workflow of the page."""
    (text,) = blocks("n8n.md", "The workflow", "json")
    found: Json = json.loads(text)
    return found


def filled_in(expression: str, event: Json) -> str:
    """Return what an expression of n8n comes to, with the event as the item's body."""
    assert expression.startswith("=")
    return re.sub(
        r"\{\{ \$json\.body\.(\w+) \}\}", lambda m: str(event[m[1]]), expression[1:]
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_make_is_told_with_its_key(
    stage: Stage, shell: Shell, alice: Person, tool: Receiver
) -> None:
    """The webhook and the sample of the page; a form with what came is a reply."""
    webhook, sample = blocks("make.md", "Hear")

    made = json.loads(await shell.run(aimed_at(tool, webhook)))
    await shell.run(sample.replace("wh_01J…", made["id"]))
    _, shown = await told(tool)
    alice.says({"text": "hello"})
    received, event = await told(tool, 2)
    reply = f"/messages/{event['message_id']}/reply"
    await stage.call.post(reply, data={"text": 'a "quote" & more'})
    heard = await alice.hears(1)

    assert received.headers["x-make-apikey"] == WORD
    assert shown.keys() == event.keys()
    assert heard[0].message == {"text": 'a "quote" & more'}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_workflow_of_github_tells_the_room(
    stage: Stage, shell: Shell, alice: Person
) -> None:
    """Its step says how the run ended, once for each attempt, whatever a branch is."""
    steps = github()["jobs"]["tell"]["steps"]
    facts = {
        "secrets.GATEWAY_URL": stage.url,
        "secrets.GATEWAY_API_KEY": KEY,
        "github.run_id": "17",
        "github.run_attempt": "1",
        "github.event.workflow_run.name": "CI",
        "github.event.workflow_run.head_branch": "a'b\"$(exit 3)&c",
        "github.event.workflow_run.conclusion": "failure",
        "github.event.workflow_run.html_url": "https://github.example/runs/17",
    }

    (step,) = steps
    variables = {name: evaluated(text, facts) for name, text in step["env"].items()}
    await shell.run(step["run"], **variables)
    await shell.run(step["run"], **variables)
    await shell.run(step["run"], **{**variables, "ONCE": "17-2"})
    heard = await alice.hears(2)

    text = "CI on a'b\"$(exit 3)&c: failure https://github.example/runs/17"
    assert [each.message for each in heard] == [{"text": text}] * 2
    assert "${{" not in step["run"]


def github() -> Json:
    """Return the workflow of the page."""
    (text,) = blocks("github-actions.md", "Say how a run ended", "yaml")
    parsed: Json = yaml.safe_load(text)
    return parsed


def evaluated(text: str, facts: Mapping[str, str]) -> str:
    """Return what a value comes to with GitHub's expressions in it."""
    return EXPRESSION.sub(lambda m: facts[m[1]], text)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_room_starts_a_workflow_of_github(
    shell: Shell, alice: Person, tool: Receiver
) -> None:
    """The webhook of the page asks as GitHub wants to be asked."""
    (webhook,) = blocks("github-actions.md", "Start a workflow from the room")

    await shell.run(aimed_at(tool, webhook))
    alice.says({"text": "not this"})
    alice.says({"text": "version 2"}, type_="deploy")
    received, body = await told(tool)

    assert body == {
        "event_type": "said",
        "client_payload": {"text": "version 2", "from": "alice"},
    }
    assert received.headers["accept"] == "application/vnd.github+json"
    assert received.headers["authorization"].startswith("Bearer ")
