"""`gateway token`: a participant token for a room, signed with the API key."""

from datetime import timedelta
from typing import Annotated

import typer


def token(
    name: Annotated[str, typer.Argument(help="Display name in the room.")],
    *,
    room: Annotated[
        str | None, typer.Option(help="The room; MESHAGENT_ROOM if not given.")
    ] = None,
    role: Annotated[str, typer.Option(help="Role in the room.")] = "user",
    hours: Annotated[
        float, typer.Option(min=0.01, max=87_600, help="How long it is valid.")
    ] = 1,
) -> None:
    """Print a token with which somebody may join a room and exchange messages."""
    from gateway import settings  # noqa: PLC0415  # heavy
    from gateway.app import choices  # noqa: PLC0415  # heavy
    from gateway.cli import serving  # noqa: PLC0415  # heavy

    try:
        found = settings.load()
        minted = choices.mint_token(
            found, room=room, name=name, role=role, lifetime=timedelta(hours=hours)
        )
    except settings.BadSettings as error:
        serving.fail(str(error), serving.BAD_CONFIGURATION)
        return
    typer.echo(minted)
