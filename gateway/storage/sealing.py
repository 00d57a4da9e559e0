"""Secrets at rest: a ring of master keys, and what is sealed with them."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.storage.errors import BadMasterKeys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """Seals with the first key of a ring and opens with all of them.

    A sealed text is `id:base64`, of the key's id and nonce, ciphertext and tag of
    AES-256-GCM. It opens only at the place it was sealed for.

    Args:
        keys: 32-byte keys by id, newest first; at least one.

    Source: NIST SP 800-38D; nonces are random, far below 2^32 of them per key.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._newest = next(iter(self._keys))

    def seal(self, secret: str, place: str) -> str:
        """Return the secret sealed for a place, such as `webhook:wh_01…`."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = _cipher(self._keys[self._newest])
        sealed = nonce + cipher.encrypt(nonce, secret.encode(), place.encode())
        return f"{self._newest}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """Return the secret.

        Raises:
            KeyError: It was sealed with a key that is not in the ring.
            cryptography.exceptions.InvalidTag: It was changed, or moved here from
                another place.
        """
        key_id, _, encoded = sealed.partition(":")
        raw = base64.b64decode(encoded)
        cipher = _cipher(self._keys[key_id])
        nonce, text = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        return cipher.decrypt(nonce, text, place.encode()).decode()

    def opened(self, sealed: str, place: str) -> str | None:
        """Return the secret; `None` if `open` could not."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # As below.

        try:
            return self.open(sealed, place)
        except (KeyError, ValueError, InvalidTag):
            return None

    @property
    def prefix(self) -> str:
        """What everything begins with that is sealed with the newest key."""
        return f"{self._newest}:"

    @property
    def older_prefixes(self) -> list[str]:
        """What everything begins with that is sealed with another key of the ring."""
        return [f"{name}:" for name in self._keys if name != self._newest]

    def has_key_of(self, sealed: str) -> bool:
        """Say whether it was sealed with a key of the ring, by the key's id."""
        return sealed.partition(":")[0] in self._keys

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose, the same for as long as the newest key."""
        return _derive(self._keys[self._newest], purpose)

    def derive_former(self, purpose: str) -> list[bytes]:
        """Return what `derive` gave when the other keys of the ring were newest."""
        older = [key for name, key in self._keys.items() if name != self._newest]
        return [_derive(key, purpose) for key in older]

    @property
    def fingerprint(self) -> str:
        """What tells the newest key from others, and nothing about it."""
        return _fingerprint(self._keys[self._newest])

    def knows(self, fingerprint: str) -> bool:
        """Say whether a key of this fingerprint is in the ring."""
        return any(
            hmac.compare_digest(_fingerprint(key), fingerprint)
            for key in self._keys.values()
        )


def parse_keys(given: Sequence[str]) -> dict[str, bytes]:
    """Read keys of the form `id:base64`, newest first.

    Raises:
        BadMasterKeys: One is not of that form, not of 32 bytes, or comes twice.
    """
    keys: dict[str, bytes] = {}
    for place, entry in enumerate(given, start=1):
        key_id, separator, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            why = f"entry {place} is not base64 after its id"
            raise BadMasterKeys(why) from error
        if not separator or not key_id or len(key) != KEY_BYTES:
            why = f"entry {place} is not `id:base64` of {KEY_BYTES} bytes"
            raise BadMasterKeys(why)
        if key_id in keys:
            why = f"the id of entry {place} comes twice"
            raise BadMasterKeys(why)
        keys[key_id] = key
    return keys


def minted_keys(path: Path) -> dict[str, bytes]:
    """Return the key kept in a file, which is made with mode 0600 if there is none.

    Call it under the lock of the folder: the file comes whole or not at all.
    """
    if path.exists():
        return parse_keys([path.read_text(encoding="ascii")])
    encoded = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"1:{encoded}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _keep_name(path)
    return parse_keys([f"1:{encoded}"])


def _keep_name(path: Path) -> None:
    """Have a new name in a folder outlive a loss of power."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _cipher(key: bytes) -> "AESGCM":
    # Imported here because it takes 9 MB that a gateway without webhooks can spare.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


def _derive(key: bytes, purpose: str) -> bytes:
    """RFC 5869, HKDF-SHA256 without salt, one block of output."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def _fingerprint(key: bytes) -> str:
    return _derive(key, "fingerprint").hex()[:32]
