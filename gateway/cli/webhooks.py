"""`gateway webhooks`: the webhooks of a running gateway."""

import json
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import moments, tables
from gateway.cli.calling import (
    DEFAULT_URL,
    FAILED,
    AsJson,
    Key,
    Url,
    calling,
    printable,
    webhook_id,
    words,
)

COLUMNS: Final = ("id", "url", "events", "state", "description")
STDIN: Final = "-"
RELEASES: Final = ("all", "none")

webhooks = typer.Typer(
    name="webhooks",
    help="See, make, try and switch the webhooks of a running gateway.",
    no_args_is_help=True,
)

Webhook = Annotated[
    str,
    typer.Argument(
        parser=webhook_id,
        metavar="WEBHOOK",
        help="Its id, or the name of one that the configuration gives.",
    ),
]


def _release(given: str) -> str:
    return given if given in RELEASES else moments.moment(given)


@webhooks.command("list")
def listed(
    *, url: Url = DEFAULT_URL, api_key: Key = None, as_json: AsJson = False
) -> None:
    """List the webhooks: id, URL, events, state and description."""
    with calling("webhooks list", url, api_key) as gateway:
        answer = gateway.get("webhooks")
    if as_json:
        typer.echo(answer.raw)
        return
    found = answer.value.get("webhooks")
    tables.show(COLUMNS, map(_row, found if isinstance(found, list) else ()))


@webhooks.command()
def add(  # noqa: PLR0913  # typer makes an option of each parameter
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Where events are POSTed to.")
    ],
    *,
    events: Annotated[
        str | None,
        typer.Option(help="Events, comma-separated: message.received, room.*, *"),
    ] = None,
    rooms: Annotated[
        str | None, typer.Option(help="Only of these rooms, comma-separated.")
    ] = None,
    types: Annotated[
        str | None, typer.Option(help="Only messages of these types, comma-separated.")
    ] = None,
    senders: Annotated[
        str | None,
        typer.Option("--from", help="Only messages from these names, comma-separated."),
    ] = None,
    filter_: Annotated[
        str | None,
        typer.Option("--filter", help="Only events for which this JMESPath holds."),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="envelope, flat or cloudevents.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="A further header; @FILE or @- reads one from each line.",
        ),
    ] = None,
    secret_stdin: Annotated[
        bool,
        typer.Option("--secret-stdin", help="Read the whsec_… secret from stdin."),
    ] = False,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    body: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="Its further members, such as '{\"replies\":true}'; @FILE or @- reads"
            " them.",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Have events delivered to an address; its id and its secret are printed."""
    secret = sys.stdin.readline().strip() if secret_stdin else None
    lists = {"events": events, "rooms": rooms, "types": types, "from": senders}
    asked = {
        "url": target,
        **{name: words(given) for name, given in lists.items()},
        "filter": filter_,
        "format": format_,
        "headers": headers_of(header or ()),
        "secret": secret,
        "description": description,
    }
    said = {name: value for name, value in asked.items() if value is not None}
    wanted = {**said, **members_of(body, said.keys())}
    with calling("webhooks add", url, api_key) as gateway:
        answer = gateway.post("webhooks", body=wanted)
    if as_json:
        typer.echo(answer.raw)
        return
    typer.echo(f"id      {tables.cell(answer.value.get('id'))}")
    if "secret" not in wanted:
        typer.echo(f"secret  {tables.cell(answer.value.get('secret'))}")
        typer.echo("Keep the secret: it is not shown again.", err=True)


@webhooks.command("test")
def tried(
    webhook: Webhook,
    *,
    event: Annotated[
        str | None,
        typer.Option(help="The sample's type; the first that the webhook wants."),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send a sample event now; exit 1 if it is not taken with 2xx."""
    body = {} if event is None else {"event": event}
    with calling("webhooks test", url, api_key) as gateway:
        answer = gateway.post("webhooks", webhook, "test", body=body)
    result = answer.value
    if as_json:
        typer.echo(answer.raw)
    else:
        told = [
            "ok" if result.get("ok") is True else "failed",
            *("status", str(result.get("status") or "none")),
            f"{result.get('duration_ms')} ms",
            *(
                str(result[name])
                for name in ("error_class", "detail")
                if result.get(name)
            ),
        ]
        typer.echo(printable("  ".join(told)))
    if result.get("ok") is not True:
        raise typer.Exit(FAILED)


@webhooks.command()
def enable(
    webhook: Webhook,
    *,
    release: Annotated[
        str | None,
        typer.Option(
            parser=_release,
            metavar=f"all|none|{moments.METAVAR}",
            help="Which held deliveries to send, those since then; others are dropped.",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Let a webhook get events again, and what was held for it."""
    body = {} if release is None else {"release": release}
    with calling("webhooks enable", url, api_key) as gateway:
        answer = gateway.post("webhooks", webhook, "enable", body=body)
    typer.echo(answer.raw if as_json else f"{webhook} is enabled")


@webhooks.command()
def disable(
    webhook: Webhook,
    *,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send a webhook nothing more; what is owed to it is held."""
    with calling("webhooks disable", url, api_key) as gateway:
        answer = gateway.post("webhooks", webhook, "disable")
    typer.echo(answer.raw if as_json else f"{webhook} is disabled")


def headers_of(given: Iterable[str]) -> dict[str, str] | None:
    """Return headers given as `NAME: VALUE`, or as `@FILE` that has one on each line.

    Raises:
        typer.BadParameter: One is no header, or the file cannot be read.
    """
    found: dict[str, str] = {}
    for line in _lines(given):
        name, colon, value = line.partition(":")
        if (
            not colon
            or not name.strip()
            or name.strip().lower() in map(str.lower, found)
        ):
            # What was given may be a secret: it is not said again.
            detail = "give each header once, as 'NAME: VALUE'."
            raise typer.BadParameter(detail, param_hint="--header")
        found[name.strip()] = value.strip()
    return found or None


def members_of(given: str | None, taken: Collection[str]) -> Mapping[str, object]:
    """Return members of a webhook given as a JSON object, or as `@FILE` that has one.

    Args:
        given: The JSON; `None` for no members.
        taken: Those that other options say.

    Raises:
        typer.BadParameter: It is no object, or one is `taken`; no file can be read.
    """
    if given is None:
        return {}
    text = _read(given[1:], "--body") if given.startswith("@") else given
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        # What was given may have a secret in it: it is not said again.
        detail = "give a JSON object, such as '{\"replies\":true}'."
        raise typer.BadParameter(detail, param_hint="--body")
    for name in members:
        if name in taken:
            detail = f"{name} is said by another option already."
            raise typer.BadParameter(detail, param_hint="--body")
    return members


def _read(name: str, option: str) -> str:
    try:
        if name == STDIN:
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        detail = f"{name} cannot be read."
        raise typer.BadParameter(detail, param_hint=option) from error


def _lines(given: Iterable[str]) -> Iterable[str]:
    for each in given:
        if not each.startswith("@"):
            yield each
            continue
        text = _read(each[1:], "--header")
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            detail = f"{each[1:]} has no header in it."
            raise typer.BadParameter(detail, param_hint="--header")
        yield from lines


def _row(webhook: object) -> tuple[object, ...]:
    if not isinstance(webhook, dict):
        return ()
    state = "active" if webhook.get("active") else webhook.get("disabled_reason")
    return (
        webhook.get("id"),
        webhook.get("url"),
        webhook.get("events"),
        state or "inactive",
        webhook.get("description"),
    )
