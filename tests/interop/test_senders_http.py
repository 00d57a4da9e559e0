"""What curl, openssl and libraries of this Python send to sources, as providers do."""

import base64
import json
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
import standardwebhooks
import svix
from aiohttp import FormData

from tests.acceptance.stage import Person, Stage
from tests.acceptance.waiting import clock
from tests.interop.conftest import missing
from tests.interop.driver import HERE
from tests.interop.senders import SECRET, STANDARD, a_source, running, sent, text_of

NOTE = "Grüße 🦊, 100 %"
JSON = {"Content-Type": "application/json"}


async def output(*command: str, home: Path | None = None) -> str:
    """Run a program to its end; return what it printed."""
    if shutil.which(command[0]) is None:
        missing(command[0])
    async with running(*command, home=home) as process:
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def curl(*arguments: str, home: Path | None = None) -> str:
    """Let curl send something; return the status and what came back."""
    return await output("curl", "-sS", "-w", "\n%{http_code}", *arguments, home=home)


async def test_what_gitlab_sends_is_told(stage: Stage, alice: Person) -> None:
    """Its token is a header, and its own id tells a repeat."""
    url = await a_source(stage, "gitlab", template="{{ user_name }}: {{ ref }}")
    headers = {
        **JSON,
        "User-Agent": "GitLab/17.0",
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Token": SECRET,
        "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
        "Idempotency-Key": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
    }
    body = json.dumps({"object_kind": "push", "ref": "main", "user_name": "Zoë"})

    statuses = []
    for token in (SECRET, SECRET, SECRET.upper()):
        given = {**headers, "X-Gitlab-Token": token}
        async with stage.http.post(url, data=body, headers=given) as answer:
            statuses.append(answer.status)
    heard = await alice.hears(1)

    assert statuses == [202, 200, 401]
    assert [text_of(each) for each in heard] == ["Zoë: main"]


async def test_what_shopify_signs_is_told(
    stage: Stage, alice: Person, tmp_path: Path
) -> None:
    """As `openssl` makes the sum, in base64; its id tells a repeat."""
    url = await a_source(stage, "shopify", template="{{ name }}")
    (tmp_path / "order.json").write_text('{"id": 1, "name": "#1001 \\u00e9",  "x":1.0}')
    script = (
        f"openssl dgst -sha256 -hmac {SECRET} -binary order.json | openssl base64 -A"
    )
    sum_ = await output("sh", "-c", script, home=tmp_path)
    told = (
        *("-H", "X-Shopify-Topic: orders/create", "-H", "X-Shopify-Webhook-Id: b54557"),
        *("-H", "Content-Type: application/json", "--data-binary", "@order.json", url),
    )
    signed = ("-H", f"X-Shopify-Hmac-Sha256: {sum_}")

    first = await curl(*signed, *told, home=tmp_path)
    again = await curl(*signed, *told, home=tmp_path)
    forged = await curl("-H", "X-Shopify-Hmac-Sha256: AAAA", *told, home=tmp_path)
    heard = await alice.hears(1)

    assert [each.splitlines()[-1] for each in (first, again, forged)] == [
        *("202", "200", "401")
    ]
    assert [text_of(each) for each in heard] == ["#1001 é"]


class Signer(Protocol):
    """What signs by the Standard Webhooks specification."""

    def __init__(self, secret: str) -> None: ...

    def sign(self, msg_id: str, timestamp: datetime, data: str) -> str:
        """Return the signature."""


@pytest.mark.parametrize(
    ("signer", "prefix"),
    [(svix.Webhook, "svix"), (standardwebhooks.Webhook, "webhook")],
)
async def test_what_python_signs_by_the_standard_is_told(
    stage: Stage, alice: Person, signer: type[Signer], prefix: str
) -> None:
    """Beside the signature of a secret that we do not know, as at a rotation."""
    verify = {"profile": "standard", "secret": STANDARD}
    url = await a_source(stage, "standard", verify=verify)
    body, now = json.dumps({"text": NOTE}, ensure_ascii=False), clock.now()
    other = "whsec_" + base64.b64encode(b"another secret between us").decode()
    sums = [signer(each).sign("msg_1", now, body) for each in (other, STANDARD)]

    statuses = []
    for given in (" ".join(sums), sums[1], sums[0]):
        headers = {
            **JSON,
            f"{prefix}-id": "msg_1",
            f"{prefix}-timestamp": str(int(now.timestamp())),
            f"{prefix}-signature": given,
        }
        async with stage.http.post(url, data=body.encode(), headers=headers) as answer:
            statuses.append(answer.status)
    heard = await alice.hears(1)

    assert statuses == [202, 200, 401]
    assert [text_of(each) for each in heard] == [NOTE]


# Sends the same form, however it is written.
Sender = Callable[[Stage, str, Path], Awaitable[None]]


async def by_curl(_stage: Stage, url: str, home: Path) -> None:
    """Send the form with curl, the file from disk."""
    (home / 'größer "1".bin').write_bytes(bytes(3000))
    file = 'cv=@"größer \\"1\\".bin";type=image/png'
    fields = ("-F", f"name={NOTE}", "-F", "tag=a", "-F", 'tag=b "c"', "-F", file)
    assert (await curl(*fields, url, home=home)).endswith("\n202")


async def by_aiohttp(stage: Stage, url: str, _home: Path) -> None:
    """Send the form with aiohttp."""
    form = FormData({"name": NOTE}, quote_fields=False)
    form.add_field("tag", "a")
    form.add_field("tag", 'b "c"', content_type="text/plain; charset=utf-8")
    form.add_field(
        "cv", bytes(3000), filename='größer "1".bin', content_type="image/png"
    )
    async with stage.http.post(url, data=form) as answer:
        assert answer.status == 202, await answer.text()


async def by_node(_stage: Stage, url: str, _home: Path) -> None:
    """Send the form with Node's fetch."""
    if shutil.which("node") is None:
        missing("node")
    answers = await sent("node", str(HERE / "node" / "sender.cjs"), "form", url)
    assert [each["status"] for each in answers] == [202]


@pytest.mark.parametrize("sender", [by_curl, by_aiohttp, by_node])
async def test_a_form_with_a_file_is_told(
    stage: Stage, alice: Person, tmp_path: Path, sender: Sender
) -> None:
    """Fields by name, and what the file is, whoever wrote the form."""
    url = await a_source(stage, "none")

    await sender(stage, url, tmp_path)
    (heard,) = await alice.hears(1)

    assert heard.message == {
        "name": NOTE,
        "tag": ["a", 'b "c"'],
        "cv": {
            "filename": 'größer "1".bin',
            "content_type": "image/png",
            "size": 3000,
        },
    }


async def test_what_scripts_post_to_slack_posts_to_the_room(
    stage: Stage, alice: Person
) -> None:
    """JSON and forms of each kind; the answers have no line break, as Slack's."""
    url = await a_source(stage, "none", format="slack")
    payload = json.dumps({"text": f"<!here|here> :tada: {NOTE} &amp; so"})
    ways = [
        ("--json", payload),
        ("-d", payload),
        ("-d", f"payload={payload.replace('%', '%25').replace('&', '%26')}"),
        ("--data-urlencode", f"payload={payload}"),
        ("--form-string", f"payload={payload}"),
    ]

    answers = [await curl(*way, url) for way in ways]
    refused = [
        await curl(*way, url)
        for way in (
            ("-d", "payload={"),
            ("--form-string", "payload={"),
            ("--json", "[]"),
            ("-H", "Content-Type: multipart/form-data", "-d", "text=hi"),
            ("--json", "{}"),
            ("-F", "file=@/dev/null;filename=a.txt"),
        )
    ]
    heard = await alice.hears(len(ways))

    assert answers == ["ok\n200"] * len(ways)
    assert {text_of(each) for each in heard} == {f"@here 🎉 {NOTE} & so"}
    assert refused == [*["invalid_payload\n400"] * 4, *["no_text\n400"] * 2]
