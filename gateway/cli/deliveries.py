"""`gateway deliveries`: what a running gateway owes to webhooks, and its fate."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from gateway.cli import moments, tables
from gateway.cli.calling import (
    DEFAULT_URL,
    FAILED,
    Answer,
    AsJson,
    Gateway,
    Key,
    Refused,
    Url,
    calling,
    complain,
    delivery_id,
    webhook_id,
    words,
)

COLUMNS: Final = (
    *("id", "status", "event", "attempts", "last", "reason"),
    *("webhook", "created", "next"),
)
PAGE: Final = 200  # The largest that the gateway gives.
ITS_OWN: Final = (404, 409)  # HTTP statuses that say nothing of other deliveries

deliveries = typer.Typer(
    name="deliveries",
    help="See what is owed to webhooks, and send it again.",
    no_args_is_help=True,
)


def _joined(given: str | None) -> str | None:
    return None if given is None else ",".join(words(given) or ())


def _webhook_ids(given: str) -> str:
    return ",".join(map(webhook_id, words(given) or ()))


Since = Annotated[
    str | None,
    typer.Option(
        parser=moments.moment, metavar=moments.METAVAR, help="Made then or later."
    ),
]


@deliveries.command("list")
def listed(  # noqa: PLR0913  # typer makes an option of each parameter
    *,
    status: Annotated[
        str | None, typer.Option(help="Such as dead,held; comma-separated.")
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            parser=_webhook_ids,
            metavar="WEBHOOK",
            help="Ids or names, comma-separated.",
        ),
    ] = None,
    events: Annotated[
        str | None, typer.Option(help="Such as message.*; comma-separated.")
    ] = None,
    since: Since = None,
    until: Annotated[
        str | None,
        typer.Option(
            parser=moments.moment, metavar=moments.METAVAR, help="Made before then."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them, whatever the limit.")
    ] = False,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first; --json prints one page of the answer a line."""
    query = {
        "status": _joined(status),
        "webhook": webhook,
        "events": _joined(events),
        "since": since,
        "until": until,
    }
    left = None
    with calling("deliveries list", url, api_key) as gateway:
        for page in pages(gateway, query, None if everything else limit):
            left = page.value.get("next_cursor")
            if as_json:
                typer.echo(page.raw)
            else:
                tables.show(COLUMNS, map(_row, _found(page)))
    if left is not None and not as_json:
        typer.echo("There are more: say --all, or a larger --limit.", err=True)


@deliveries.command()
def retry(
    ids: Annotated[
        list[str] | None,
        typer.Argument(parser=delivery_id, metavar="ID...", help="Of deliveries."),
    ] = None,
    *,
    all_dead: Annotated[
        str | None,
        typer.Option(
            parser=webhook_id,
            metavar="WEBHOOK",
            help="Every dead delivery of this webhook in place of ids.",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send deliveries again, each with its whole schedule before it."""
    if bool(ids) == (all_dead is not None):
        detail = "Give ids of deliveries, or --all-dead and a webhook."
        raise typer.BadParameter(detail, param_hint="ID...")
    failures = 0
    with calling("deliveries retry", url, api_key) as gateway:
        for each in ids or _dead(gateway, all_dead or ""):
            try:
                answer = gateway.post("deliveries", each, "retry")
            except Refused as error:
                if error.status not in ITS_OWN:
                    raise
                complain(f"deliveries retry {each}", str(error))
                failures += 1
                continue
            status = tables.cell(answer.value.get("status"))
            typer.echo(answer.raw if as_json else f"{each}\t{status}")
    if failures:
        raise typer.Exit(FAILED)


def pages(
    gateway: Gateway, query: dict[str, str | None], limit: int | None
) -> Iterator[Answer]:
    """Yield the pages of a list of deliveries until it ends or `limit` are given."""
    cursor: str | None = None
    while limit is None or limit > 0:
        size = PAGE if limit is None else min(PAGE, limit)
        page = gateway.get("deliveries", **query, limit=str(size), cursor=cursor)
        yield page
        following = page.value.get("next_cursor")
        if not isinstance(following, str) or following == cursor:
            return
        cursor = following
        limit = None if limit is None else limit - len(_found(page))


def _dead(gateway: Gateway, webhook: str) -> Iterator[str]:
    for page in pages(gateway, {"status": "dead", "webhook": webhook}, None):
        yield from (str(each.get("id")) for each in _found(page))


def _found(page: Answer) -> Sequence[dict[str, object]]:
    found = page.value.get("deliveries")
    return [
        each
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict)
    ]


def _row(delivery: dict[str, object]) -> tuple[object, ...]:
    last = delivery.get("last_attempt")
    attempt = last if isinstance(last, dict) else {}
    return (
        delivery.get("id"),
        delivery.get("status"),
        delivery.get("event"),
        delivery.get("attempt_count"),
        attempt.get("status") or attempt.get("error_class"),
        delivery.get("reason"),
        delivery.get("webhook_id"),
        delivery.get("created_at"),
        delivery.get("next_attempt_at"),
    )
