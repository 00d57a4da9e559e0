"""Targets: a URL and headers to the bytes of a request."""

import pytest

from gateway.egress.guard import Breach, EgressPolicy
from gateway.egress.target import USER_AGENT, Origin, Target, target_of

OPEN = EgressPolicy.parse(
    allow_cidrs=["0.0.0.0/0", "::/0"], allow_ports="1-65535", require_https=False
)


def a_target(url: str) -> Target:
    """Return the target of a URL that may be called."""
    target = target_of(url, OPEN)
    assert isinstance(target, Target)
    return target


def head_of(message: bytes) -> list[str]:
    """Return the lines before the body."""
    return message.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


@pytest.mark.parametrize(
    ("url", "path", "host"),
    [
        ("https://a.example", "/", "a.example"),
        ("https://a.example?x", "/?x", "a.example"),
        ("https://a.example:443/", "/", "a.example"),
        ("https://A.example:8443/b c?d=é#f", "/b%20c?d=%C3%A9", "a.example:8443"),
        ("http://a.example:80/%2F/x", "/%2F/x", "a.example"),
        ("http://a.example./", "/", "a.example"),
        ("http://user:pass@a.example/", "/", "a.example"),
        ("http://bücher.example/ü", "/%C3%BC", "xn--bcher-kva.example"),
        ("http://[::1]/", "/", "[::1]"),
        ("http://[::1]:8080/", "/", "[::1]:8080"),
        ("http://[fe80::1%25lo]:8080/", "/", "[fe80::1]:8080"),
    ],
)
def test_a_request_names_path_and_host(url: str, path: str, host: str) -> None:
    """The path is sent as written, encoded where it must be; so is the host."""
    message = a_target(url).message({}, b"")

    assert head_of(message)[:2] == [f"POST {path} HTTP/1.1", f"Host: {host}"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.example./", Origin(is_tls=True, host="a.example.", port=443)),
        ("http://[::1]:81/", Origin(is_tls=False, host="::1", port=81)),
        ("http://[fe80::1%25lo]/", Origin(is_tls=False, host="fe80::1%lo", port=80)),
        (
            "https://bücher.example/",
            Origin(is_tls=True, host="xn--bcher-kva.example", port=443),
        ),
    ],
)
def test_an_origin_is_what_is_dialled(url: str, origin: Origin) -> None:
    """Scheme, host and port, as name servers know them."""
    assert a_target(url).origin == origin


def test_a_request_is_written_in_one_piece() -> None:
    """Headers as given, then ours, the length and the body."""
    message = a_target("http://a.example/").message({"webhook-id": "evt_1"}, b"{}")

    assert head_of(message)[2:] == [
        "webhook-id: evt_1",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Content-Length: 2",
    ]
    assert message.endswith(b"\r\n\r\n{}")


def test_a_header_that_is_given_is_not_repeated() -> None:
    """Ours give way, whatever the case of the name."""
    lines = head_of(a_target("http://a.example/").message({"USER-AGENT": "me"}, b""))

    assert "USER-AGENT: me" in lines
    assert not any(line.startswith("User-Agent") for line in lines)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://user:pass@h/", "Basic dXNlcjpwYXNz"),
        ("http://user@h/", "Basic dXNlcjo="),
        ("http://:pass@h/", "Basic OnBhc3M="),
        ("http://%C3%A9:%0D%0Ax@h/", "Basic w6k6DQp4"),
    ],
)
def test_a_user_in_a_url_is_sent_as_basic(url: str, expected: str) -> None:
    """User and password are decoded, and encoded once more as RFC 7617 says."""
    target = a_target(url)

    assert f"Authorization: {expected}" in head_of(target.message({}, b""))
    assert expected not in repr(target)


def test_a_header_goes_before_the_user_in_a_url() -> None:
    """An Authorization header of one's own is the only one."""
    message = a_target("http://user:pass@h/").message({"authorization": "x"}, b"")

    assert message.lower().count(b"authorization") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "a\r\nb: c"},
        {"x": "a\nb"},
        {"x": "a\0b"},
        {"x": "a\x7f"},
        {"x": "日本"},
        {"x\r\ny": "a"},
        {"x y": "a"},
        {"x:": "a"},
        {"é": "a"},
        {"": "a"},
        {"Host": "other.example"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"connection": "close"},
    ],
)
def test_a_header_that_cannot_be_sent_is_an_error(headers: dict[str, str]) -> None:
    """No header ends another, or the head, or says where the body ends."""
    with pytest.raises(ValueError, match=r"header|encode"):
        a_target("http://a.example/").message({"ok": "1", **headers}, b"")


def test_latin_1_and_tabs_are_sent() -> None:
    """What HTTP allows in a value is sent as it is."""
    message = a_target("http://a.example/").message({"x": "é\tü"}, b"")

    assert b"x: \xe9\t\xfc\r\n" in message


def test_a_url_that_may_not_be_called_is_a_breach() -> None:
    """The guard is asked first."""
    assert isinstance(target_of("https://127.0.0.1/", EgressPolicy()), Breach)


@pytest.mark.parametrize(
    ("url", "expected"), [("http://n8n.:5678/", True), ("http://n8n:80/", False)]
)
def test_a_pair_allowed_by_name_is_exempt(url: str, *, expected: bool) -> None:
    """Host and port both count, in their plain form."""
    policy = EgressPolicy.parse(allow_hosts=["n8n:5678"], require_https=False)

    target = target_of(url, policy)

    assert isinstance(target, Target)
    assert target.is_exempt is expected
