"""What the settings make of themselves."""

import pytest

from gateway.settings import Settings, is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, *, expected: bool) -> None:
    """A name other than localhost may mean anything."""
    assert is_loopback(host) is expected


def test_what_is_shown_holds_no_secret() -> None:
    """Of a secret only whether it is set."""
    shown = Settings(gateway_api_keys="correct-horse").shown()  # type: ignore[arg-type]  # text until validated

    assert shown["GATEWAY_API_KEYS"] == "(set)"
    assert shown["MESHAGENT_TOKEN"] == ""
    assert "correct-horse" not in str(shown)


def test_the_password_of_a_proxy_is_not_shown() -> None:
    """Only that there is one."""
    shown = Settings(gateway_room_proxy="http://me:secret@proxy:1").shown()

    assert shown["GATEWAY_ROOM_PROXY"] == "http://(set)@proxy:1"


def test_what_is_shown_is_what_one_would_write() -> None:
    """Durations have a unit, lists have commas, truth is in lower case."""
    shown = Settings(gateway_cors_origins="https://a,https://b").shown()  # type: ignore[arg-type]  # text until validated

    assert shown["GATEWAY_DEFAULT_TTL"] == "300s"
    assert shown["GATEWAY_CORS_ORIGINS"] == "https://a,https://b"
    assert shown["GATEWAY_EGRESS_REQUIRE_HTTPS"] == "true"


def test_joining_another_room_leaves_the_account_behind() -> None:
    """No token of the shell's own account goes to another server."""
    before = Settings(meshagent_token="secret-token")  # type: ignore[arg-type]  # text until validated

    after = before.joining("lobby", url="ws://127.0.0.1:1", api_key="ma-x")

    assert after.meshagent_token is None
    assert after.meshagent_room == "lobby"
