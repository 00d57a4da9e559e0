"""`gateway openapi`: describe the HTTP API, or compare a file with it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

DIFFERENT = 1  # exit status
_INERT: Any = None  # Stands for use cases that describing an API never calls.


def openapi(
    check: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this file instead of printing; exit 1 if it differs."
        ),
    ] = None,
) -> None:
    """Print the OpenAPI description of the HTTP API, or check a file for it."""
    text = description()
    if check is None:
        typer.echo(text, nl=False)
        return
    kept = check.read_text(encoding="utf-8") if check.is_file() else ""
    if kept != text:
        typer.echo(
            f"gateway openapi: {check} is not what the gateway says;"
            f" write it with: gateway openapi > {check}",
            err=True,
        )
        raise typer.Exit(DIFFERENT)


def description() -> str:
    """Return the OpenAPI document as indented JSON text, ending in a newline."""
    # Imported here: other commands need no web framework.
    import asyncio  # noqa: PLC0415

    from gateway import __version__  # noqa: PLC0415
    from gateway.api import (  # noqa: PLC0415
        deliveries,
        events,
        ingest,
        polling,
        replays,
        samples,
        sources,
        tracing,
        webhooks,
    )
    from gateway.api.description import describe  # noqa: PLC0415
    from gateway.api.service import create_framework  # noqa: PLC0415
    from gateway.api.services import Services  # noqa: PLC0415

    services = Services(
        sending=_INERT,
        reading=_INERT,
        controls=_INERT,
        clock=_INERT,
        meter=_INERT,
        ids=_INERT,
        version=__version__,
        public_url="",
        is_writable=_INERT,
        verify_link=_INERT,
        verify_reply=_INERT,
        instance="",
        draining=asyncio.Event(),
        keys=None,
        routers=(
            webhooks.router(_INERT, _INERT),
            deliveries.router(_INERT, _INERT),
            replays.router(_INERT),
            sources.router(_INERT, ""),
            ingest.router(ingest.Ingest(_INERT)),
            events.router(_INERT, _INERT, _INERT),
            polling.router(_INERT, _INERT),
            samples.router(_INERT, _INERT, ids=_INERT, clock=_INERT),
            tracing.router(_INERT),
        ),
    )
    document = describe(create_framework(services))
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
