"""The official command-line client in the emulator's rooms."""

import json
from pathlib import Path
from typing import Protocol

import pytest

from gateway.emulator import EmulatorServer
from tests.interop.conftest import ROOM, Join, need_cli
from tests.interop.driver import Sdk, cli, listed

ZOE = "Zoé 🦊"
MESSAGE = {"text": "déjà vu 🦊"}


class Run(Protocol):
    """Runs the CLI to its end."""

    async def __call__(self, *arguments: str) -> str:
        """Give what `meshagent <arguments>` printed; it must exit with 0."""


@pytest.fixture
def run(server: EmulatorServer, tmp_path: Path) -> Run:
    """The CLI as a user has it who was told where the emulator is."""
    need_cli()
    settings = {
        "MESHAGENT_API_URL": server.url,
        "MESHAGENT_API_KEY": server.emulator.api_key,
        "MESHAGENT_PROJECT_ID": server.emulator.project_id,
    }

    async def ran(*arguments: str) -> str:
        return await cli(tmp_path, settings, *arguments)

    return ran


async def test_list_shows_who_is_there(run: Run, join: Join, sdk: Sdk) -> None:
    """`messaging list` prints id, role and attributes of everyone else."""
    present = await join(sdk, ZOE, role="agent")

    printed = await run("room", "messaging", "list", "--room", ROOM)

    card = {"id": present.id, "role": "agent", "attributes": {"name": ZOE}}
    assert listed(printed) == [card]


async def test_list_of_an_empty_room_is_empty(run: Run) -> None:
    """`messaging list` ends with `[]` when nobody else is there."""
    printed = await run("room", "messaging", "list", "--room", ROOM)

    assert listed(printed) == []


async def test_send_reaches_one_participant(run: Run, join: Join, sdk: Sdk) -> None:
    """`messaging send` says its type and its JSON to one id."""
    listener = await join(sdk, ZOE)
    said = ("--type", "chat", "--data", json.dumps(MESSAGE))

    await run(
        *("room", "messaging", "send", "--room", ROOM),
        *("--to-participant-id", listener.id, *said),
    )

    heard = await listener.event("message")
    assert (heard["type"], heard["message"], heard["size"]) == ("chat", MESSAGE, 0)


async def test_broadcast_reaches_everyone(run: Run, join: Join) -> None:
    """`messaging broadcast` says its JSON to all, whatever SDK they use."""
    listeners = [await join(sdk, ZOE) for sdk in Sdk]
    data = json.dumps(MESSAGE, ensure_ascii=False)

    await run("room", "messaging", "broadcast", "--room", ROOM, "--data", data)

    for listener in listeners:
        heard = await listener.event("message")
        assert (heard["type"], heard["message"]) == ("chat.broadcast", MESSAGE)


async def test_send_to_nobody_says_so(run: Run) -> None:
    """`messaging send` to an unknown id prints that it was not found."""
    printed = await run(
        *("room", "messaging", "send", "--room", ROOM),
        *("--to-participant-id", "nobody", "--type", "chat", "--data", "{}"),
    )

    assert "not found" in printed


async def test_connect_gives_a_program_what_it_needs_to_join(run: Run) -> None:
    """`room connect` finds the room and hands its URL and a token on."""
    printed = await run(
        *("room", "connect", "--room", ROOM, "--identity", ZOE, "--", "printenv"),
    )

    given = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    assert given["MESHAGENT_ROOM"] == ROOM
    assert given["MESHAGENT_TOKEN"].count(".") == 2
