"""The public names."""

import gateway.room


def test_all_names_what_is_public() -> None:
    """Nothing is exported that is not there, and everything has a docstring."""
    documented = [
        name
        for name in gateway.room.__all__
        if name == "RoomEvent" or getattr(gateway.room, name).__doc__
    ]

    assert documented == sorted(gateway.room.__all__)
