"""`gateway replay`: have a running gateway deliver events of the past again."""

import sys
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli import moments
from gateway.cli.calling import (
    DEFAULT_URL,
    FAILED,
    Answer,
    AsJson,
    Gateway,
    Key,
    Refused,
    Unanswered,
    Url,
    calling,
    printable,
    replay_id,
    webhook_id,
    words,
)

if TYPE_CHECKING:
    from rich.progress import Progress

INTERRUPTED: Final = 130  # exit status, as shells have it for Ctrl-C
SERVICE_UNAVAILABLE: Final = 503
ENDS: Final = frozenset({"done", "cancelled"})
TRIED: Final = ("delivered", "retrying", "dead", "cancelled")
OTHERS: Final = ("retrying", "dead", "held", "cancelled")
GLANCE_S: Final = 0.5  # Between two looks.
# Looks in a row without an answer: a gateway that is started anew takes up its replays.
PATIENCE: Final = 120


class Only(StrEnum):
    """Which events of the time are replayed."""

    FAILED = "failed"
    MISSING = "missing"
    ALL = "all"


def replay(  # noqa: PLR0913  # typer makes an option of each parameter
    webhook: Annotated[
        str | None,
        typer.Argument(
            parser=webhook_id,
            metavar="WEBHOOK",
            help="Whose events: its id, or its name if the configuration gives it.",
        ),
    ] = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            parser=moments.moment,
            metavar=moments.METAVAR,
            help="Events of then and later: 30m, 2h, 7d or 2026-01-31T12:00:00Z.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            parser=moments.moment,
            metavar=moments.METAVAR,
            help="Events before then; until now if not given.",
        ),
    ] = None,
    events: Annotated[
        str | None, typer.Option(help="Only such as message.*; comma-separated.")
    ] = None,
    only: Annotated[
        Only | None,
        typer.Option(help="Those given up, those it has not got, or all."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            parser=webhook_id,
            metavar="WEBHOOK",
            help="Deliver them to this webhook in its stead.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many there are, and do no more.")
    ] = False,
    follow: Annotated[
        str | None,
        typer.Option(
            parser=replay_id, metavar="REPLAY", help="Look at one that runs already."
        ),
    ] = None,
    cancel: Annotated[
        str | None,
        typer.Option(parser=replay_id, metavar="REPLAY", help="End one that runs."),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Deliver events of the past again, and follow how far it has come.

    Ctrl-C ends the looking, not the replay.
    """
    asked = {
        "since": since,
        "until": until,
        "events": words(events),
        "only": only,
        "to": to,
    }
    body: dict[str, object] = {k: v for k, v in asked.items() if v is not None}
    _check(webhook, body, follow=follow, cancel=cancel, dry_run=dry_run)
    with calling("replay", url, api_key) as gateway:
        if cancel is not None:
            answer = gateway.delete("replays", cancel)
        elif webhook is None:
            answer = followed(gateway, follow or "")
        elif dry_run:
            body["dry_run"] = True
            answer = gateway.post("webhooks", webhook, "replay", body=body)
        else:
            begun = gateway.post("webhooks", webhook, "replay", body=body)
            answer = followed(gateway, str(begun.value.get("id")))
    typer.echo(answer.raw if as_json else outcome(answer.value))
    if cancel is None and answer.value.get("state") == "cancelled":
        raise typer.Exit(FAILED)


def pause(seconds: float) -> None:
    """Wait; Ctrl-C ends it."""
    threading.Event().wait(seconds)


def followed(
    gateway: Gateway, replay: str, *, wait: Callable[[float], None] = pause
) -> Answer:
    """Show how far a replay has come until it ends; return what it was then.

    Args:
        gateway: Where it runs.
        replay: Its id.
        wait: Waits so many seconds.

    Raises:
        typer.Exit: Ctrl-C was pressed; it was said how to look again.
        Unanswered: The gateway stayed away.
        Refused: There is no such replay.
    """
    try:
        with _progress() as progress:
            task = progress.add_task(replay, total=None, told="")
            answer = gateway.get("replays", replay)
            while True:
                done, total, told = standing(answer.value)
                progress.update(task, completed=done, total=total, told=told)
                if answer.value.get("state") in ENDS:
                    return answer
                answer = _looked_again(gateway, replay, wait)
    except (KeyboardInterrupt, Unanswered) as error:
        typer.echo(
            f"The replay {replay} goes on without us.\n"
            f"  To look again: gateway replay --follow {replay}\n"
            f"  To end it:     gateway replay --cancel {replay}",
            err=True,
        )
        if isinstance(error, Unanswered):
            raise
        raise typer.Exit(INTERRUPTED) from error


def standing(replay: Mapping[str, object]) -> tuple[int, int | None, str]:
    """Return how many deliveries were tried, of how many, and how they fare."""
    matched = _count(replay, "matched")
    told = [f"{_count(replay, 'delivered')} delivered"]
    told += [f"{count} {name}" for name in OTHERS if (count := _count(replay, name))]
    tried = sum(_count(replay, name) for name in TRIED)
    return tried, matched or None, ", ".join(told)


def outcome(replay: Mapping[str, object]) -> str:
    """Say in a sentence what a replay is, or would be."""
    matched = _count(replay, "matched")
    if replay.get("id") is None:
        return f"Events that would be delivered again: {matched}."
    _, _, told = standing(replay)
    text = f"{replay.get('id')} {replay.get('state')}: {told}, of {matched}."
    return printable(text)


def _check(
    webhook: str | None,
    body: Mapping[str, object],
    *,
    follow: str | None,
    cancel: str | None,
    dry_run: bool,
) -> None:
    if sum(given is not None for given in (webhook, follow, cancel)) != 1:
        detail = "Give a webhook, or --follow and a replay, or --cancel and a replay."
        raise typer.BadParameter(detail, param_hint="WEBHOOK")
    if webhook is None and (body or dry_run):
        detail = "Give what to replay together with a webhook only."
        raise typer.BadParameter(detail, param_hint="WEBHOOK")
    if webhook is not None and "since" not in body:
        detail = "Say from when on, such as --since 2h."
        raise typer.BadParameter(detail, param_hint="--since")


def _looked_again(
    gateway: Gateway, replay: str, wait: Callable[[float], None]
) -> Answer:
    """Wait and GET a replay; a gateway that is away for a while may be starting."""
    for _ in range(PATIENCE - 1):
        wait(GLANCE_S)
        try:
            return gateway.get("replays", replay)
        except Unanswered:
            continue
        except Refused as error:
            if error.status != SERVICE_UNAVAILABLE:
                raise
    return gateway.get("replays", replay)


def _progress() -> "Progress":
    """Return a progress bar on stderr, which shows nothing if that is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.progress import (  # noqa: PLC0415 - not for --help
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _count(replay: Mapping[str, object], name: str) -> int:
    value = replay.get(name)
    return value if isinstance(value, int) else 0
