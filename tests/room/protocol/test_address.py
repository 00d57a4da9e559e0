"""Room names and room URLs."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from gateway.room.errors import BadRoomName, BadRoomUrl
from gateway.room.protocol.address import check_room_name, room_address


@pytest.mark.parametrize("name", ["a", "0", "my-room-1", "a" * 63, "a--b"])
def test_a_room_name_within_the_rule_is_accepted(name: str) -> None:
    """Lower-case letters, digits and hyphens, up to 63."""
    assert check_room_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a" * 64, "é", "a/b", "a\n", "..", "a b"]
)
def test_a_room_name_outside_the_rule_is_refused(name: str) -> None:
    """The rule is that of MeshAgent's own tools."""
    with pytest.raises(BadRoomName):
        check_room_name(name)


@pytest.mark.parametrize(
    ("room_url", "api_url", "expected"),
    [
        (None, None, "wss://api.meshagent.com/rooms/demo"),
        ("", "", "wss://api.meshagent.com/rooms/demo"),
        ("ws://127.0.0.1:8700", None, "ws://127.0.0.1:8700/rooms/demo"),
        ("ws://r", "http://a", "ws://r/rooms/demo"),
        (None, "http://127.0.0.1:8700", "ws://127.0.0.1:8700/rooms/demo"),
        (None, "https://a.example/", "wss://a.example/rooms/demo"),
        (None, "https://a.example/base//", "wss://a.example/base/rooms/demo"),
        ("WSS://[::1]:1/?x=1#f", None, "wss://[::1]:1/rooms/demo?x=1"),
    ],
)
def test_the_base_is_the_first_that_is_set(
    room_url: str | None, api_url: str | None, expected: str
) -> None:
    """The scheme becomes that of WebSockets, slashes at the end are dropped."""
    assert room_address("demo", room_url=room_url, api_url=api_url) == expected


@pytest.mark.parametrize(
    "base", ["127.0.0.1:8700", "ftp://a", "ws://", "ws:///x", "ws://a:x", "ws://[::1"]
)
def test_a_base_that_is_no_web_address_is_refused(base: str) -> None:
    """Mistakes show at the start, not at the first attempt."""
    with pytest.raises(BadRoomUrl):
        room_address("demo", room_url=base)


@given(name=st.text(), base=st.text())
def test_any_text_gives_a_url_or_a_named_error(name: str, base: str) -> None:
    """Nothing else is raised, whatever is configured."""
    with contextlib.suppress(BadRoomName, BadRoomUrl):
        room_address(name, room_url=f"ws://{base}")


def test_a_bad_name_is_found_before_the_url() -> None:
    """A name that would leave its path never gets into a URL."""
    with pytest.raises(BadRoomName) as caught:
        room_address("../x")

    assert caught.value.name == "../x"
