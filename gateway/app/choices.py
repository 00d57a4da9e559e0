"""What the settings choose: room, credentials, keys, where webhooks may go."""

import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from gateway.bridge.ports import Meter
from gateway.delivery import declared
from gateway.domain.errors import GatewayError
from gateway.egress.guard import BadEgressSetting, EgressPolicy, check_url
from gateway.room import (
    ApiKey,
    Credentials,
    FixedToken,
    KeyCredentials,
    TokenFile,
    room_address,
)
from gateway.room.errors import BadRoomName, Unusable
from gateway.room.tokens import read_claims
from gateway.settings import BadSettings, Settings
from gateway.storage.errors import BadMasterKeys
from gateway.storage.sealing import parse_keys
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


def check_master_keys(settings: Settings) -> None:
    """Refuse master keys that cannot be read.

    Raises:
        BadSettings: One is of another form; no key is repeated.
    """
    try:
        parse_keys(store_options(settings).master_keys)
    except BadMasterKeys as error:
        raise BadSettings(str(error)) from error


def room_name(settings: Settings) -> str:
    """Return the name of the room to join."""
    if settings.meshagent_room is None:
        message = "MESHAGENT_ROOM is not set: name the room to join."
        raise BadSettings(message)
    return settings.meshagent_room


def room_url(settings: Settings) -> str:
    """Return where the room's WebSocket is."""
    room, base = room_name(settings), settings.meshagent_room_url
    try:
        return room_address(room, room_url=base, api_url=settings.meshagent_api_url)
    except BadRoomName as error:
        message = f"MESHAGENT_ROOM: {error}."
        raise BadSettings(message) from error
    except Unusable as error:
        name = "MESHAGENT_API_URL" if base is None else "MESHAGENT_ROOM_URL"
        message = f"{name}: {error}."
        raise BadSettings(message) from error


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
        return _fixed(token)
    message = (
        "No way into the room: set MESHAGENT_API_KEY, MESHAGENT_TOKEN or "
        "MESHAGENT_TOKEN_FILE."
    )
    raise BadSettings(message)


def has_token(settings: Settings) -> bool:
    """Whether a participant token is configured, in whichever way."""
    return not (settings.meshagent_token is None and not settings.meshagent_token_file)


def is_unspecified(address: tuple[str, int]) -> bool:
    """Whether an address is that of no machine, such as 0.0.0.0."""
    return ip_address(address[0].partition("%")[0]).is_unspecified


def mint_token(
    settings: Settings, *, room: str | None, name: str, role: str, lifetime: timedelta
) -> str:
    """Return a participant token signed with the configured API key."""
    if settings.meshagent_api_key is None:
        message = "MESHAGENT_API_KEY is not set: it signs the token."
        raise BadSettings(message)
    key = _api_key(settings.meshagent_api_key)
    wanted = room_name(settings) if room is None else room
    try:
        room_address(wanted)
    except Unusable as error:
        message = f"{error}."
        raise BadSettings(message) from error
    credentials = KeyCredentials(key, name, role, lifetime)
    return credentials.token(wanted, now=SystemClock().now())


def check_webhooks(settings: Settings, policy: EgressPolicy) -> None:
    """Refuse webhooks of the configuration that could not be declared.

    Raises:
        BadSettings: An entry breaks a rule; its place is named, as in `/0/url`.
    """
    try:
        declared.parse(settings.gateway_webhooks, lambda url: check_url(url, policy))
    except GatewayError as error:
        raise bad_webhooks(error) from error


def bad_webhooks(error: GatewayError) -> BadSettings:
    """Return what is wrong with the webhooks of the configuration, as a sentence."""
    places = "; ".join(f"{each.pointer}: {each.detail}" for each in error.errors)
    return BadSettings(f"GATEWAY_WEBHOOKS: {places or error.detail}")


def egress_policy(
    settings: Settings, *, own: Iterable[tuple[str, int]], development: bool
) -> EgressPolicy:
    """Return where webhooks may go.

    Args:
        settings: The rules, as configured.
        own: Our own listeners, to which none may.
        development: Whether they may go to this machine, and unless a setting says
            otherwise to every port and in plain HTTP.
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
        message = f"{error}."
        raise BadSettings(message) from error
    if development:
        policy = _eased(policy, settings.model_fields_set)
    return replace(policy, own=frozenset(own))


def _eased(policy: EgressPolicy, given: Collection[str]) -> EgressPolicy:
    """Return a policy for development; what is `given` of ports and TLS holds too."""
    eased = policy.for_development()
    if "gateway_egress_allow_ports" in given:
        eased = replace(eased, allow_ports=policy.allow_ports)
    if "gateway_egress_require_https" in given:
        eased = replace(eased, require_https=policy.require_https)
    return eased


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
    try:
        key = _kept(path) or _minted(path)
    except (OSError, UnicodeDecodeError) as error:
        message = f"The API key in {path} cannot be used: {error}."
        raise BadSettings(message) from error
    meter.info("api_key.minted", path=str(path))
    return (key,)


def _api_key(key: SecretStr) -> ApiKey:
    try:
        return ApiKey.parse(key.get_secret_value())
    except Unusable as error:
        message = f"MESHAGENT_API_KEY: {error}."
        raise BadSettings(message) from error


def _fixed(token: SecretStr) -> FixedToken:
    text = token.get_secret_value().strip()
    try:
        read_claims(text)
    except Unusable as error:
        message = f"MESHAGENT_TOKEN: {error}."
        raise BadSettings(message) from error
    return FixedToken(text)


def _kept(path: Path) -> str | None:
    """Return the key in a file; `None` if there is none, or none was written to it."""
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def _minted(path: Path) -> str:
    """Write a new key to a file, whole or not at all."""
    key = secrets.token_urlsafe(KEY_BYTES)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return key
