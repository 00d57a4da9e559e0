"""The expressions of the workflow in docs/automation/n8n.md, as JavaScript has them."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.guide.pages import blocks
from tests.interop.conftest import missing

Json = dict[str, Any]


def parameters(name: str) -> Json:
    """Return the parameters of a node of the workflow."""
    (text,) = blocks("n8n.md", "The workflow", "json")
    nodes = {node["name"]: node for node in json.loads(text)["nodes"]}
    found: Json = nodes[name]["parameters"]
    return found


def worth(expression: str, item: Json) -> object:
    """Return what an expression comes to for an item.

    It is the whole of its field, so that its value stays what it is.
    """
    node = shutil.which("node")
    if node is None:
        missing("Node")
    bare = expression.removeprefix("={{").removesuffix("}}")
    script = f"const $json = {json.dumps(item)}; console.log(JSON.stringify({bare}));"
    done = subprocess.run(  # noqa: S603 - our own page
        [str(node), "-e", script], capture_output=True, check=True, timeout=30
    )
    value: object = json.loads(done.stdout)
    return value


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        *((status, 200) for status in (200, 202, 400, 404, 409, 410, 422)),
        *((status, 503) for status in (302, 401, 408, 429, 500, 503)),
    ],
)
def test_what_the_gateway_answers_decides_whether_it_comes_again(
    status: int, answer: int
) -> None:
    """A refusal would be the same again; a wrong key may be mended meanwhile."""
    expression = parameters("Done, or again")["options"]["responseCode"]

    assert worth(expression, {"statusCode": status}) == answer


def test_a_text_with_quotes_stays_json() -> None:
    """What somebody said cannot break out of the body."""
    expression = parameters("Reply")["jsonBody"]

    body = worth(expression, {"body": {"text": '"}, {"'}})

    assert isinstance(body, str)
    assert json.loads(body) == {"text": 'You said: "}, {"'}
