"""The commands that ask a running gateway, on a whole one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.process import Ended, ended
from tests.acceptance.stage import Stage
from tests.fakes.bridge import KEY
from tests.fakes.receiver import Received, refused_port
from tests.guide.deliveries import SECRET
from tests.guide.receivers import FASTAPI, PYTHON, REPLIER, Recipe, running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


async def run(stage: Stage, *arguments: str, **variables: str) -> Ended:
    """Run a command, with the gateway's address and key in its environment."""
    given = {"GATEWAY_URL": stage.url, "GATEWAY_API_KEY": KEY, **variables}
    return await ended(stage.home, *arguments, **given)


async def made(stage: Stage, *arguments: str) -> dict[str, str]:
    """Make a webhook by command; return what was printed, by its label."""
    added = await run(stage, "webhooks", "add", *arguments)
    assert added.status == 0, added.err
    return dict(line.split() for line in added.out.splitlines())


@pytest.mark.parametrize("recipe", [PYTHON, FASTAPI], ids=["plain", "fastapi"])
async def test_the_guide_is_followed_to_its_end(
    stage: Stage, tmp_path: Path, recipe: Recipe
) -> None:
    """The receiver of the page takes what the gateway sends, test and event."""
    recipe.write(tmp_path)
    port = str(refused_port())
    webhook = await made(stage, f"http://127.0.0.1:{port}{recipe.path}")
    placed = replace(
        recipe, command=tuple(port if x == "0" else x for x in recipe.command)
    )

    async with running(placed, tmp_path, webhook["secret"], PORT=port) as guided:
        tried = await run(stage, "webhooks", "test", webhook["id"])
        await guided.worked_off()
        async with stage.person("alice") as alice:
            alice.says({"text": "hi"})
            event_id = await guided.worked_off()
        await stage.until(
            f"/deliveries?webhook={webhook['id']}&status=delivered",
            lambda answer: bool(answer.json["deliveries"]),
        )
        listed = await run(stage, "deliveries", "list", "--webhook", webhook["id"])
        await stage.call("DELETE", f"/webhooks/{webhook['id']}")

    assert (tried.status, tried.out.split()[:3]) == (0, ["ok", "status", "204"])
    assert listed.out.split("\t")[1:7] == [
        *("delivered", "message.received", "1", "204", "-", webhook["id"]),
    ]
    assert event_id.startswith("evt_")


async def test_the_replier_of_the_guide_answers(stage: Stage, tmp_path: Path) -> None:
    """Whoever says something hears what the receiver returns."""
    REPLIER.write(tmp_path)
    async with running(REPLIER, tmp_path, SECRET) as replier:
        body = {"url": replier.url, "secret": SECRET, "replies": True}
        webhook = await stage.call.post("/webhooks", json=body)
        async with stage.person("alice") as alice:
            alice.says({"text": "how warm is it?"})
            heard = await alice.hears()
        await stage.call("DELETE", f"/webhooks/{webhook.json['id']}")

    assert heard[0].message == {"text": "You said: how warm is it?"}


async def test_what_is_dead_is_found_and_sent_again(stage: Stage) -> None:
    """`deliveries list --status dead`, and `deliveries retry --all-dead`."""
    async with (
        stage.subscribed(500, retry={"schedule": [1]}, stop_on=[500]) as subscriber,
        stage.person("alice") as alice,
    ):
        webhook = subscriber.webhook["id"]
        alice.says({"text": "hi"})
        await stage.until(
            f"/deliveries?webhook={webhook}&status=dead",
            lambda answer: bool(answer.json["deliveries"]),
        )
        listed = await run(
            stage, "deliveries", "list", "--status", "dead", "--since", "1h", "--json"
        )
        retried = await run(stage, "deliveries", "retry", "--all-dead", webhook)
        await subscriber.receiver.received(2)

    page = json.loads(listed.out)
    dead = [d["id"] for d in page["deliveries"] if d["webhook_id"] == webhook]
    assert retried.out.split() == [*dead, "pending"]


async def test_a_webhook_is_switched_off_and_on(stage: Stage) -> None:
    """What was said meanwhile is held, and comes."""
    async with stage.subscribed() as subscriber, stage.person("alice") as alice:
        webhook = subscriber.webhook["id"]
        disabled = await run(stage, "webhooks", "disable", webhook)
        alice.says({"text": "are you there?"})
        await stage.until(
            f"/webhooks/{webhook}", lambda answer: answer.json["held"] == 1
        )
        listed = await run(stage, "webhooks", "list")
        enabled = await run(stage, "webhooks", "enable", webhook, "--release", "all")
        await subscriber.told("message.received")

    assert (disabled.status, enabled.status) == (0, 0)
    [row] = [r for r in listed.out.splitlines() if r.startswith(f"{webhook}\t")]
    assert row.split("\t")[3] == "by_request"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"GATEWAY_API_KEY": "wrong"}, "Set GATEWAY_API_KEY"),
        ({"GATEWAY_API_KEY": ""}, "Set GATEWAY_API_KEY"),
        ({"GATEWAY_URL": f"http://127.0.0.1:{refused_port()}"}, "no gateway answers"),
    ],
)
async def test_what_cannot_work_says_why(
    stage: Stage, variables: dict[str, str], told: str
) -> None:
    """In a sentence on stderr, with exit 1."""
    failed = await run(stage, "webhooks", "list", **variables)

    assert (failed.status, failed.out) == (1, "")
    assert told in failed.err
    assert "Traceback" not in failed.err


async def test_a_bad_url_is_refused_with_its_place(stage: Stage) -> None:
    """The problem's own sentence, which names the setting."""
    refused = await run(stage, "webhooks", "add", "http://169.254.169.254/latest")

    assert refused.status == 1
    assert refused.err.startswith("gateway webhooks add: URL not allowed: ")


async def test_a_replay_is_begun_and_followed_to_its_end(stage: Stage) -> None:
    """What was delivered comes again, under its old ids."""
    async with (
        stage.subscribed(types=["again"]) as subscriber,
        stage.person("alice") as alice,
    ):
        webhook = subscriber.webhook["id"]
        for text in ("one", "two", "three"):
            alice.says({"text": text}, type_="again")
        first = list(await subscriber.receiver.received(3))
        await stage.until(
            f"/deliveries?webhook={webhook}&status=delivered",
            lambda answer: len(answer.json["deliveries"]) == 3,
        )
        given = ("replay", webhook, "--since", "1h", "--only", "all")

        counted = await run(stage, *given, "--dry-run")
        replayed = await run(stage, *given)
        [replay_id, *_] = replayed.out.split()
        again = await run(stage, "replay", "--follow", replay_id, "--json")
        late = await run(stage, "replay", "--cancel", replay_id)
        second = list(await subscriber.receiver.received(6))[3:]

    assert counted.out == "Events that would be delivered again: 3.\n"
    assert (replayed.status, replayed.err) == (0, "")
    assert replayed.out == f"{replay_id} done: 3 delivered, of 3.\n"
    assert json.loads(again.out)["state"] == "done"
    assert (late.status, "This replay is done" in late.err) == (1, True)
    assert ids_of(second) == ids_of(first)


def ids_of(requests: list[Received]) -> list[str]:
    """Return the ids of the events that requests tell of, in no order."""
    return sorted(each.headers["webhook-id"] for each in requests)
