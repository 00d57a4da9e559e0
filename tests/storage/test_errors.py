"""Why a store can't be opened."""

from gateway.storage.errors import (
    BadMasterKeys,
    LockHeld,
    MasterKeyMismatch,
    SchemaTooNew,
    StartRefused,
    StoreUnusable,
    UnsupportedStore,
)


def test_a_held_lock_names_its_holder() -> None:
    """The sentence has the pid when it is known, and does without when it isn't."""
    assert "pid 4711" in str(LockHeld(4711, waited_s=30))
    assert str(LockHeld(None, waited_s=0.5)).startswith("Another gateway holds")


def test_only_a_held_lock_is_worth_another_try() -> None:
    """A lock is exit 1; what a person has to change is exit 2."""
    refusals: list[StartRefused] = [
        StoreUnusable("Permission denied: /data"),
        UnsupportedStore("mysql"),
        SchemaTooNew("0009", "0001"),
        BadMasterKeys("entry 1 is not base64"),
        MasterKeyMismatch(),
    ]

    assert LockHeld(1, waited_s=0).exit_code == 1
    assert [refusal.exit_code for refusal in refusals] == [2, 2, 2, 2, 2]


def test_each_refusal_is_one_line() -> None:
    """What a person reads on stderr is one line that ends with a full stop."""
    for refusal in (UnsupportedStore("mysql"), SchemaTooNew("9", "1")):
        assert str(refusal).endswith(".")
        assert "\n" not in str(refusal)
