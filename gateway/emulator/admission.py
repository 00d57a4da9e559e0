"""Who may enter which room: participant tokens and their grants."""

import hmac
import re
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import jwt

from gateway.room.tokens import ALGORITHM, DEFAULT_ROLE, ApiKey

ROOM_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_SUBPROTOCOL = "meshagent-room."


class Refused(Exception):
    """An upgrade or a call that is turned away.

    Args:
        status: HTTP status: 401 a token is missing or worthless, 403 it is for
            something else, 404 there can be no such room.
        reason: One sentence, without any part of the token.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rights:
    """What a token grants of messaging; each flag is true unless it is denied."""

    send: bool = True
    broadcast: bool = True
    list: bool = True

    @property
    def section(self) -> dict[str, bool]:
        """The token's `messaging` section, which omits what is true."""
        flags = {"send": self.send, "broadcast": self.broadcast, "list": self.list}
        return {name: granted for name, granted in flags.items() if not granted}


FULL = Rights()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A participant that may enter; `rights` is `None` without a messaging section."""

    room: str
    name: str
    role: str
    rights: Rights | None


def new_api_key() -> ApiKey:
    """Make a key at random, with a secret of 256 bits."""
    return ApiKey(str(uuid4()), str(uuid4()), secrets.token_hex(32))


class Doorman:
    """Checks participant tokens and mints them.

    Args:
        api_key: Its secret signs, and it is what callers of the REST part present.
        secret: Another secret whose signatures are taken, for `MESHAGENT_SECRET`.
        strict: Whether signatures count. Without, any token that names the room and
            has not expired will do.
    """

    def __init__(
        self, api_key: ApiKey, *, secret: str | None = None, strict: bool = True
    ) -> None:
        self.api_key = api_key
        self._secret = secret
        self._strict = strict

    def mint(
        self,
        room: str,
        name: str,
        role: str = DEFAULT_ROLE,
        *,
        rights: Rights | None = FULL,
        expires_at: datetime | None = None,
    ) -> str:
        """Sign a participant token with the API key; `rights=None` grants no calls."""
        api = {} if rights is None else {"messaging": rights.section}
        grants: list[dict[str, object]] = [
            {"name": "role", "scope": role},
            {"name": "api", "scope": api},
            {"name": "room", "scope": room},
        ]
        return self.sign({"name": name, "grants": grants}, expires_at=expires_at)

    def sign(
        self, claims: Mapping[str, object], *, expires_at: datetime | None = None
    ) -> str:
        """Sign claims with the API key, whose ids are added."""
        payload = {**claims, "sub": self.api_key.project_id, "kid": self.api_key.id}
        if expires_at is not None:
            payload["exp"] = int(expires_at.timestamp())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            return jwt.encode(payload, self.api_key.secret, algorithm=ALGORITHM)

    def admit(self, token: str | None, room: str) -> Ticket:
        """Let a participant into a room.

        Raises:
            Refused: 404 for a name that no room can have, 401 for a missing, forged
                or expired token, 403 for one without a grant for this room.
        """
        if ROOM_NAME.fullmatch(room) is None:
            raise Refused(404, "a room has 1 to 63 characters of a-z, 0-9 and -")
        claims = self.claims(token)
        name = claims.get("name")
        if not isinstance(name, str) or not name:
            raise Refused(401, "the token has no name")
        grants = _grants(claims)
        if ("room", room) not in grants:
            raise Refused(403, "the token has no grant for this room")
        return Ticket(room, name, _role(grants), _rights(grants))

    def claims(self, token: str | None) -> dict[str, object]:
        """Read the claims of a token whose signature and expiry hold.

        Raises:
            Refused: 401 otherwise.
        """
        if not token:
            raise Refused(401, "there is no participant token")
        if not self._strict:
            return _decoded(token, None)
        keys = self._keys(_decoded(token, None).get("kid"))
        for key in keys:
            try:
                return _decoded(token, key)
            except BadSignature:
                continue
        raise BadSignature(401, "the token is not signed with a known key")

    def admit_caller(self, authorization: str | None) -> None:
        """Let a caller of the REST part in, who presents the API key as bearer.

        Raises:
            Refused: 401 otherwise.
        """
        presented = bearer(authorization) or ""
        key = self.api_key.encode()
        if not hmac.compare_digest(presented.encode(), key.encode()):
            raise Refused(401, "the bearer is not this server's API key")

    def _keys(self, key_id: object) -> list[str]:
        keys = [self.api_key.secret] if key_id in (None, self.api_key.id) else []
        return keys if self._secret is None else [*keys, self._secret]


class BadSignature(Refused):
    """A token that another key signed."""


def bearer(authorization: str | None) -> str | None:
    """Give the credential of an `Authorization: Bearer` header."""
    scheme, _, credential = (authorization or "").partition(" ")
    return credential.strip() or None if scheme.lower() == "bearer" else None


def offered_token(
    authorization: str | None, query_token: str | None, subprotocols: list[str]
) -> tuple[str | None, str | None]:
    """Find the token of an upgrade in one of its three places.

    Returns:
        The token, and the sub-protocol to echo if it came in one: clients that send
        it so fail the handshake otherwise.
    """
    for item in subprotocols:
        if item.startswith(_SUBPROTOCOL):
            return item.removeprefix(_SUBPROTOCOL), item
    return bearer(authorization) or query_token, None


def _decoded(token: str, key: str | None) -> dict[str, object]:
    """Decode a token; without a key everything but its signature is checked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            claims: dict[str, object] = jwt.decode(
                token,
                key or "",
                algorithms=[ALGORITHM],
                options={
                    "verify_signature": key is not None,
                    "verify_exp": True,
                    "verify_aud": False,
                    "verify_sub": False,
                },
            )
    except jwt.ExpiredSignatureError as error:
        raise Refused(401, "the token has expired") from error
    except jwt.InvalidSignatureError as error:
        raise BadSignature(401, "the token has another signature") from error
    except jwt.PyJWTError as error:
        raise Refused(401, "the token is not a participant token") from error
    return claims


def _grants(claims: Mapping[str, object]) -> list[tuple[str, object]]:
    grants = claims.get("grants")
    if not isinstance(grants, list):
        return []
    return [
        (str(grant.get("name")), grant.get("scope"))
        for grant in grants
        if isinstance(grant, dict)
    ]


def _role(grants: list[tuple[str, object]]) -> str:
    """Give the first role other than `user`, as the official signers define it."""
    roles = (
        scope for name, scope in grants if name == "role" and scope != DEFAULT_ROLE
    )
    return str(next(roles, DEFAULT_ROLE))


def _rights(grants: list[tuple[str, object]]) -> Rights | None:
    for name, scope in grants:
        section = scope.get("messaging") if isinstance(scope, dict) else None
        if name == "api" and isinstance(section, dict):
            return Rights(
                send=section.get("send") is not False,
                broadcast=section.get("broadcast") is not False,
                list=section.get("list") is not False,
            )
    return None
