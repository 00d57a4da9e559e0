"""Secrets at rest."""

import base64
import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, strategies as st

from gateway.storage.errors import BadMasterKeys
from gateway.storage.sealing import Sealer, minted_keys, parse_keys

OLD = {"1": bytes(32)}
NEW = {"2": bytes(range(32))}
PLACE = "webhook:wh_1"


@given(secret=st.text())
def test_what_is_sealed_is_opened_at_its_place(secret: str) -> None:
    """Any text comes back, and its sealed form does not hold it."""
    sealer = Sealer(NEW)

    sealed = sealer.seal(secret, PLACE)

    assert sealer.open(sealed, PLACE) == secret
    assert len(secret) < 8 or secret not in sealed


def test_a_secret_does_not_open_at_another_place() -> None:
    """A row's secret copied into another row is refused."""
    sealed = Sealer(NEW).seal("secret", PLACE)

    with pytest.raises(InvalidTag):
        Sealer(NEW).open(sealed, "webhook:wh_2")


def test_what_cannot_be_opened_is_nothing_to_whoever_can_do_without() -> None:
    """Its key is not in the ring, it was moved or changed, or it is no sealed text."""
    sealed = Sealer(NEW).seal("secret", PLACE)

    assert Sealer(NEW).opened(sealed, PLACE) == "secret"
    assert Sealer(OLD).opened(sealed, PLACE) is None
    assert Sealer(NEW).opened(sealed, "webhook:wh_2") is None
    assert Sealer(NEW).opened("2:é", PLACE) is None
    assert Sealer(NEW).opened("2:", PLACE) is None


def test_the_same_secret_is_never_sealed_the_same_way() -> None:
    """Two sealed texts do not tell that their secrets are equal."""
    sealer = Sealer(NEW)

    assert sealer.seal("secret", PLACE) != sealer.seal("secret", PLACE)


def test_an_older_key_opens_and_the_newest_seals() -> None:
    """With both keys given, what the old one sealed opens, and is not current."""
    sealed = Sealer(OLD).seal("secret", PLACE)
    both = Sealer({**NEW, **OLD})

    assert both.open(sealed, PLACE) == "secret"
    assert not sealed.startswith(both.prefix)
    assert both.seal("secret", PLACE).startswith(both.prefix)
    assert both.has_key_of(sealed)
    assert [sealed.startswith(older) for older in both.older_prefixes] == [True]


def test_a_fingerprint_is_known_by_each_key_of_the_ring() -> None:
    """A ring knows the fingerprints of its keys and of no others."""
    assert Sealer({**NEW, **OLD}).knows(Sealer(OLD).fingerprint)
    assert not Sealer(NEW).knows(Sealer(OLD).fingerprint)


def test_purposes_have_keys_of_their_own() -> None:
    """A key derived for one purpose is stable and says nothing of another."""
    sealer = Sealer(NEW)

    assert sealer.derive("links") == sealer.derive("links")
    assert len({sealer.derive("links"), sealer.derive("other"), NEW["2"]}) == 3


def test_a_purpose_has_a_key_of_each_master_key() -> None:
    """What was derived before the newest came is among the former ones."""
    both = Sealer({**NEW, **OLD})

    assert both.derive("links") == Sealer(NEW).derive("links")
    assert both.derive_former("links") == [Sealer(OLD).derive("links")]
    assert Sealer(NEW).derive_former("links") == []


@pytest.mark.parametrize(
    "given",
    [
        ["just-a-key"],
        ["no-key-after-this:"],
        [":" + base64.b64encode(bytes(32)).decode()],
        ["k:%%%"],
        ["k:" + base64.b64encode(bytes(31)).decode()],
        ["k:" + base64.b64encode(bytes(32)).decode()] * 2,
        ["k:é"],
    ],
)
def test_keys_that_are_none_are_refused_without_telling_them(given: list[str]) -> None:
    """What is not `id:base64` of 32 bytes is refused; the sentence holds no key."""
    with pytest.raises(BadMasterKeys) as refusal:
        parse_keys(given)

    assert given[0] not in str(refusal.value)


def test_keys_are_read_newest_first() -> None:
    """The first key given is the one that seals."""
    entries = [f"{n}:{base64.b64encode(bytes([n]) * 32).decode()}" for n in (2, 1)]

    assert list(parse_keys(entries)) == ["2", "1"]


def test_a_key_is_minted_once(tmp_path: Path) -> None:
    """The first start mints a key that only its owner can read; later ones read it."""
    path = tmp_path / "master.key"

    first = minted_keys(path)

    assert minted_keys(path) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_start_cut_short_in_the_middle_of_minting_hinders_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is in its place whole or not at all."""
    path = tmp_path / "master.key"

    def killed(descriptor: int, *_args: object, **_options: object) -> None:
        os.close(descriptor)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.fdopen", killed)
        with pytest.raises(KeyboardInterrupt):
            minted_keys(path)

    assert minted_keys(path) == minted_keys(path)
    assert list(tmp_path.iterdir()) == [path]
