"""Every command of docs/automation/curl.md does what the page says of it."""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.stage import Person, a_stage
from tests.acceptance.waiting import until
from tests.guide.pages import Shell, blocks

PAGE = "curl.md"

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        shutil.which("curl") is None or shutil.which("jq") is None,
        reason="the page is followed with curl and jq",
    ),
]


async def test_the_key_is_readable_by_its_owner_alone(shell: Shell) -> None:
    """It is neither on a command line nor for others to read."""
    mode = (shell.home / "gateway.curl").stat().st_mode

    assert mode & 0o077 == 0


async def test_what_is_sent_is_heard(shell: Shell, alice: Person) -> None:
    """Forms, JSON, files, batches; and once, however often it is asked for."""
    (shell.home / "plan.pdf").write_bytes(b"%PDF")
    say, once, batch, wait = blocks(PAGE, "Say something")

    await shell.run(say)
    await shell.run(once)
    await shell.run(once)
    told = await shell.run(batch)
    end = await shell.run(wait)
    heard = await alice.hears(8)

    assert [each.message for each in heard] == [
        {"text": "The build is green."},
        {"text": "Tea & biscuits"},
        {"level": "high"},
        {"text": "The plan."},
        {"text": "Order 17 is ready."},
        {"text": "The night was quiet."},
        {"text": "Good morning, all."},
        {"text": "Are you there?"},
    ]
    assert heard[3].attachment == b"%PDF"
    assert [line.split()[0] for line in told.splitlines()] == ["0", "1"]
    assert end == "sent\n"


async def test_what_is_said_is_printed(shell: Shell, alice: Person) -> None:
    """As lines and as server-sent events."""
    lines, events = blocks(PAGE, "Listen")

    async with shell.running(lines) as printed, shell.running(events) as stream:
        alice.says({"text": "hello"})
        line = await printed.line("hello")
        data = await stream.line("^data:.*hello")

    assert line == "alice: hello\n"
    assert '"type":"message.received"' in data


@pytest.mark.asyncio
async def test_what_was_said_meanwhile_is_answered(tmp_path: Path) -> None:
    """Once, whether the script ran when it was said, or its place was lost since."""
    (script, _) = blocks(PAGE, "Answer, and miss nothing")
    home, place = tmp_path / "gateway", tmp_path / "place"
    home.mkdir()

    async with a_stage(home) as stage, stage.person("alice") as alice:
        shell = await Shell.prepared(tmp_path, stage)
        async with shell.running(script):
            await until(lambda: is_kept(place), "no place is kept")
            alice.says({"text": "one"})
            await alice.hears(1)
        alice.says({"text": "two & more"})
        async with shell.running(script):
            await alice.hears(2)
        place.write_text("0badc0de-7\n")
        async with shell.running(script) as running:
            await running.line("no longer held")
            alice.says({"text": "three"})
            heard = await alice.hears(3)

    assert [each.message for each in heard] == [
        {"text": "You said: one"},
        {"text": "You said: two & more"},
        {"text": "You said: three"},
    ]


def is_kept(place: Path) -> bool:
    """Say whether something stands in a file."""
    return place.exists() and bool(place.read_text())


async def test_what_was_said_is_polled(shell: Shell, alice: Person) -> None:
    """With who said it; and its attachment is to be had."""
    (_, poll) = blocks(PAGE, "Answer, and miss nothing")
    (fetch,) = blocks(PAGE, "Attachments")

    async with shell.running(blocks(PAGE, "Listen")[0]) as printed:
        alice.says({"text": "look"}, b"\x00picture")
        await printed.line("look")
    polled = await shell.run(poll)
    await shell.run(fetch)

    assert polled.splitlines()[0].split("\t")[1:] == ["alice", "look"]
    assert (shell.home / "attachment.bin").read_bytes() == b"\x00picture"


async def test_a_refusal_ends_a_command(shell: Shell) -> None:
    """With exit 22, and the problem on stdout."""
    refused = (
        "curl -K gateway.curl -d to=nobody -d text=hi $GATEWAY_URL/send || echo $?"
    )

    told = await shell.run(refused)

    assert '"code":"recipient_not_found"' in told
    assert told.endswith("22\n")
