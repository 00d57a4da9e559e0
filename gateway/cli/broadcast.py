"""`gateway broadcast`: say something to everybody in a room."""

from gateway.cli import inputs, saying
from gateway.cli.calling import DEFAULT_URL, AsJson, Key, Url, calling


def broadcast(  # noqa: PLR0913  # typer makes an option of each parameter
    texts: saying.Texts = None,
    *,
    message: saying.Message = None,
    attach: saying.Attach = None,
    type_: saying.Type = None,
    room: saying.Room = None,
    ttl: saying.Ttl = None,
    wait: saying.Wait = None,
    key: saying.OnceKey = None,
    ref: saying.Ref = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say something to everybody in a room, once, as `gateway send` does."""
    said = {
        "type": type_,
        "room": room,
        "ttl": ttl,
        "ref": ref,
        **inputs.content(texts, message, attach),
    }
    body = {name: value for name, value in said.items() if value is not None}
    way = saying.Saying("broadcast", saying.idempotency_key(key), wait)
    with calling("broadcast", url, api_key) as gateway:
        answer = way.say(gateway, "broadcast", body)
    saying.finish("broadcast", answer, as_json=as_json)
