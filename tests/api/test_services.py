"""What the HTTP side is given."""

from tests.fakes.bridge import KEY, Bridge


def test_keys_do_not_show() -> None:
    """Printing the services gives no key away."""
    shown = repr(Bridge().services())

    assert KEY not in shown
