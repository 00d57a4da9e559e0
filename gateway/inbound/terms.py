"""What one may ask of a source, and the words for it in JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from gateway.domain.errors import MalformedJson, Rejected
from gateway.domain.fields import Fields
from gateway.domain.filters import MAX_FILTER_CHARACTERS, BadFilter, compile_filter
from gateway.domain.identities import HEADER, check_dedup
from gateway.domain.json_text import loads
from gateway.domain.model import (
    Address,
    InboundState,
    Match,
    OwnResponse,
    Preset,
    Profile,
    Source,
    Verification,
)
from gateway.domain.model.sources import MIB
from gateway.domain.rules import MAX_NAME_CHARACTERS, MAX_TTL, is_reserved
from gateway.domain.templates import BadTemplate, compile_template
from gateway.inbound.addresses import read_addresses, shown_addresses
from gateway.inbound.redaction import is_secret
from gateway.inbound.verifying import read_verification, shown_verification

# Returns the name of a room that is meant; `Rejected` if there is none such.
RoomOf = Callable[[str | None], str]

NAME_CHARACTERS: Final = 100
DESCRIPTION_CHARACTERS: Final = 500
RESPONSE_CHARACTERS: Final = 4_096
MAX_BODY: Final = 25 * MIB

_MEMBERS = frozenset(
    {
        "name", "room", "verify", "to", "broadcast", "match", "type", "format",
        "template", "filter", "dedup", "methods", "max_body", "ttl", "response",
        "description", "active",
    }
)  # fmt: skip
# What people look for here and is not.
_ELSEWHERE: Mapping[str, str] = {
    "fields": "It is `template` that takes an object of templates.",
    **dict.fromkeys(
        ("profile", "secret", "secrets", "header", "tolerance"),
        "It is a member of `verify`.",
    ),
    **dict.fromkeys(
        ("url", "path", "token"), "The gateway makes the address, and answers with it."
    ),
    **dict.fromkeys(
        ("id", "created_at", "updated_at", *InboundState),
        "It is shown, and cannot be set.",
    ),
}
_PRESETS: Mapping[Profile, Preset] = {
    Profile.GITHUB: Preset.GITHUB,
    Profile.STRIPE: Preset.STRIPE,
    Profile.MESHAGENT: Preset.MESHAGENT,
}
_METHODS = ("POST", "GET")
JSON: Final = "application/json"
_CONTENT_TYPES = ("text/plain", JSON)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a source, checked."""

    name: str
    room: str
    verify: Verification = field(repr=False)
    to: tuple[Address, ...] | None
    match: Match
    type: str
    preset: Preset
    template: str | None
    filter: str | None
    dedup: str | None
    methods: tuple[str, ...]
    max_bytes: int
    ttl: timedelta
    response: OwnResponse | None
    description: str | None
    active: bool

    def applied_to(self, source: Source) -> Source:
        """Return the source on these terms; its id, token and history stay."""
        return replace(
            source,
            name=self.name,
            room=self.room,
            verify=self.verify,
            to=self.to,
            match=self.match,
            type=self.type,
            preset=self.preset,
            template=self.template,
            filter=self.filter,
            dedup=self.dedup,
            methods=self.methods,
            max_bytes=self.max_bytes,
            ttl=self.ttl,
            response=self.response,
            description=self.description,
            active=self.active,
        )


def parse(body: Mapping[str, object], room_of: RoomOf) -> Terms:
    """Return what a body asks for; members left out or null have their defaults.

    Raises:
        Invalid: Something in it breaks a rule; each place is named.
    """
    fields = Fields(body)
    _check_members(fields, body)
    verify = read_verification(fields)
    terms = Terms(
        name=fields.text("name", longest=NAME_CHARACTERS, required=True) or "",
        room=_room(fields, room_of),
        verify=verify,
        to=read_addresses(fields),
        match=fields.choice("match", Match.ONE),
        type=_type(fields),
        preset=fields.choice("format", _PRESETS.get(verify.profile, Preset.JSON)),
        template=_template(fields),
        filter=_filter(fields),
        dedup=_dedup(fields, verify),
        methods=_methods(fields),
        max_bytes=fields.number("max_body", MIB, 1, MAX_BODY, of="bytes"),
        ttl=_ttl(fields),
        response=_response(fields),
        description=fields.text("description", longest=DESCRIPTION_CHARACTERS),
        active=fields.truth("active", default=True),
    )
    fields.finish()
    return terms


def as_json(source: Source) -> dict[str, object]:
    """Return a source's terms as the body that asks for them, without its secrets."""
    response = source.response
    return {
        "name": source.name,
        "room": source.room,
        "verify": shown_verification(source.verify),
        "to": shown_addresses(source.to),
        "broadcast": source.to is None,
        "match": source.match.value,
        "type": source.type,
        "format": source.preset.value,
        "template": None if source.template is None else json.loads(source.template),
        "filter": source.filter,
        "dedup": source.dedup,
        "methods": list(source.methods),
        "max_body": source.max_bytes,
        "ttl": int(source.ttl.total_seconds()),
        "response": None
        if response is None
        else {
            "status": response.status,
            "body": response.body,
            "content_type": response.content_type,
        },
        "description": source.description,
        "active": source.active,
    }


def _check_members(fields: Fields, body: Mapping[str, object]) -> None:
    misplaced = [name for name in body if name in _ELSEWHERE]
    for name in misplaced:
        fields.wrong(name, _ELSEWHERE[name])
    fields.refuse_unknown(_MEMBERS.union(misplaced))


def _room(fields: Fields, room_of: RoomOf) -> str:
    name = fields.text("room", longest=MAX_NAME_CHARACTERS)
    if name is None and not fields.is_absent("room"):
        return ""
    try:
        return room_of(name)
    except Rejected as error:
        fields.wrong("room", error.detail)
        return ""


def _type(fields: Fields) -> str:
    kind = fields.text("type", longest=MAX_NAME_CHARACTERS) or "webhook"
    if is_reserved(kind):
        fields.wrong("type", f"Rooms keep the type {kind} for themselves.")
    return kind


def _template(fields: Fields) -> str | None:
    value = fields.value("template")
    if value is None:
        return None
    if isinstance(value, str):
        value = {"text": value}
        is_text = True
    elif isinstance(value, Mapping):
        is_text = False
    else:
        fields.wrong("template", "It is an object, or a string: the text.")
        return None
    try:
        compile_template(value, is_json=True)
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except BadTemplate as error:
        pointer = error.pointer.removeprefix("/text") if is_text else error.pointer
        place = f"At line {error.line}, column {error.column}"
        fields.wrong_within("template", pointer, f"{place}: {error.problem}.")
    except ValueError:
        fields.wrong("template", "It has a number that JSON has not, such as NaN.")
    return None


def _filter(fields: Fields) -> str | None:
    text = fields.text("filter", longest=MAX_FILTER_CHARACTERS)
    if text is None:
        return None
    try:
        compile_filter(text)
    except BadFilter as error:
        detail = f"{_flaw(error)} It is JMESPath, such as action == 'opened'."
        fields.wrong("filter", detail)
    return text


def _dedup(fields: Fields, verify: Verification) -> str | None:
    text = fields.text("dedup", longest=MAX_FILTER_CHARACTERS)
    if text is None:
        return None
    try:
        check_dedup(text)
    except BadFilter as error:
        detail = f"{_flaw(error)} It is header:Name, or JMESPath such as event.id."
        fields.wrong("dedup", detail)
    name = text.removeprefix(HEADER)
    if name != text and is_secret(name.lower(), verify):
        detail = "The value of this header may be a secret, and is not kept."
        fields.wrong("dedup", detail)
    return text


def _flaw(error: BadFilter) -> str:
    return f"At character {error.position + 1}: {error.problem}."


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except MalformedJson:
        return False
    return True


def _methods(fields: Fields) -> tuple[str, ...]:
    methods = fields.texts("methods", most=len(_METHODS))
    if methods is None:
        return _METHODS[:1]
    for index, method in enumerate(methods):
        if method not in _METHODS:
            fields.wrong("methods", f"It is one of {', '.join(_METHODS)}.", index)
    return methods


def _ttl(fields: Fields) -> timedelta:
    most = int(MAX_TTL.total_seconds())
    return timedelta(seconds=fields.number("ttl", most, 1, most, of="seconds"))


def _response(fields: Fields) -> OwnResponse | None:
    if fields.is_absent("response"):
        return None
    inner = fields.inner("response")
    inner.refuse_unknown({"status", "body", "content_type"})
    body = "" if inner.value("body") == "" else None
    if body is None:
        body = inner.text("body", longest=RESPONSE_CHARACTERS) or ""
    content_type = inner.text("content_type", longest=NAME_CHARACTERS)
    if content_type is not None and content_type not in _CONTENT_TYPES:
        inner.wrong("content_type", f"It is one of {', '.join(_CONTENT_TYPES)}.")
    if content_type == JSON and body and not _is_json(body):
        inner.wrong("body", "It is not JSON, as content_type says that it is.")
    status = inner.number("status", 202, 200, 299)
    return OwnResponse(status, body, content_type or _CONTENT_TYPES[0])
