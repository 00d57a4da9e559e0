"""`gateway serve`: the gateway as a service, for the room that is configured."""


def serve() -> None:
    """Run the gateway; configure it by environment variables or `.env`."""
    from gateway import app, settings, telemetry  # noqa: PLC0415  # heavy
    from gateway.cli import serving  # noqa: PLC0415  # heavy

    async def main(found: settings.Settings) -> None:
        log = telemetry.configure(
            level=found.gateway_log_level, form=found.gateway_log_format
        )
        listener = serving.listen(found.gateway_host, found.gateway_port)
        address = listener.getsockname()[:2]
        await app.run(
            app.Surroundings(
                settings=found,
                telemetry=log,
                server=serving.UvicornServer(listener),
                address=address,
                stop=serving.stopped_by_signals(),
            )
        )
        serving.leave(log.flush)

    serving.run(main, settings.load)
