"""Sources as rows and back; the secrets by which they verify are sealed."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping

from gateway.domain.model import (
    Address,
    AddressKind,
    Algorithm,
    Encoding,
    Match,
    OwnResponse,
    Preset,
    Profile,
    Source,
    Verification,
)
from gateway.storage.rows import (
    dumps,
    maybe_micros,
    maybe_moment,
    micros,
    moment_of,
    span,
)
from gateway.storage.sealing import Sealer

PLAIN = (
    "name", "room", "type", "template", "filter", "dedup", "max_bytes", "active",
    "description",
)  # fmt: skip
CHOICES: Mapping[str, type[StrEnum]] = {"preset": Preset, "match": Match}

VERIFYING = ("header", "prefix", "timestamp_header")
VERIFYING_CHOICES: Mapping[str, type[StrEnum]] = {
    "profile": Profile,
    "algorithm": Algorithm,
    "encoding": Encoding,
}


def row_of_source(source: Source, sealer: Sealer) -> dict[str, object]:
    """Return a source as the values of its row."""
    secret = {"secrets": list(source.verify.secrets)}
    return {
        "id": source.id,
        "token_hash": source.token_hash,
        "created_at": micros(source.created_at),
        "updated_at": maybe_micros(source.updated_at),
        "deleted_at": maybe_micros(source.deleted_at),
        "key_id": source.key_id,
        "settings": dumps(_settings(source)),
        "sealed": sealer.seal(dumps(secret), place_of(source.id)),
    }


def source_of(row: RowMapping, sealer: Sealer) -> Source:
    """Return the source of a row."""
    secret = json.loads(sealer.open(row["sealed"], place_of(row["id"])))
    settings = json.loads(row["settings"])
    return Source(
        id=row["id"],
        token_hash=row["token_hash"],
        verify=_verification_of(settings["verify"], secret["secrets"]),
        created_at=moment_of(row["created_at"]),
        updated_at=maybe_moment(row["updated_at"]),
        deleted_at=maybe_moment(row["deleted_at"]),
        key_id=row["key_id"],
        **_settings_of(settings),
    )


def place_of(source_id: str) -> str:
    """Return the place that a source's secrets are sealed for: table and row."""
    return f"source:{source_id}"


def _settings(source: Source) -> dict[str, object]:
    settings: dict[str, object] = {name: getattr(source, name) for name in PLAIN}
    for name in CHOICES:
        settings[name] = getattr(source, name).value
    verify, response = source.verify, source.response
    verifying: dict[str, object] = {name: getattr(verify, name) for name in VERIFYING}
    for name in VERIFYING_CHOICES:
        verifying[name] = getattr(verify, name).value
    settings["verify"] = {**verifying, "tolerance": span(verify.tolerance)}
    settings["to"] = None if source.to is None else [_address(to) for to in source.to]
    settings["methods"] = list(source.methods)
    settings["ttl"] = span(source.ttl)
    settings["response"] = response and [
        response.status,
        response.body,
        response.content_type,
    ]
    return settings


def _address(to: Address) -> list[str | None]:
    return [to.kind.value, to.value, to.name, to.role]


def _settings_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the row does not have: it keeps the default of its time."""
    settings: dict[str, Any] = {name: stored[name] for name in PLAIN if name in stored}
    for name, choice in CHOICES.items():
        if name in stored:
            settings[name] = choice(stored[name])
    if stored.get("to") is not None:
        settings["to"] = tuple(
            Address(AddressKind(kind), *rest) for kind, *rest in stored["to"]
        )
    if "methods" in stored:
        settings["methods"] = tuple(stored["methods"])
    if "ttl" in stored:
        settings["ttl"] = timedelta(microseconds=stored["ttl"])
    if stored.get("response") is not None:
        settings["response"] = OwnResponse(*stored["response"])
    return settings


def _verification_of(stored: Mapping[str, Any], secrets: Sequence[str]) -> Verification:
    settings = {name: stored[name] for name in VERIFYING if name in stored}
    for name, choice in VERIFYING_CHOICES.items():
        if name in stored:
            settings[name] = choice(stored[name])
    if "tolerance" in stored:
        settings["tolerance"] = timedelta(microseconds=stored["tolerance"])
    return Verification(secrets=tuple(secrets), **settings)
