"""How the text of a setting is read."""

from datetime import timedelta

import pytest

from gateway.settings.kinds import (
    base_url,
    comma_separated,
    duration,
    json_list,
    origin,
    proxy,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5s", 1.5), ("15m", 900), ("24h", 86_400), ("7d", 604_800)],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    """A bare number is seconds; s, m, h, d and w are understood."""
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1y", "1 2"])
def test_anything_else_is_no_duration(text: str) -> None:
    """The sentence shows what one looks like."""
    with pytest.raises(ValueError, match="such as 30s"):
        duration(text)


def test_a_value_that_is_one_already_is_left_alone() -> None:
    """Defaults are given as what they are."""
    assert duration(timedelta(seconds=1)) == timedelta(seconds=1)
    assert comma_separated(("a",)) == ("a",)


def test_a_list_is_separated_by_commas() -> None:
    """White space and empty entries do not count."""
    assert comma_separated(" a, b,,c ") == ("a", "b", "c")


@pytest.mark.parametrize("text", ["3651d", "9" * 400, "99999999999999999d"])
def test_a_duration_is_one_that_can_be_added_to_a_date(text: str) -> None:
    """Whoever means for ever writes 3650d."""
    with pytest.raises(ValueError, match="at most 3650d"):
        duration(text)


@pytest.mark.parametrize(
    "text", ["https://g.example.com", "http://127.0.0.1:8080/base", "http://[::1]:1/"]
)
def test_a_base_url_may_have_a_path(text: str) -> None:
    """It stays as it was written."""
    assert base_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("example.com", "ftp://example.com", "https://", "http://[::1", "http://h:p"),
        *("https://u:p@example.com", "https://example.com/?q=1", "https://h/#f"),
    ],
)
def test_what_no_path_can_be_added_to_is_no_base_url(text: str) -> None:
    """Links made of it would lead nowhere."""
    with pytest.raises(ValueError, match="should"):
        base_url(text)


@pytest.mark.parametrize("text", ["https://a.example", "http://localhost:3000/"])
def test_an_origin_is_scheme_host_and_port(text: str) -> None:
    """A slash at its end is forgiven."""
    assert origin(text) == text


@pytest.mark.parametrize(
    "text",
    ["*", "null", "a.example", "https://a.example/app", "http://h:p", "http://["],
)
def test_a_page_is_no_origin(text: str) -> None:
    """Nor is a star: every page in the world would be one."""
    with pytest.raises(ValueError, match=r"such as https://app\.example\.com"):
        origin(text)


@pytest.mark.parametrize("text", ["http://proxy:3128", "https://user:word@proxy/"])
def test_a_proxy_may_have_a_user(text: str) -> None:
    """With a password."""
    assert proxy(text) == text


@pytest.mark.parametrize(
    "text", ["proxy:3128", "socks5://proxy", "http://user@proxy", "http://proxy/x"]
)
def test_what_the_room_client_cannot_use_is_no_proxy(text: str) -> None:
    """It would fail at each attempt to join, and for ever."""
    with pytest.raises(ValueError, match="such as http://proxy:3128"):
        proxy(text)


def test_a_list_of_webhooks_has_objects() -> None:
    """They are looked at later, by the rules for webhooks."""
    assert json_list('[{"name":"a"}]') == ({"name": "a"},)
    for text in ("", "{}", "[1]", "null"):
        with pytest.raises(ValueError, match="should be a JSON list of"):
            json_list(text)
