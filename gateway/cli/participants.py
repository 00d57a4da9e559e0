"""`gateway participants`: who is in a room."""

from typing import Annotated, Final

import typer

from gateway.cli import tables
from gateway.cli.calling import DEFAULT_URL, AsJson, Key, Url, calling, complain

COLUMNS: Final = ("name", "role", "id", "since")


def participants(  # typer makes an option of each parameter
    *,
    room: Annotated[
        str | None, typer.Option(help="The room; needed if there are several.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only those of this name.")] = None,
    role: Annotated[str | None, typer.Option(help="Only those of this role.")] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List who is in a room: name, role, id and since when."""
    with calling("participants", url, api_key) as gateway:
        answer = gateway.get("participants", room=room, name=name, role=role)
    value = answer.value
    if as_json:
        typer.echo(answer.raw)
    else:
        found = value.get("participants")
        tables.show(
            COLUMNS,
            (
                tuple(each.get(column) for column in COLUMNS)
                for each in (found if isinstance(found, list) else ())
                if isinstance(each, dict)
            ),
        )
    if value.get("connected") is False:
        # `as_of` is null if the gateway was never in the room.
        as_of = value.get("as_of")
        known = "nobody is known" if as_of is None else f"this is how it was at {as_of}"
        complain("participants", f"the room {value.get('room')} is away; {known}.")
