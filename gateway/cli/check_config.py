"""`gateway check-config`: whether the configuration makes sense, before it is used."""

import typer


def check_config() -> None:
    """Read the configuration as `gateway serve` would, and say what it means."""
    from gateway import settings  # noqa: PLC0415  # heavy
    from gateway.app import choices  # noqa: PLC0415  # heavy
    from gateway.cli import serving  # noqa: PLC0415  # heavy

    try:
        found = settings.load()
        choices.room_credentials(found)
        policy = choices.egress_policy(found, own=(), development=False)
        choices.check_webhooks(found, policy)
        choices.check_master_keys(found)
    except settings.BadSettings as error:
        serving.fail(str(error), serving.BAD_CONFIGURATION)
        return
    for name, value in found.shown().items():
        typer.echo(f"{name}={value}")
