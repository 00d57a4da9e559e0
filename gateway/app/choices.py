"""What the settings choose: room, credentials, keys, where webhooks may go."""

import os
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from gateway.bridge.ports import Meter
from gateway.egress.guard import BadEgressSetting, EgressPolicy
from gateway.room import (
    ApiKey,
    Credentials,
    FixedToken,
    KeyCredentials,
    TokenFile,
    room_address,
)
from gateway.room.errors import Unusable
from gateway.settings import BadSettings, Settings
from gateway.storage.store import StoreOptions
from gateway.system import SystemClock

KEY_BYTES: Final = 24


def store_options(settings: Settings) -> StoreOptions:
    """Return where the store is and how it is opened."""
    url = settings.gateway_database_url
    return StoreOptions(
        data_dir=settings.gateway_data_dir,
        url=None if url is None else url.get_secret_value(),
        lock_wait=settings.gateway_lock_wait,
        master_keys=[key.get_secret_value() for key in settings.gateway_master_keys],
    )


def room_name(settings: Settings) -> str:
    """Return the name of the room to join."""
    if settings.meshagent_room is None:
        message = "MESHAGENT_ROOM is not set: name the room to join."
        raise BadSettings(message)
    return settings.meshagent_room


def room_url(settings: Settings) -> str:
    """Return where the room's WebSocket is."""
    try:
        return room_address(
            room_name(settings),
            room_url=settings.meshagent_room_url,
            api_url=settings.meshagent_api_url,
        )
    except Unusable as error:
        raise BadSettings(str(error)) from error


def room_credentials(settings: Settings) -> Credentials:
    """Return what the room is joined with; an API key goes before a token."""
    key, token = settings.meshagent_api_key, settings.meshagent_token
    room_url(settings)
    if key is not None:
        return KeyCredentials(
            _api_key(key),
            settings.gateway_participant_name,
            settings.gateway_participant_role,
        )
    if settings.meshagent_token_file is not None:
        return TokenFile(settings.meshagent_token_file)
    if token is not None:
        return FixedToken(token.get_secret_value())
    message = (
        "No way into the room: set MESHAGENT_API_KEY, MESHAGENT_TOKEN or "
        "MESHAGENT_TOKEN_FILE."
    )
    raise BadSettings(message)


def mint_token(
    settings: Settings, *, room: str | None, name: str, role: str, lifetime: timedelta
) -> str:
    """Return a participant token signed with the configured API key."""
    if settings.meshagent_api_key is None:
        message = "MESHAGENT_API_KEY is not set: it signs the token."
        raise BadSettings(message)
    key = _api_key(settings.meshagent_api_key)
    credentials = KeyCredentials(key, name, role, lifetime)
    return credentials.token(room or room_name(settings), now=SystemClock().now())


def egress_policy(
    settings: Settings, *, own: Iterable[tuple[str, int]], development: bool
) -> EgressPolicy:
    """Return where webhooks may go.

    Args:
        settings: The rules, as configured.
        own: Our own listeners, to which none may.
        development: Whether they may go to this machine, in plain HTTP.
    """
    try:
        policy = EgressPolicy.parse(
            allow_cidrs=settings.gateway_egress_allow_cidrs,
            deny_cidrs=settings.gateway_egress_deny_cidrs,
            allow_ports=settings.gateway_egress_allow_ports,
            allow_hosts=settings.gateway_egress_allow_hosts,
            require_https=settings.gateway_egress_require_https,
        )
    except BadEgressSetting as error:
        raise BadSettings(str(error)) from error
    if development:
        policy = policy.for_development()
    return replace(policy, own=frozenset(own))


def api_keys(settings: Settings, meter: Meter) -> tuple[str, ...] | None:
    """Return the keys that may call; `None` for a gateway without keys.

    With none configured, one is minted into the data directory, and the log says
    where: never which.
    """
    if settings.gateway_auth == "none":
        return None
    given = tuple(key.get_secret_value() for key in settings.gateway_api_keys)
    if given:
        return given
    path = settings.gateway_data_dir / "api-key"
    if not path.exists():
        _write_secret(path, secrets.token_urlsafe(KEY_BYTES))
    meter.info("api_key.minted", path=str(path))
    return (path.read_text(encoding="utf-8").strip(),)


def _api_key(key: SecretStr) -> ApiKey:
    try:
        return ApiKey.parse(key.get_secret_value())
    except Unusable as error:
        message = f"MESHAGENT_API_KEY: {error}."
        raise BadSettings(message) from error


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
