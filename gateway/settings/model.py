"""Every setting, with its default and what it is for."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from gateway.settings.kinds import (
    BaseUrl,
    Duration,
    Origins,
    Proxy,
    Secrets,
    Words,
    json_list,
)

_LEAST_KEY_CHARACTERS: Final = 8
_USER_INFO: Final = re.compile(r"://[^/@]+@")


class Settings(BaseSettings):
    """Everything that can be configured, by the name of its environment variable."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load` gathered, and nothing behind its back."""
        return (init_settings,)

    # The room
    meshagent_room_url: str | None = Field(
        None, description="Base of the room's WebSocket, e.g. ws://127.0.0.1:8700"
    )
    meshagent_api_url: str = Field(
        "https://api.meshagent.com",
        description="MeshAgent's API, if no room URL is set",
    )
    meshagent_room: str | None = Field(None, description="Name of the room to join")
    meshagent_token: SecretStr | None = Field(None, description="A participant token")
    meshagent_token_file: Path | None = Field(
        None, description="File with a participant token, read again at each join"
    )
    meshagent_api_key: SecretStr | None = Field(
        None, description="An API key (ma-…): tokens are minted from it at each join"
    )
    meshagent_project_id: str | None = Field(
        None, description="Project of the room; the API key tells it as well"
    )
    meshagent_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="When set it is the port, and the host is 0.0.0.0",
    )
    gateway_participant_name: str = Field(
        "gateway", min_length=1, description="Our name in the room, with an API key"
    )
    gateway_participant_role: str = Field(
        "agent", min_length=1, description="Our role in the room, with an API key"
    )
    gateway_room_proxy: Proxy | None = Field(
        None, description="Proxy for the room's WebSocket, e.g. http://proxy:3128"
    )

    # Listening
    gateway_host: str = Field("127.0.0.1", description="Address to listen on")
    gateway_port: int = Field(8080, ge=0, le=65_535, description="Port to listen on")
    gateway_public_url: BaseUrl | None = Field(
        None, description="Base of every absolute link; the listening address if unset"
    )
    gateway_docs: Literal["public", "key", "off"] = Field(
        "public", description="Who may read /docs and /openapi.json"
    )

    # Who may call
    gateway_auth: Literal["key", "none"] = Field(
        "key", description="`none` only when listening on loopback"
    )
    gateway_api_keys: Secrets = Field(
        (), description="Comma-separated keys; unset: one is minted into the data dir"
    )
    gateway_cors_origins: Origins = Field(
        (), description="Browser origins that may call, comma-separated"
    )
    gateway_allowed_hosts: Words = Field(
        (), description="Further Host names answered to without keys"
    )

    # Store
    gateway_data_dir: Path = Field(
        Path("data"), description="SQLite file and minted keys; made with mode 0700"
    )
    gateway_database_url: SecretStr | None = Field(
        None, description="postgresql://… instead of the SQLite file"
    )
    gateway_master_keys: Secrets = Field(
        (), description="id:base64 keys that seal secrets; unset with SQLite: minted"
    )
    gateway_lock_wait: Duration = Field(
        timedelta(seconds=30),
        description="How long to wait for another gateway to stop",
    )
    gateway_retention_messages: Duration = Field(
        timedelta(days=7), description="How long messages, events and attempts are kept"
    )
    gateway_retention_bytes: int = Field(
        1024**3, ge=1024**2, description="How much of them is kept, whichever is first"
    )
    gateway_retention_dead: Duration = Field(
        timedelta(days=30), description="How long dead and held deliveries are kept"
    )
    gateway_store_payloads: Literal["full", "until_delivered"] = Field(
        "full",
        description="full keeps what messages say for its time; "
        "until_delivered erases it once delivered",
    )

    # Sending
    gateway_default_ttl: Duration = Field(
        timedelta(seconds=300),
        le=timedelta(days=1),
        description="How long a message waits for the room",
    )
    gateway_dispatch_window: int = Field(
        64, ge=1, le=10_000, description="Unacknowledged writes to a room at a time"
    )
    gateway_outbox_messages: int = Field(
        10_000, ge=1, description="Messages held per room before 503 queue_full"
    )
    gateway_outbox_bytes: int = Field(
        64 * 1024**2, ge=1024, description="Bytes held per room before 503 queue_full"
    )
    gateway_max_body_bytes: int = Field(
        10 * 1024**2, ge=1024, description="Largest request body"
    )
    gateway_max_message_bytes: int = Field(
        256 * 1024, ge=1024, description="Largest message object, as JSON"
    )
    gateway_max_attachment_bytes: int = Field(
        5 * 1024**2, ge=0, description="Largest attachment, decoded"
    )

    # Reading
    gateway_streams_per_key: int = Field(
        50, ge=1, le=100_000, description="Streams and waiting polls at a time per key"
    )

    # Webhooks
    gateway_webhooks: Annotated[tuple[Mapping[str, object], ...], NoDecode] = Field(
        (),
        description="JSON list of webhook bodies, each with name, url and secret",
        repr=False,
    )
    gateway_egress_allow_cidrs: Words = Field(
        (), description="Private networks that webhooks may go to"
    )
    gateway_egress_deny_cidrs: Words = Field(
        (), description="Further networks that webhooks may not go to"
    )
    gateway_egress_allow_ports: str = Field(
        "80,443,8080,8443", description="Ports webhooks may go to: numbers and ranges"
    )
    gateway_egress_allow_hosts: Words = Field(
        (), description="host:port pairs that may be private and plain http"
    )
    gateway_egress_require_https: bool = Field(
        default=True, description="Refuse webhooks without TLS"
    )

    # Running
    gateway_log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of a log line"
    )
    gateway_log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is console on a terminal, else JSON"
    )
    gateway_shutdown_timeout: Duration = Field(
        timedelta(seconds=8), description="How long a stop may take to drain"
    )
    gateway_emulator_port: int = Field(
        8700, ge=0, le=65_535, description="Port of the emulated room server"
    )

    @field_validator("gateway_webhooks", mode="before")
    @classmethod
    def _webhooks(cls, value: object) -> object:
        return json_list(value) if isinstance(value, str) else value

    @field_validator("gateway_api_keys")
    @classmethod
    def _long_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in keys:
            text = key.get_secret_value()
            if (
                len(text) < _LEAST_KEY_CHARACTERS
                or not text.isascii()
                or not text.isprintable()
            ):
                message = (
                    f"each key should be at least {_LEAST_KEY_CHARACTERS} "
                    "printable ASCII characters"
                )
                raise ValueError(message)
        return keys

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.meshagent_port is not None:
            object.__setattr__(self, "gateway_port", self.meshagent_port)
            object.__setattr__(self, "gateway_host", "0.0.0.0")  # noqa: S104  # as MeshAgent asks of its services
        if self.gateway_auth == "none" and not is_loopback(self.gateway_host):
            message = (
                "GATEWAY_AUTH=none publishes the room to whoever reaches "
                f"{self.gateway_host}: listen on 127.0.0.1, or set GATEWAY_API_KEYS"
            )
            raise ValueError(message)
        if self.gateway_database_url is not None and not self.is_sqlite:
            missing = [
                name
                for name, value in (
                    ("GATEWAY_MASTER_KEYS", self.gateway_master_keys),
                    ("GATEWAY_API_KEYS", self.gateway_api_keys),
                )
                if not value
            ]
            if missing:
                message = f"GATEWAY_DATABASE_URL needs {' and '.join(missing)} as well"
                raise ValueError(message)
        return self

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file of ours."""
        url = self.gateway_database_url
        return url is None or url.get_secret_value().startswith("sqlite")

    def joining(self, room: str, *, url: str, api_key: str) -> Self:
        """Return the same settings for another room."""
        return self.model_copy(
            update={
                "meshagent_room": room,
                "meshagent_room_url": url,
                "meshagent_api_key": SecretStr(api_key),
                "meshagent_token": None,
                "meshagent_token_file": None,
                "gateway_room_proxy": None,
            }
        )

    def shown(self) -> Mapping[str, str]:
        """Return each variable with its value; of a secret, only whether it is set."""
        return {
            name.upper(): ("(set)" if value else "")
            if is_secret(name)
            else _text(value)
            for name, value in self
        }


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reachable from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def names() -> Mapping[str, str]:
    """Return each environment variable with what it is for."""
    return {
        name.upper(): field.description or ""
        for name, field in Settings.model_fields.items()
    }


def is_secret(name: str) -> bool:
    """Whether a variable's value must not be shown."""
    annotation = str(Settings.model_fields[name.lower()].annotation)
    return "SecretStr" in annotation or name.upper() == "GATEWAY_WEBHOOKS"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, tuple):
        return ",".join(str(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return _USER_INFO.sub("://(set)@", str(value))
