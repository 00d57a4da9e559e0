"""`gateway dev`: the gateway with a room of its own, to try everything at once."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from gateway.emulator import EmulatorServer
    from gateway.settings import Settings

ROOM: Final = "lobby"


def dev(
    *,
    faults: Annotated[
        bool, typer.Option("--faults", help="Let POST /faults/{room} break the room.")
    ] = False,
) -> None:
    """Run the gateway with an emulated room, without keys, on this machine alone."""
    import secrets  # noqa: PLC0415  # heavy, with the rest

    from gateway import app, emulator, settings, telemetry  # noqa: PLC0415  # heavy
    from gateway.cli import serving  # noqa: PLC0415  # heavy

    fault_token = secrets.token_urlsafe(24) if faults else None

    def load() -> settings.Settings:
        # Whatever MeshAgent account the shell has is left alone, and the store of
        # `gateway serve` too: what waits there for a real room is not for a toy one.
        found = settings.load(
            defaults={"GATEWAY_AUTH": "none", "GATEWAY_DATA_DIR": "data/dev"}
        )
        if found.gateway_auth == "none" and not settings.is_loopback(
            found.gateway_host
        ):
            message = "gateway dev listens on this machine alone; use gateway serve."
            raise settings.BadSettings(message)
        return found

    async def main(found: settings.Settings) -> None:
        log = telemetry.configure(
            level=found.gateway_log_level, form=found.gateway_log_format
        )
        listener = serving.listen(found.gateway_host, found.gateway_port)
        address = listener.getsockname()[:2]
        options = emulator.Options(fault_token=fault_token)
        rooms = emulator.Emulator(options=options)
        rooms.add(emulator.EchoMember(), room=ROOM)
        server = emulator.EmulatorServer(rooms, port=found.gateway_emulator_port)
        try:
            await server.start()
        except emulator.PortTaken as error:
            message = f"The room {error}; choose another with GATEWAY_EMULATOR_PORT."
            raise settings.BadSettings(message) from error
        try:
            joined = found.joining(ROOM, url=server.ws_url, api_key=rooms.api_key)
            around = app.Surroundings(
                settings=joined,
                telemetry=log,
                server=serving.UvicornServer(listener),
                address=address,
                stop=serving.stopped_by_signals(),
                own=frozenset({("127.0.0.1", server.port)}),
                development=True,
                started=lambda: typer.echo(
                    banner(joined, app.web_address(address), server, fault_token)
                ),
            )
            await app.run(around)
        finally:
            await server.kill()
        serving.leave(log.flush)

    serving.run(main, load)


def banner(
    settings: "Settings",
    url: str,
    server: "EmulatorServer",
    fault_token: str | None,
) -> str:
    """Return what to copy and paste first."""
    has_keys = settings.gateway_auth != "none"
    key = ' -H "Authorization: Bearer $KEY"' if has_keys else ""
    lines = [
        "",
        f"  MeshAgent Gateway at {url} (docs: {url}/docs), in room {ROOM!r}",
        "",
    ]
    if has_keys:
        kept = "one of GATEWAY_API_KEYS"
        if not settings.gateway_api_keys:
            kept = f'"$(cat {settings.gateway_data_dir / "api-key"})"'
        lines += ["  Have a key:", f"    export KEY={kept}", ""]
    lines += [
        "  Say something; echo answers. See who is there. Read what was said:",
        f"    curl{key} -d to=echo -d text=hello {url}/send",
        f"    curl{key} {url}/participants",
        f"    curl{key} {url}/messages",
        "",
        "  Watch it happen (in another terminal):",
        f"    curl{key} -N -H 'Accept: text/event-stream' {url}/events",
        "",
        "  Have what is said delivered (in another terminal):",
        "    .venv/bin/gateway receive --port 9000",
        f'    curl{key} --json \'{{"url":"http://127.0.0.1:9000/"}}\' {url}/webhooks',
        "",
        "  Join the same room with MeshAgent's own CLI and SDKs:",
        f"    export MESHAGENT_API_URL={server.url}",
        f"    export MESHAGENT_ROOM_URL={server.ws_url}",
        f"    export MESHAGENT_API_KEY={server.emulator.api_key}",
        f"    export MESHAGENT_PROJECT_ID={server.emulator.project_id}",
        f"    meshagent room messaging list --room {ROOM}",
        "",
    ]
    if fault_token is not None:
        order = """--json '{"fault":"cut"}'"""
        header = f"-H 'Authorization: Bearer {fault_token}'"
        lines += [
            "  Break the room:",
            f"    curl {header} {order} {server.url}/faults/{ROOM}",
            "",
        ]
    return "\n".join(lines)
