"""`gateway emulator`: a room server on this machine, alone."""

import asyncio
import secrets
import signal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.emulator import EmulatorServer

BAD_CONFIGURATION = 2  # exit status


def emulator(
    port: Annotated[
        int,
        typer.Option(
            envvar="GATEWAY_EMULATOR_PORT",
            min=0,
            max=65535,
            help="Port to listen at on 127.0.0.1; 0 takes a free one.",
        ),
    ] = 8700,
    *,
    faults: Annotated[
        bool, typer.Option("--faults", help="Let POST /faults/{room} break things.")
    ] = False,
    api_key: Annotated[
        str | None,
        typer.Option(help="The ma-… key to take; made at random otherwise."),
    ] = None,
) -> None:
    """Run a local MeshAgent room server that the official SDKs and CLI can join."""
    from uvicorn import Config  # noqa: PLC0415 - `gateway --help` needs no server

    from gateway.emulator import (  # noqa: PLC0415 - see above
        BadApiKey,
        Emulator,
        EmulatorServer,
        Options,
        PortTaken,
    )

    fault_token = secrets.token_urlsafe(24) if faults else None
    loops = Config(app="").get_loop_factory()
    try:
        emulated = Emulator(api_key=api_key, options=Options(fault_token=fault_token))
        with asyncio.Runner(loop_factory=loops) as runner:
            runner.run(_serve(EmulatorServer(emulated, port=port), fault_token))
    except (BadApiKey, PortTaken) as error:
        typer.echo(f"gateway emulator: {error}", err=True)
        raise typer.Exit(BAD_CONFIGURATION) from error


async def _serve(server: "EmulatorServer", fault_token: str | None) -> None:
    """Serve until the process is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with server:
        typer.echo(greeting(server, fault_token))
        await stop.wait()


def greeting(server: "EmulatorServer", fault_token: str | None) -> str:
    """Say where the server is, and what official clients need to join it."""
    emulated = server.emulator
    lines = [
        f"MeshAgent rooms at {server.ws_url}/rooms/<name>, on this machine only.",
        "For the official CLI and SDKs:",
        "",
        f"  export MESHAGENT_API_URL={server.url}",
        f"  export MESHAGENT_ROOM_URL={server.ws_url}",
        f"  export MESHAGENT_API_KEY={emulated.api_key}",
        f"  export MESHAGENT_PROJECT_ID={emulated.project_id}",
        "",
        "  meshagent room messaging list --room lobby",
    ]
    if fault_token is not None:
        lines += [
            "",
            "Faults, for whoever has this token:",
            "",
            f"  curl -H 'Authorization: Bearer {fault_token}' \\",
            f'    --json \'{{"fault":"cut"}}\' {server.url}/faults/lobby',
        ]
    return "\n".join(lines)
