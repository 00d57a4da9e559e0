"""Gathering the settings: the environment, `.env`, and files that hold secrets."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from gateway.settings.kinds import json_list
from gateway.settings.model import Settings, is_secret, names

_FILE_SUFFIX: Final = "_FILE"
_UTF_8: Final = "utf-8-sig"  # Some editors put a mark at the beginning.
_WEBHOOKS: Final = "GATEWAY_WEBHOOKS"  # What its file lists is added to it.
# Read by the commands that speak to a running gateway, not by the gateway itself; or
# given by one of them, `gateway tail --exec`, to what it runs.
_NOT_OURS: Final = frozenset(
    {
        *("GATEWAY_URL", "GATEWAY_API_KEY"),
        *("GATEWAY_ATTEMPT", "GATEWAY_CURSOR", "GATEWAY_MESSAGE_ID"),
        *("GATEWAY_EVENT_ID", "GATEWAY_EVENT_ROOM", "GATEWAY_EVENT_TYPE"),
    }
)


class BadSettings(Exception):
    """The configuration makes no sense; the message is one sentence for a person."""


def load(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = Path(".env"),
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> Settings:
    """Read the configuration.

    Args:
        environ: The environment; the process's own if `None`.
        defaults: Values of variables that are set nowhere else.
        env_file: File of further variables; those of the environment go first.

    Raises:
        BadSettings: It makes no sense; the operator's to mend.
    """
    given = _upper(EnvSettingsSource(Settings).env_vars if environ is None else environ)
    if env_file is not None and env_file.is_file():
        given = _from_env_file(env_file) | given
    given = {**defaults, **given}
    _refuse_unknown(given)
    values = {name: given[name] for name in names() if name in given}
    files = _from_files(given)
    further = files.pop(_WEBHOOKS, None)
    for name, text in files.items():
        if name in values:
            message = f"{name} and {name}{_FILE_SUFFIX} are both set; keep one."
            raise BadSettings(message)
        values[name] = text
    try:
        found = Settings(**{k.lower(): v for k, v in values.items()})  # type: ignore[arg-type]  # text until validated
    except ValidationError as error:
        raise BadSettings(_sentence(error)) from error
    webhooks = [*_with_secrets(found.gateway_webhooks, _WEBHOOKS), *_declared(further)]
    return found.model_copy(update={"gateway_webhooks": tuple(webhooks)})


def _upper(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {name.upper(): value for name, value in variables.items() if value}


def _from_env_file(path: Path) -> dict[str, str]:
    try:
        return _upper(DotEnvSettingsSource(Settings, env_file=path).env_vars)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise BadSettings(message) from error


def secret_files() -> Mapping[str, str]:
    """Return, for each `…_FILE` variable that may be set, whose value it carries."""
    return {
        name + _FILE_SUFFIX: name
        for name in names()
        # MESHAGENT_TOKEN_FILE is a setting of its own: read again at each join.
        if is_secret(name) and name + _FILE_SUFFIX not in names()
    }


def _from_files(given: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable, name in secret_files().items():
        if variable not in given:
            continue
        try:
            found[name] = Path(given[variable]).read_text(_UTF_8).strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"{variable} cannot be read: {error}."
            raise BadSettings(message) from error
    return found


def _declared(text: str | None) -> Iterator[Mapping[str, object]]:
    """Yield the webhooks that the file of webhooks lists, if there is one."""
    if text is None:
        return
    variable = _WEBHOOKS + _FILE_SUFFIX
    try:
        entries = json_list(text)
    except ValueError as error:
        message = f"{variable} {error}."
        raise BadSettings(message) from error
    yield from _with_secrets(entries, variable)


def _with_secrets(
    entries: Iterable[Mapping[str, object]], variable: str
) -> Iterator[Mapping[str, object]]:
    for index, entry in enumerate(entries):
        yield _with_secret(entry, f"{variable}: /{index}/secret_file")


def _with_secret(entry: Mapping[str, object], at: str) -> Mapping[str, object]:
    """Return a webhook of the configuration with the secret that its file holds."""
    if "secret_file" not in entry:
        return entry
    rest = {name: value for name, value in entry.items() if name != "secret_file"}
    if "secret" in rest:
        message = f"{at} and secret are both set; keep one."
        raise BadSettings(message)
    path = entry["secret_file"]
    if not isinstance(path, str):
        message = f"{at} should be the path of a file."
        raise BadSettings(message)
    try:
        secret = Path(path).read_text(_UTF_8).strip()
    except (OSError, ValueError) as error:
        message = f"{at} cannot be read: {error}."
        raise BadSettings(message) from error
    return {**rest, "secret": secret}


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = names().keys() | secret_files().keys() | _NOT_OURS
    for name in sorted(given):
        if name.startswith("GATEWAY_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            message = f"{name} is not a setting of the gateway.{hint}"
            raise BadSettings(message)


def _sentence(error: ValidationError) -> str:
    """Say the first thing that is wrong, without the value: it may be a secret."""
    first, *more = error.errors(include_input=False, include_url=False)
    text = first["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:] if first["loc"] else text
    name = str(first["loc"][0]).upper() + " " if first["loc"] else ""
    others = f" ({len(more)} more settings are wrong too.)" if more else ""
    return f"{name}{text}.{others}"
