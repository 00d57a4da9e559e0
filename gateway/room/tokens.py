"""Participant tokens: reading, minting, and where a client gets its own from.

A participant token is a JSON Web Token signed with HS256. Its claims: `name`,
`grants` (a list of `{"name", "scope"}`), and optionally `sub` (project), `kid`
(API key) and `exp`.
"""

import base64
import binascii
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import jwt

from gateway.room.errors import BadApiKey, BadToken

ALGORITHM = "HS256"
DEFAULT_ROLE = "user"
MINTED_LIFETIME = timedelta(minutes=10)  # checked when joining, not while we stay


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a participant token says of its bearer.

    Attributes:
        name: Display name; `None` if the token has none.
        role: Scope of the first `role` grant other than "user", else "user".
        room: Scope of the `room` grant: the room that may be joined.
        expires_at: End of validity in UTC, if there is one.
    """

    name: str | None
    role: str
    room: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A project's key; its secret signs participant tokens.

    Attributes:
        id: UUID of the key, the claim `kid`.
        project_id: UUID of the project, the claim `sub`.
        secret: Its UTF-8 bytes are the HS256 key.
    """

    id: str
    project_id: str
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "ApiKey":
        """Read `ma-<key id>-<project>-<secret>`; the secret may contain hyphens.

        Raises:
            BadApiKey: It is of another form. The text is not repeated.
        """
        prefix, *parts = text.strip().split("-", 3)
        if prefix != "ma" or len(parts) != 3 or not parts[2]:  # noqa: PLR2004 - id, project, secret
            raise BadApiKey
        return cls(_uuid(parts[0]), _uuid(parts[1]), parts[2])

    def encode(self) -> str:
        """Write the key as its owner got it, the secret included."""
        key_id, project = _compressed(self.id), _compressed(self.project_id)
        return f"ma-{key_id}-{project}-{self.secret}"


def _uuid(text: str) -> str:
    standard = text.replace(".", "-") + "=" * (-len(text) % 4)
    try:
        raw = base64.b64decode(standard, altchars=b"-_", validate=True)
        return str(UUID(bytes=raw))
    except (ValueError, binascii.Error) as error:
        raise BadApiKey from error


def _compressed(uuid: str) -> str:
    text = base64.urlsafe_b64encode(UUID(uuid).bytes).decode()
    return text.rstrip("=").replace("-", ".")


def mint(key: ApiKey, *, room: str, name: str, role: str, expires_at: datetime) -> str:
    """Sign a token that may join one room and exchange messages there, no more.

    Args:
        key: The key that signs.
        room: The room that may be joined.
        name: Display name, not empty.
        role: `user`, `agent`, `tool` or another.
        expires_at: End of validity, with a time zone; kept to the second.
    """
    grants: list[dict[str, object]] = [
        {"name": "role", "scope": role},
        {"name": "room", "scope": room},
        {"name": "api", "scope": {"messaging": {}}},
    ]
    claims: dict[str, object] = {
        "name": name,
        "grants": grants,
        "sub": key.project_id,
        "kid": key.id,
        "exp": int(expires_at.timestamp()),
    }
    with warnings.catch_warnings():
        # Whoever made the key chose its length; we could not choose another.
        warnings.filterwarnings("ignore", "The HMAC key is", UserWarning)
        return jwt.encode(claims, key.secret.encode(), algorithm=ALGORITHM)


def read_claims(token: str) -> TokenClaims:
    """Read a token without checking its signature or its validity.

    Raises:
        BadToken: It is no JSON Web Token. The token is not repeated.
    """
    if token.split() != [token]:
        raise BadToken(problem="is empty or has white space in it")
    try:
        claims = jwt.decode(
            token, options={"verify_signature": False, "verify_exp": False}
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise BadToken(problem="is no JSON Web Token") from error
    name = claims.get("name")
    grants = _grants(claims)
    roles = [scope for grant, scope in grants if grant == "role"]
    rooms = [scope for grant, scope in grants if grant == "room"]
    return TokenClaims(
        name=name if isinstance(name, str) else None,
        role=next((role for role in roles if role != DEFAULT_ROLE), DEFAULT_ROLE),
        room=next(iter(rooms), None),
        expires_at=_expiry(claims.get("exp")),
    )


def _grants(claims: Mapping[str, object]) -> list[tuple[object, str]]:
    grants = claims.get("grants")
    if not isinstance(grants, list):
        return []
    return [
        (grant.get("name"), grant["scope"])
        for grant in grants
        if isinstance(grant, dict) and isinstance(grant.get("scope"), str)
    ]


def _expiry(value: object) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


class Credentials(Protocol):
    """Where a client gets the token for each attempt to join."""

    @property
    def can_renew(self) -> bool:
        """Whether a refused token may be followed by a better one at once."""

    def token(self, room: str, *, now: datetime) -> str:
        """Give a token for the room.

        Raises:
            BadToken: There is none.
        """


@dataclass(frozen=True, slots=True)
class FixedToken:
    """One given token, the same at each attempt."""

    value: str = field(repr=False)
    can_renew: bool = field(default=False, init=False)

    def token(self, room: str, *, now: datetime) -> str:  # noqa: ARG002 - Credentials
        """Give the token."""
        return self.value


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A file with a token, read again at each attempt: others may renew it."""

    path: Path
    can_renew: bool = field(default=False, init=False)

    def token(self, room: str, *, now: datetime) -> str:  # noqa: ARG002 - Credentials
        """Give what the file holds now, without white space around it."""
        try:
            text = self.path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadToken(problem="cannot be read from its file") from error
        if not text:
            raise BadToken(problem="is missing, its file is empty")
        return text


@dataclass(frozen=True, slots=True)
class KeyCredentials:
    """An API key; mints a short-lived token for each attempt.

    Attributes:
        key: The key that signs.
        name: Display name in the room.
        role: Role in the room.
        lifetime: How long each token is valid.
    """

    key: ApiKey
    name: str
    role: str = DEFAULT_ROLE
    lifetime: timedelta = MINTED_LIFETIME
    can_renew: bool = field(default=True, init=False)

    def token(self, room: str, *, now: datetime) -> str:
        """Mint a token for the room."""
        return mint(
            self.key,
            room=room,
            name=self.name,
            role=self.role,
            expires_at=now + self.lifetime,
        )
