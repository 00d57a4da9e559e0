"""The command line: one module for each command."""

import typer

from gateway import __version__
from gateway.cli.broadcast import broadcast
from gateway.cli.check_config import check_config
from gateway.cli.deliveries import deliveries
from gateway.cli.dev import dev
from gateway.cli.emulator import emulator
from gateway.cli.openapi import openapi
from gateway.cli.participants import participants
from gateway.cli.receive import receive
from gateway.cli.replay import replay
from gateway.cli.send import send
from gateway.cli.serve import serve
from gateway.cli.tail import tail
from gateway.cli.token import token
from gateway.cli.webhooks import webhooks

cli = typer.Typer(
    name="gateway",
    help="HTTP and webhooks for MeshAgent rooms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(serve, dev, emulator, tail, send, broadcast, participants, receive, replay),
    *(token, openapi),
):
    cli.command()(command)
cli.command("check-config")(check_config)
for group in (webhooks, deliveries):
    cli.add_typer(group)


def _print_version(value: bool) -> None:  # noqa: FBT001  # as typer calls it
    if value:
        typer.echo(__version__)
        raise typer.Exit


@cli.callback()
def _root(
    *,
    version: bool = typer.Option(
        False,  # noqa: FBT003  # as typer wants it
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Print the version and exit.",
    ),
) -> None:
    """HTTP and webhooks for MeshAgent rooms."""


def main() -> None:
    """Run the command line."""
    cli()
