"""Keys, origins and hosts, told apart by their headers alone."""

from base64 import b64encode

import pytest
from hypothesis import given, strategies

from gateway.api.auth import Hosts, Keyring, Origins
from gateway.domain.errors import HostNotAllowed, OriginNotAllowed, ProxiedWithoutKey

KEYS = ("first-key", "second-key")


def basic(credentials: str) -> bytes:
    """Return a header of Basic authentication."""
    return b"Basic " + b64encode(credentials.encode())


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer second-key"},
        {b"authorization": b"bearer  second-key "},
        {b"authorization": basic("second-key:")},
        {b"authorization": basic(":second-key")},
        {b"authorization": basic("me:second-key")},
        {b"x-api-key": b"second-key"},
        {b"authorization": b"Bearer wrong", b"x-api-key": b"second-key"},
    ],
)
def test_a_key_is_known_wherever_it_may_be(headers: dict[bytes, bytes]) -> None:
    """Bearer, Basic on either side and X-API-Key all carry a key."""
    key_id = Keyring(KEYS).key_id(headers)

    assert key_id == Keyring([KEYS[1]]).key_id({b"x-api-key": b"second-key"})
    assert key_id is not None
    assert key_id.startswith("key_")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer second-ke"},
        {b"authorization": b"Digest second-key"},
        {b"authorization": b"Basic ????"},
        {b"authorization": basic(":")},
        {b"x-api-key": b""},
    ],
)
def test_anything_else_is_no_key(headers: dict[bytes, bytes]) -> None:
    """What only resembles a key opens nothing."""
    key_id = Keyring(KEYS).key_id(headers)

    assert key_id is None


@given(strategies.binary(max_size=64), strategies.binary(max_size=64))
def test_hostile_credentials_open_nothing_and_break_nothing(
    scheme: bytes, rest: bytes
) -> None:
    """Any bytes in the header are no key, and no exception."""
    key_id = Keyring(KEYS).key_id({b"authorization": scheme + b" " + rest})

    assert key_id is None


def test_keys_have_ids_of_their_own() -> None:
    """Two keys are told apart in the log without being shown."""
    keyring = Keyring(KEYS)

    ids = {keyring.key_id({b"x-api-key": key.encode()}) for key in KEYS}

    assert len(ids) == 2
    assert not any(key in str(ids) for key in KEYS)


@pytest.mark.parametrize(
    "origin",
    [b"http://127.0.0.1:8080", b"http://localhost:8080", b"http://[::1]:8080"],
)
def test_our_own_pages_may_call_under_each_name_of_loopback(origin: bytes) -> None:
    """The docs page works whether it was opened as localhost or 127.0.0.1."""
    foreign = Origins("http://127.0.0.1:8080", ()).check({b"origin": origin})

    assert foreign is None


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"http://127.0.0.1:8700",
        b"https://127.0.0.1:8080",
        b"null",
        b"",
        b"http://127.0.0.1:8080.evil.example",
        b"http://[",
        b"http://127.0.0.1:port",
        b"\xff",
    ],
)
def test_other_pages_may_not_call(origin: bytes) -> None:
    """Another host, port or scheme is another origin, and so is nonsense."""
    origins = Origins("http://127.0.0.1:8080", ())

    with pytest.raises(OriginNotAllowed):
        origins.check({b"origin": origin})


def test_an_allowed_page_is_named_for_its_browser() -> None:
    """An origin of the list may call, whatever its spelling."""
    origins = Origins("https://gw.example/base", ["https://App.example:443"])

    foreign = origins.check({b"origin": b"https://app.example"})

    assert foreign == b"https://app.example"


def test_a_public_address_has_no_other_names() -> None:
    """Only on loopback are other names our own."""
    origins = Origins("https://gw.example", ())

    with pytest.raises(OriginNotAllowed):
        origins.check({b"origin": b"https://localhost"})


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LocalHost:8080", b"127.0.0.1:8080", b"[::1]", b"[::1]:8080"],
)
def test_a_gateway_without_keys_answers_to_loopback(host: bytes) -> None:
    """Each name of loopback is answered, with and without a port."""
    Hosts(()).check({b"host": host})


@pytest.mark.parametrize(
    "host", [b"", b"evil.example", b"evil.example:8080", b"localhost.evil.example"]
)
def test_a_gateway_without_keys_answers_to_no_other_name(host: bytes) -> None:
    """A page that rebound its own name to us gets nowhere."""
    with pytest.raises(HostNotAllowed):
        Hosts(()).check({b"host": host})


def test_further_hosts_can_be_allowed() -> None:
    """A name of the list is answered with any port."""
    Hosts(["Box.local"]).check({b"host": b"box.local:8080"})


@pytest.mark.parametrize(
    "header", [b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-proto"]
)
def test_a_proxy_before_a_gateway_without_keys_is_refused(header: bytes) -> None:
    """It would publish the room."""
    with pytest.raises(ProxiedWithoutKey):
        Hosts(()).check({b"host": b"localhost", header: b"x"})
