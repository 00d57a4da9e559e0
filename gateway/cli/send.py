"""`gateway send`: say something to somebody in a room."""

from typing import Annotated

import typer

from gateway.cli import inputs, saying
from gateway.cli.calling import DEFAULT_URL, AsJson, Key, Url, calling


def send(  # noqa: PLR0913  # typer makes an option of each parameter
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Whom to say it to, by name or id."),
    ],
    texts: saying.Texts = None,
    *,
    message: saying.Message = None,
    attach: saying.Attach = None,
    type_: saying.Type = None,
    room: saying.Room = None,
    ttl: saying.Ttl = None,
    await_recipient: Annotated[
        bool,
        typer.Option(
            "--await", help="Hold it also while nobody of that name is there."
        ),
    ] = False,
    wait: saying.Wait = None,
    key: saying.OnceKey = None,
    ref: saying.Ref = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say something to somebody in a room, once.

    If the answer is lost it is asked again, under one Idempotency-Key.

    It ends with 0 if the message was sent or is queued, and else with 1.
    """
    said = {
        "to": name,
        "type": type_,
        "room": room,
        "ttl": ttl,
        "await_recipient": await_recipient or None,
        "ref": ref,
        **inputs.content(texts, message, attach),
    }
    body = {name: value for name, value in said.items() if value is not None}
    way = saying.Saying("send", saying.idempotency_key(key), wait)
    with calling("send", url, api_key) as gateway:
        answer = way.say(gateway, "send", body)
    saying.finish("send", answer, as_json=as_json)
